"""The harmonic vocoder's parts, before any training: pulses, pitch, envelope, and sound made in pieces."""

import numpy as np
import pytest
import torch

from espressivo.signal.harmonic import MEL, HarmonicNet, Melody, pulses, turned
from espressivo.signal.mel import MelSpectrogram
from espressivo.signal.pitch import PitchTracker


@pytest.fixture(scope="module")
def net() -> HarmonicNet:
    torch.manual_seed(0)
    return HarmonicNet().eval()


def steady(hz: float, frames: int, voiced: float = 1.0) -> Melody:
    return Melody(torch.full((1, frames), hz), torch.full((1, frames), float(voiced)))


@pytest.mark.parametrize("hz", [80.0, 123.4, 400.0])
def test_pulses_hold_every_harmonic_alike_and_nothing_else(hz):
    wave = pulses(steady(hz, 100), turned(steady(hz, 100)))[0].double().numpy()
    assert np.mean(wave**2) == pytest.approx(1, rel=0.03)
    time = np.arange(len(wave)) / MEL.rate
    harmonics = [abs(np.mean(wave * np.exp(-2j * np.pi * k * hz * time))) for k in range(1, int(MEL.rate / 2 / hz))]
    assert max(harmonics) / min(harmonics) < 1.3
    assert np.isfinite(wave).all()


def test_a_changing_melody_is_heard_as_it_is():
    frames = 170
    hz = torch.linspace(120, 240, frames)[None]
    wave = pulses(Melody(hz, torch.ones(1, frames)), turned(Melody(hz, torch.ones(1, frames))))[0].numpy()
    import soxr

    found = PitchTracker()(soxr.resample(0.1 * wave, MEL.rate, 16_000)).at(MEL.frame_rate, frames)
    middle = slice(10, frames - 10)
    assert found.voiced[middle].mean() > 0.95
    np.testing.assert_allclose(np.median(found.hz[middle] / hz[0].numpy()[middle]), 1, atol=0.02)


def test_silence_where_nothing_is_voiced():
    assert pulses(steady(100.0, 9, voiced=0), turned(steady(100.0, 9))).abs().max() == 0


@torch.inference_mode()
def test_untrained_it_keeps_the_envelope(net):
    """A noise with a hole: what comes out has the hole where it was, at about the level that it had."""
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=MEL.rate))
    spectrum[2000:3000] *= 0.01
    mel_of = MelSpectrogram(MEL)
    mel = mel_of(torch.from_numpy(0.1 * np.fft.irfft(spectrum)).float()[None])
    again = mel_of(net(mel, steady(150.0, mel.shape[1], voiced=0)))
    assert (again - mel).mean().abs() < 0.6
    assert np.corrcoef(again.mean(1)[0], mel.mean(1)[0])[0, 1] > 0.95


@torch.inference_mode()
def test_sound_is_as_long_as_the_frames(net):
    for frames in (1, 2, 7):
        two = Melody(*(part.expand(2, -1) for part in steady(100.0, frames)))
        assert net(torch.full((2, frames, MEL.n_mels), -5.0), two).shape == (2, frames * MEL.hop)


@torch.inference_mode()
def test_a_piece_is_as_in_the_whole(net):
    """With the turns and the frame it begins at, and enough frames on both sides."""
    frames, begin, end, context = 120, 40, 80, 30
    mel = torch.randn(1, frames, 80) - 4
    melody = net.read(mel)
    turns = turned(melody)
    whole = net(mel, melody, turns)
    part, hop = slice(begin - context, end + context), MEL.hop
    cut = Melody(melody.hz[:, part], melody.voiced[:, part])
    piece = net(mel[:, part], cut, turns[:, part.start * hop : part.stop * hop], begin=part.start)
    inner = piece[:, context * hop : -context * hop]
    torch.testing.assert_close(inner, whole[:, begin * hop : end * hop], rtol=1e-3, atol=1e-4)


def test_gradients_pass(net):
    mel = torch.randn(1, 20, 80) - 4
    net(mel, steady(100.0, 20)).square().mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in net.body.parameters())
    net.zero_grad()
