"""Copies stretch by stretch are those made in one go, however long the recording and its blocks are."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from espressivo.clip import Sound
from espressivo.errors import InputError
from espressivo.media.read import from_arrays
from espressivo.signal.harmonic import MEL
from espressivo.signal.harmonic_vocoder import HarmonicVocoder
from espressivo.signal.mel import MelSpectrogram
from espressivo.systems.vocoder.copying import copied, spectra
from tests.synthetic import speechlike
from tests.systems.vocoder.making import random_vocoder

mel_of = MelSpectrogram(MEL)


class Blocks:
    """A source that gives its samples `size` at a time, at the rate they have."""

    def __init__(self, samples: np.ndarray, size: int) -> None:
        self.samples, self.size = samples, size

    @property
    def duration(self) -> float:
        return len(self.samples) / MEL.rate

    def blocks(self, start: float, end: float, rate: int) -> Iterator[np.ndarray]:
        assert rate == MEL.rate
        for at in range(0, len(self.samples), self.size):
            yield self.samples[at : at + self.size]


def sound(samples: np.ndarray, size: int = 5000) -> Sound:
    source = Blocks(samples, size)
    return Sound(source, 0.0, source.duration)


@pytest.fixture(scope="module")
def babble() -> np.ndarray:
    return speechlike(3.1, MEL.rate)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> HarmonicVocoder:
    return random_vocoder(tmp_path_factory.mktemp("model"))


@pytest.mark.parametrize("size", [1000, 22_050, 10**6])
@pytest.mark.parametrize("frames", [20, 64, 150, 1000])
def test_the_mels_are_those_of_the_whole(babble, frames, size):
    found = list(spectra(sound(babble, size), mel_of, frames))
    whole = babble[: len(babble) // MEL.hop * MEL.hop]
    assert np.array_equal(np.concatenate([wave for wave, _ in found]), whole)
    mel = torch.cat([mel for _, mel in found], dim=1)
    torch.testing.assert_close(mel, mel_of(torch.from_numpy(whole)[None]), atol=1e-4, rtol=0)
    counts = [mel.shape[1] for _, mel in found]
    assert counts[:-1] == [frames] * (len(counts) - 1)
    assert len(counts) == 1 or frames // 2 <= counts[-1] < 2 * frames
    assert [len(wave) for wave, _ in found] == [count * MEL.hop for count in counts]


@pytest.mark.parametrize("seconds", [0.5, 1.2, 10.0])
def test_the_copy_is_the_one_made_in_one_go(babble, model, seconds):
    found = list(copied(sound(babble), model, seconds))
    whole = babble[: len(babble) // MEL.hop * MEL.hop]
    assert np.array_equal(np.concatenate([stretch.heard for stretch in found]), whole)
    made = np.concatenate([stretch.made for stretch in found])
    once = model(mel_of(torch.from_numpy(whole)[None]))[0].numpy()
    np.testing.assert_allclose(made, once, atol=1e-2)
    assert all(len(stretch.heard) == len(stretch.made) >= 0.25 * MEL.rate for stretch in found)
    assert all(stretch.took > 0 for stretch in found)


def test_of_a_long_recording_only_a_stretch_is_held(model, monkeypatch):
    """What the mel is asked to look at, and what is not yet given away, does not grow."""
    seen, given = [], 0
    plain = MelSpectrogram.forward
    monkeypatch.setattr(MelSpectrogram, "forward", lambda mel, waves: seen.append(waves.shape[1]) or plain(mel, waves))
    wave = np.tile(speechlike(2.0, MEL.rate), 6)
    source = Blocks(wave, 4000)
    taken = 0

    def blocks(start: float, end: float, rate: int) -> Iterator[np.ndarray]:
        nonlocal taken
        for at in range(0, len(wave), 4000):
            taken = min(at + 4000, len(wave))
            yield wave[at : at + 4000]

    monkeypatch.setattr(source, "blocks", blocks)
    for stretch in copied(Sound(source, 0.0, source.duration), model, 1.0):
        assert taken - given <= 4 * MEL.rate
        given += len(stretch.heard)
    assert given == len(wave) // MEL.hop * MEL.hop
    assert len(seen) >= 10
    assert max(seen) < 2 * MEL.rate


def test_a_clip_at_another_rate_is_taken_as_it_is(model):
    clip = from_arrays(sound=(speechlike(1.0, 16_000), 16_000), name="babble")
    assert clip.sound is not None
    (stretch,) = copied(clip.sound, model)
    assert len(stretch.heard) == MEL.rate // MEL.hop * MEL.hop


@pytest.mark.parametrize("wave", [np.zeros(100, np.float32), np.full(9000, np.nan, np.float32)])
def test_what_cannot_be_copied_is_refused(model, wave):
    with pytest.raises(InputError, match="mel spectrogram"):
        list(copied(sound(wave), model))
