"""The tiny text model, and made-up voices and faces in place of measured ones."""

from collections.abc import Iterator

import pytest

from espressivo.systems.avlm.seen import SeenFeature
from espressivo.systems.avlm.spoken import SpokenFeature
from tests.systems.avlm.making import language_model, measured_face, measured_voice


@pytest.fixture(scope="session")
def lm(tmp_path_factory: pytest.TempPathFactory) -> str:
    return language_model(tmp_path_factory.mktemp("lm"))


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SpokenFeature, "__call__", lambda feature, clip: measured_voice(clip))
        patch.setattr(SeenFeature, "__call__", lambda feature, clip: measured_face(clip))
        patch.setattr("espressivo.corpora.features.cache_dir", lambda: cache)
        yield
