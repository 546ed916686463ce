"""An equaliser that moves: nothing asked, nothing changed; a band up, and that band alone is up."""

import numpy as np
import pytest
import torch

from espressivo.signal.equaliser import STRONGEST, equalised
from espressivo.signal.mel import HIFIGAN_22K, MelSpectrogram

FRAMES = 86


@pytest.fixture(scope="module")
def hiss() -> np.ndarray:
    return 0.1 * np.random.default_rng(0).normal(size=FRAMES * HIFIGAN_22K.hop).astype(np.float32)


def mel(wave: np.ndarray) -> np.ndarray:
    return MelSpectrogram(HIFIGAN_22K)(torch.from_numpy(wave)[None])[0].numpy()


def test_no_gain_changes_nothing(hiss):
    np.testing.assert_allclose(equalised(hiss, np.zeros((FRAMES, 80)), HIFIGAN_22K), hiss, atol=1e-6)


def test_the_mel_moves_by_what_was_asked(hiss):
    tilt = np.tile(np.linspace(-1, 1, 80), (FRAMES, 1)) * np.linspace(0, 1, FRAMES)[:, None]
    moved = mel(equalised(hiss, tilt, HIFIGAN_22K)) - mel(hiss)
    assert np.abs(moved - tilt)[5:-5].mean() < 0.05


def test_gains_are_bounded_and_may_be_of_another_length(hiss):
    made = equalised(hiss, np.full((FRAMES // 2, 80), 9.0), HIFIGAN_22K)
    np.testing.assert_allclose(made, np.exp(STRONGEST) * hiss, rtol=1e-3, atol=1e-4)
