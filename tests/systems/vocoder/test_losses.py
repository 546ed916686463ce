"""What a sound costs against the one that was meant, and a melody against the tracker's."""

import numpy as np
import pytest
import torch

from espressivo.signal.harmonic import HIGHEST, LOWEST, MEL, PITCHES
from espressivo.systems.vocoder.losses import SpectralLoss, melody_loss
from tests.systems.vocoder.making import hum

HERTZ = torch.from_numpy(np.geomspace(LOWEST, HIGHEST, PITCHES)).float()
FULL = torch.full((1,), MEL.rate / 2)


@pytest.fixture(scope="module")
def spectral() -> SpectralLoss:
    return SpectralLoss()


def wave(hertz: float, **options: float) -> torch.Tensor:
    return torch.from_numpy(hum(hertz, 0.5, **options))[None]


def test_the_same_sound_costs_nothing(spectral):
    assert [float(part) for part in spectral(wave(150), wave(150), FULL)] == [0, 0]


def test_what_is_less_alike_costs_more(spectral):
    near, far = (spectral(wave(hertz), wave(150), FULL) for hertz in (152, 220))
    quiet = spectral(0.5 * wave(150), wave(150), FULL)
    assert all(0 < one < other for one, other in zip(near, far, strict=True))
    assert quiet[1] == pytest.approx(np.log(2), abs=0.25)  # of those bands that are above the floor


def test_what_lies_above_the_recordings_limit_does_not_count(spectral):
    """A hiss at 9 to 11 kHz: a recording at 16 kHz says nothing about it."""
    spectrum = torch.fft.rfft(0.1 * torch.randn(1, MEL.rate, generator=torch.Generator().manual_seed(0)))
    spectrum[:, :9000] = 0
    hiss, meant = torch.fft.irfft(spectrum), torch.from_numpy(hum(150, highest=6000))[None]
    wide, narrow = (spectral(meant + hiss, meant, torch.tensor([top]))[0] for top in (11_025.0, 8000.0))
    assert wide > 0.5
    assert narrow < 0.05


def test_each_recording_has_its_own_limit(spectral):
    meant = torch.cat([wave(150), wave(150)])
    made = meant + 0.1 * torch.randn(meant.shape, generator=torch.Generator().manual_seed(0))
    both = spectral(made, meant, torch.tensor([11_025.0, 4000.0]))[0]
    wide, narrow = (spectral(made[i : i + 1], meant[i : i + 1], torch.tensor([top]))[0] for i, top in LIMITS)
    assert min(wide, narrow) < both < max(wide, narrow)


LIMITS = [(0, 11_025.0), (1, 4000.0)]


def test_silence_costs_a_finite_amount_and_has_gradients(spectral):
    made = torch.zeros(1, 8192, requires_grad=True)
    for meant in (torch.zeros(1, 8192), wave(150)[:, :8192]):
        total = sum(spectral(made, meant, FULL))
        total.backward()
        assert torch.isfinite(total)
        assert torch.isfinite(made.grad).all()


def told(hz: float) -> torch.Tensor:
    """Logits of somebody who is sure of `hz`."""
    return -((((HERTZ / hz).log() / (HERTZ[1] / HERTZ[0]).log()) ** 2) / 2).expand(1, 4, -1)


def cost(logits: torch.Tensor, voicing: float, hz: float, voiced: float) -> float:
    frames = [torch.full((1, 4), float(value)) for value in (voicing, hz, voiced)]
    return float(melody_loss(logits, *frames, HERTZ))


def test_the_right_pitch_costs_least():
    right, near, wrong = (cost(told(hz), 10, 200.0, 1.0) for hz in (200.0, 206.0, 400.0))
    assert right < near < wrong
    assert right == pytest.approx(1.42 / np.log(PITCHES), abs=0.02)  # the entropy of the bell itself


def test_the_pitch_of_what_is_not_voiced_does_not_count():
    assert cost(told(400.0), -10, 0.0, 0.0) == pytest.approx(cost(told(100.0), -10, 0.0, 0.0))
    assert cost(told(100.0), -10, 0.0, 0.0) < 1e-3
    assert cost(told(100.0), 10, 0.0, 0.0) > 5


@pytest.mark.parametrize("hz", [30.0, LOWEST, 875.0])
def test_pitches_beyond_the_range_cost_a_finite_amount(hz):
    assert np.isfinite(cost(told(200.0), 0, hz, 1.0))
