"""Two channels that cancel each other must not become silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from making import Maker, noise, tone

from espressivo.clip import Sound
from espressivo.media.read import read

RATE = 16_000


def against(samples: np.ndarray, level: float = 1.0) -> np.ndarray:
    """(2, samples): the second channel upside down, at `level`."""
    return np.stack([samples, -level * samples])


def sound_of(make: Maker, kind: str, channels: np.ndarray, rate: int = RATE) -> Sound:
    if kind == "array":
        return read((channels, rate)).sound
    return read(make.wav(f"two.{kind}", channels.T, rate)).sound


@pytest.mark.parametrize("kind", ["array", "wav", "flac"])
@pytest.mark.parametrize("level", [1.0, 1.1, 0.9])
def test_the_louder_channel_is_taken(make: Maker, kind: str, level: float) -> None:
    channels = against(noise(3, RATE), level)
    np.testing.assert_allclose(sound_of(make, kind, channels).samples, channels[int(level > 1)].clip(-1, 1), atol=1e-4)


@pytest.mark.parametrize("kind", ["array", "wav"])
@pytest.mark.parametrize("level", [0.0, 0.5, -1.0])
def test_what_does_not_cancel_is_mixed(make: Maker, kind: str, level: float) -> None:
    channels = against(tone(1, RATE), level)
    np.testing.assert_allclose(sound_of(make, kind, channels).samples, channels.mean(axis=0), atol=1e-4)


@pytest.mark.parametrize("kind", ["array", "wav"])
def test_it_is_decided_once_after_the_silence_and_holds_for_every_stretch(make: Maker, kind: str) -> None:
    """Faint hiss that is not the same on both sides, then speech that cancels, then a stretch that would not."""
    hiss = np.stack([noise(4, RATE, 0.0002, seed) for seed in (1, 2)])
    channels = np.concatenate([hiss, against(noise(3, RATE)), np.stack([tone(2, RATE)] * 2)], axis=1)
    channels[1, -2 * RATE :] *= 0.5
    sound = sound_of(make, kind, channels)
    whole = sound.samples
    np.testing.assert_allclose(whole, channels[0], atol=1e-4)
    for start, end in ((0.5, 1), (3.5, 4.5), (7.2, 8.9)):
        np.testing.assert_allclose(sound.trim(start, end).samples, whole[round(start * RATE) : round(end * RATE)])


def test_two_channels_at_another_rate_in_a_coding_with_loss(make: Maker, tmp_path: Path) -> None:
    channels = against(tone(3, 44_100, 300)).T
    path = make.wav("two.ogg", channels, 44_100, "VORBIS")
    middle = read(path).sound.samples[RATE:-RATE]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_silence_stays_silence(make: Maker) -> None:
    assert not sound_of(make, "wav", np.zeros((2, RATE))).samples.any()
