"""What is measured of a voice: on one clock, blind to the level, silent about silence."""

import numpy as np
import pytest

from espressivo.errors import InputError
from espressivo.systems.cascade.features import HOP, POOLED, VoiceFeatures, pool

RATE = 16_000


@pytest.fixture(scope="module")
def features() -> VoiceFeatures:
    return VoiceFeatures()


def humming(seconds: float = 1.2, hertz: float = 150.0) -> np.ndarray:
    """A buzz with a melody: harmonics of a gliding fundamental."""
    t = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(hertz * (1 + 0.1 * np.sin(2 * np.pi * t / 0.6))) / RATE
    wave = sum(np.sin(k * phase) / k for k in range(1, 12)) * (0.6 + 0.4 * np.sin(9 * t))
    return (0.1 * wave).astype(np.float32)


@pytest.mark.weights
def test_all_frames_are_on_one_clock(features: VoiceFeatures) -> None:
    frames = features(humming())
    assert len(frames) == pytest.approx(1.2 / HOP, abs=2)
    assert len(frames.cepstra) == len(frames.level) == len(frames.semitones) == len(frames.units) == len(frames)
    assert frames.window(0.2, 0.5).cepstra.shape == (30, 20)
    # 150 Hz lies 19 semitones above 50 Hz.
    assert np.nanmedian(frames.semitones) == pytest.approx(19.0, abs=0.7)


@pytest.mark.weights
def test_the_level_of_the_recording_changes_nothing(features: VoiceFeatures) -> None:
    loud, quiet = (pool(features(gain * humming())) for gain in (1.0, 0.05))
    assert loud is not None
    assert quiet is not None
    assert loud.shape == (POOLED,)
    np.testing.assert_allclose(loud, quiet, atol=0.02)


@pytest.mark.weights
def test_pauses_around_speech_hardly_change_what_is_pooled(features: VoiceFeatures) -> None:
    alone, padded = pool(features(humming())), pool(features(np.pad(humming(), RATE)))
    assert alone is not None
    assert padded is not None
    # MFCC means: frames at the edges aside, silence is not averaged in.
    assert np.abs(alone[:20] - padded[:20]).mean() < 0.5


@pytest.mark.weights
@pytest.mark.parametrize("kind", ["silence", "noise", "click", "one sample"])
def test_what_is_not_a_voice_gives_nothing(features: VoiceFeatures, kind: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE)
    click = np.zeros(RATE)
    click[5000] = 1
    wave = {"silence": np.zeros(RATE), "noise": noise, "click": click, "one sample": np.ones(1)}[kind]
    assert pool(features(wave.astype(np.float32))) is None


@pytest.mark.parametrize("wave", [np.zeros(0, np.float32), np.zeros((2, 100), np.float32), np.array([np.nan, 0.0])])
def test_what_cannot_be_measured_is_refused(features: VoiceFeatures, wave: np.ndarray) -> None:
    with pytest.raises(InputError):
        features(wave)
