"""Which weights judge a face under which licence, and what is said about them."""

import pytest

from espressivo.errors import ConfigError, InputError
from espressivo.systems.cascade import perceive
from espressivo.systems.cascade.face_scores import FaceReader, MovementReader
from espressivo.systems.cascade.perceive import FREE_FACE, NOT_FREE, Senses
from tests.systems.face_emotion.people import stream, track
from tests.systems.making import talker


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every video shows a moving face."""
    monkeypatch.setattr(perceive, "track", lambda video, **options: track(stream(len(video))))


def test_each_licence_has_its_own_face_reader() -> None:
    assert isinstance(Senses.from_pretrained().faces, FaceReader)
    assert isinstance(Senses.from_pretrained(licence="permissive").faces, MovementReader)
    with pytest.raises(ConfigError, match="unknown licence 'mine'"):
        Senses.from_pretrained(licence="mine")


@pytest.mark.usefixtures("seen")
def test_permissive_weights_judge_a_face_and_say_where_they_come_from() -> None:
    found = Senses.from_pretrained(licence="permissive").feel(talker(sound=False), "face")
    assert set(found.senses) == {"face"}
    assert len(found.emotion.probabilities) == 7
    assert found.notes == (FREE_FACE,)


@pytest.mark.usefixtures("seen")
def test_other_weights_are_named_as_such() -> None:
    calm = MovementReader()
    found = Senses(faces=lambda video, face: calm(video, face)).feel(talker(sound=False), "face")
    assert found.notes == (NOT_FREE,)


def test_without_a_face_there_is_nothing_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceive, "track", lambda video, **options: track(stream(50), absent=slice(0, 50)))
    with pytest.raises(InputError, match="no face was found in talker"):
        Senses.from_pretrained(licence="permissive").feel(talker(sound=False), "face")
