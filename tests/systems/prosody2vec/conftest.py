"""Made-up parts in place of measured ones, and a cache of their own."""

from collections.abc import Iterator

import pytest

from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.parts import HeardFeature, PartsFeature
from tests.systems.prosody2vec.making import Ears, heard_in, lively, measured


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PartsFeature, "__call__", lambda feature, clip: measured(clip))
        patch.setattr(HeardFeature, "__call__", lambda feature, clip: heard_in(clip))
        patch.setattr("espressivo.corpora.features.cache_dir", lambda: cache)
        patch.setattr("espressivo.systems.prosody2vec.critic.WhisperEncoder", Ears)
        patch.setattr("espressivo.systems.prosody2vec.critic.WIDTH", Ears.width)
        yield


@pytest.fixture
def net() -> Prosody2Vec:
    """Of random weights, to be changed at will."""
    return lively()
