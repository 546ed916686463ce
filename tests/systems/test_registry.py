"""Systems by their names."""

import pytest

from espressivo.errors import ConfigError
from espressivo.systems.registry import SYSTEMS, room


def test_an_unknown_system_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown system 'voices': choose one of avlm, face-emotion, .*voice-emotion"
    ):
        room("voices")


def test_a_room_is_imported_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SYSTEMS, "toy", "tests.training.room")
    toy = room("toy")
    assert (toy.RECIPES / "default.yaml").is_file()
    assert toy.shipped() is None
