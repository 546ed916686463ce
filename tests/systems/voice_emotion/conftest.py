"""The made-up ear in place of the real one, and a cache of its own."""

from pathlib import Path

import pytest

from espressivo.clip import Clip
from espressivo.systems.voice_emotion.hearing import VoiceFeature
from tests.systems.voice_emotion.making import measured


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def hears(feature: VoiceFeature, clip: Clip) -> object:
        return measured(clip)

    monkeypatch.setattr(VoiceFeature, "__call__", hears)
    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path / "home"))
