"""Filterbank features in the manner of Kaldi, which most speaker encoders are trained on.

They differ from vocoder mels in nearly everything: whole windows only, each one freed of its mean and pre-emphasised,
triangles drawn on the mel axis rather than in Hz, energies, not amplitudes, and samples counted as 16-bit integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from espressivo.clip import SPEECH_RATE
from espressivo.errors import InputError

if TYPE_CHECKING:
    from jaxtyping import Float

FULL_SCALE = 32768.0


@dataclass(frozen=True)
class FbankConfig:
    """The recipe's names are Kaldi's; lengths in samples, no dither."""

    rate: int = SPEECH_RATE
    window: int = 400
    hop: int = 160
    n_fft: int = 512
    n_mels: int = 80
    fmin: float = 20.0
    fmax: float = 8000.0
    preemphasis: float = 0.97

    def frames(self, samples: int) -> int:
        """How many whole windows fit."""
        return max(0, (samples - self.window) // self.hop + 1)


def kaldi_filterbank(config: FbankConfig) -> np.ndarray:
    """Triangles on the mel axis 1127·ln(1 + f/700), peaks of height 1; (n_fft // 2 + 1, n_mels) float32."""
    lowest, highest = _mel(np.array([config.fmin, config.fmax]))
    corners = np.linspace(lowest, highest, config.n_mels + 2)
    bins = _mel(np.arange(config.n_fft // 2 + 1) * config.rate / config.n_fft)[:, None]
    left, peak, right = corners[:-2], corners[1:-1], corners[2:]
    slopes = np.minimum((bins - left) / (peak - left), (right - bins) / (right - peak))
    return np.maximum(0, slopes).astype(np.float32)


def _mel(hertz: np.ndarray) -> np.ndarray:
    return 1127.0 * np.log1p(hertz / 700.0)


class Fbank(nn.Module):
    """Waveforms to log filterbank energies, each band with its mean over time taken out."""

    window: Tensor
    filters: Tensor

    def __init__(self, config: FbankConfig = FbankConfig()) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("window", torch.hamming_window(config.window, periodic=False), persistent=False)
        self.register_buffer("filters", torch.from_numpy(kaldi_filterbank(config)), persistent=False)

    def forward(self, waveforms: Tensor) -> Float[Tensor, "batch frames n_mels"]:
        """(batch, samples) float32 in [-1, 1] at `config.rate` to (batch, config.frames(samples), n_mels) float32.

        Raises:
            InputError: not (batch, samples), or shorter than one window.
        """
        features = self.energies(waveforms)
        return features - features.mean(dim=1, keepdim=True)

    def energies(self, waveforms: Tensor) -> Float[Tensor, "batch frames n_mels"]:
        """The same before the mean is taken out, as Kaldi would print it."""
        c = self.config
        if waveforms.ndim != 2 or waveforms.shape[1] < c.window:
            need = f"(batch, samples) with at least {c.window} samples"
            raise InputError(f"filterbank features need {need}, got shape {tuple(waveforms.shape)}")
        frames = (waveforms * FULL_SCALE).unfold(1, c.window, c.hop)
        frames = frames - frames.mean(dim=2, keepdim=True)
        before = torch.cat([frames[..., :1], frames[..., :-1]], dim=2)
        spectrum = torch.fft.rfft((frames - c.preemphasis * before) * self.window, c.n_fft)
        energy = (spectrum.real**2 + spectrum.imag**2) @ self.filters
        return energy.clamp(min=torch.finfo(torch.float32).eps).log()
