"""Mel spectrograms, as vocoders and encoders were trained on them.

Every trained model is tied to the last detail of its spectrogram: padding, filter shape, what the logarithm does with
silence. All of it is one frozen value here, so that a model can name the features it wants and nobody mixes them up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.errors import ConfigError, InputError

if TYPE_CHECKING:
    from jaxtyping import Float

# Slaney's mel scale (Auditory Toolbox, 1998): linear up to 1 kHz, 27 steps per factor of 6.4 above it.
_HERTZ_PER_MEL = 200 / 3
_BREAK_HERTZ = 1000.0
_BREAK_MEL = _BREAK_HERTZ / _HERTZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


@dataclass(frozen=True)
class MelConfig:
    """All that decides the numbers of a mel spectrogram.

    Attributes:
        rate: samples a second of the waveform.
        n_fft, hop, window: lengths in samples; the Hann window is centred in the transform.
        n_mels, fmin, fmax: bands, and the frequencies in Hz that they cover.
        centred: True centres frame i on sample i·hop (padding n_fft/2 on both sides); False on (i + 0.5)·hop (padding
            (n_fft - hop)/2), which gives exactly samples // hop frames.
        padding: "reflect" or "constant" (zeros).
        power: of the magnitude: 1 amplitude, 2 energy.
        floor: values below it are raised to it before the natural logarithm; 0 means no logarithm.
    """

    rate: int
    n_fft: int
    hop: int
    window: int
    n_mels: int
    fmin: float
    fmax: float
    centred: bool = False
    padding: str = "reflect"
    power: float = 1.0
    floor: float = 1e-5

    def __post_init__(self) -> None:
        if not 0 < self.hop <= self.window <= self.n_fft:
            raise ConfigError(f"need 0 < hop <= window <= n_fft, got {self.hop}, {self.window}, {self.n_fft}")
        if not 0 <= self.fmin < self.fmax <= self.rate / 2:
            raise ConfigError(f"need 0 <= fmin < fmax <= {self.rate / 2:g} Hz, got {self.fmin:g} to {self.fmax:g}")
        if self.padding not in ("reflect", "constant"):
            raise ConfigError(f"padding must be 'reflect' or 'constant', got {self.padding!r}")

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.rate / self.hop

    @property
    def margin(self) -> int:
        """Samples of padding on each side."""
        return self.n_fft // 2 if self.centred else (self.n_fft - self.hop) // 2

    def frames(self, samples: int) -> int:
        """How many frames `samples` samples give."""
        return (samples + 2 * self.margin - self.n_fft) // self.hop + 1


# What HiFi-GAN and most 22.05 kHz vocoders after it were trained on (github.com/jik876/hifi-gan, config_v1.json).
HIFIGAN_22K = MelConfig(rate=22_050, n_fft=1024, hop=256, window=1024, n_mels=80, fmin=0.0, fmax=8000.0)
# What the GE2E speaker encoder of Resemblyzer was trained on: energies without a logarithm, 25 ms windows every 10 ms.
GE2E_16K = replace(
    MelConfig(rate=16_000, n_fft=400, hop=160, window=400, n_mels=40, fmin=0.0, fmax=8000.0),
    centred=True,
    power=2.0,
    floor=0.0,
)


def hertz_to_mel(hertz: np.ndarray) -> np.ndarray:
    """Slaney's mel of a frequency in Hz, same shape."""
    high = _BREAK_MEL + np.log(np.maximum(hertz, _BREAK_HERTZ) / _BREAK_HERTZ) / _LOG_STEP
    return np.where(hertz < _BREAK_HERTZ, hertz / _HERTZ_PER_MEL, high)


def mel_to_hertz(mel: np.ndarray) -> np.ndarray:
    """The frequency in Hz of Slaney's mel, same shape."""
    high = _BREAK_HERTZ * np.exp(_LOG_STEP * np.maximum(mel - _BREAK_MEL, 0))
    return np.where(mel < _BREAK_MEL, mel * _HERTZ_PER_MEL, high)


def band_corners(config: MelConfig) -> np.ndarray:
    """In Hz, (n_mels + 2,): each band reaches from one to the one after the next, and is highest between them."""
    lowest, highest = hertz_to_mel(np.array([config.fmin, config.fmax]))
    return mel_to_hertz(np.linspace(lowest, highest, config.n_mels + 2))


def band_spread(config: MelConfig, bins: int) -> np.ndarray:
    """(n_mels, bins) float32: from bands to a smooth curve up to half the rate, on straight lines between middles."""
    middles, hertz = band_corners(config)[1:-1], np.linspace(0, config.rate / 2, bins)
    return np.stack([np.interp(hertz, middles, row) for row in np.eye(config.n_mels)]).astype(np.float32)


def mel_filterbank(config: MelConfig) -> np.ndarray:
    """Triangles of equal area on Slaney's scale, (n_fft // 2 + 1, n_mels) float32."""
    corners = band_corners(config)
    bins = np.linspace(0, config.rate / 2, config.n_fft // 2 + 1)[:, None]
    left, peak, right = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (bins - left) / (peak - left), (right - bins) / (right - peak)
    # Unit area in Hz, so that a broad band does not sound louder than a narrow one.
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (right - left)).astype(np.float32)


class MelSpectrogram(nn.Module):
    """Waveforms to (log) mel spectrograms. Gradients pass; nothing is learned."""

    window: Tensor
    filters: Tensor

    def __init__(self, config: MelConfig = HIFIGAN_22K) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("window", torch.hann_window(config.window), persistent=False)
        self.register_buffer("filters", torch.from_numpy(mel_filterbank(config)), persistent=False)

    def forward(self, waveforms: Tensor) -> Float[Tensor, "batch frames n_mels"]:
        """(batch, samples) float32 in [-1, 1] to (batch, config.frames(samples), n_mels) float32.

        Raises:
            InputError: not (batch, samples) floats, too short for one frame or for the padding, or not finite.
        """
        c = self.config
        self._check(waveforms)
        padded = F.pad(waveforms[:, None], (c.margin, c.margin), mode=c.padding)[:, 0]
        spectrum = torch.stft(
            padded, c.n_fft, c.hop, c.window, self.window, center=False, onesided=True, return_complex=True
        )
        # The small constant keeps the gradient of the root finite where there is silence; HiFi-GAN has the same one.
        energy = spectrum.real**2 + spectrum.imag**2
        magnitude = energy if c.power == 2 else (energy + 1e-9) ** (c.power / 2)
        mel = magnitude.transpose(1, 2) @ self.filters
        return mel.clamp(min=c.floor).log() if c.floor > 0 else mel

    def _check(self, waveforms: Tensor) -> None:
        c = self.config
        if waveforms.ndim != 2 or not waveforms.is_floating_point():
            got = f"{waveforms.dtype} of shape {tuple(waveforms.shape)}"
            raise InputError(f"a mel spectrogram needs float waveforms of shape (batch, samples), got {got}")
        # Reflection needs one more sample than it mirrors.
        least = max(c.margin + 1 if c.padding == "reflect" else 1, c.n_fft - 2 * c.margin)
        if waveforms.shape[1] < least:
            raise InputError(f"a mel spectrogram needs at least {least} samples, got {waveforms.shape[1]}")
        if not torch.isfinite(waveforms).all():
            raise InputError("a mel spectrogram got samples that are not finite (NaN or infinity): repair them first")
