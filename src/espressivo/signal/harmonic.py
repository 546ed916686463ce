"""A vocoder that knows what a voice is: a buzz at the melody's pitch and a hiss, each coloured frame by frame.

A convolutional network reads from the mel spectrogram the pitch, and how strong buzz and hiss are at every frequency;
both are shaped in the short-time Fourier domain and turned back into sound by one inverse transform. What other
vocoders must learn, the fine structure of a voiced sound, is given: it needs little data and little time.

Sources: the harmonic-plus-noise source of Wang, Takaki and Yamagishi, Neural source-filter waveform models (arXiv
1904.12088); a network at frame rate with an inverse transform as head, Siuzdak, Vocos (arXiv 2306.00814).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.nn.convnext import Reader
from espressivo.signal.mel import HIFIGAN_22K, band_spread, mel_filterbank

if TYPE_CHECKING:
    from jaxtyping import Float

MEL = HIFIGAN_22K
BINS = MEL.n_fft // 2 + 1
LOWEST, HIGHEST, PITCHES = 50.0, 800.0, 240  # Hz, and how many steps between them
NEAR = 4  # steps on both sides of the likeliest pitch that are averaged
NOISE = 1 << 16  # samples after which the hiss begins again
LOUDEST = 8.0  # natural logarithm of a bin's magnitude


@dataclass(frozen=True)
class HarmonicConfig:
    """The network's shape.

    Attributes:
        width, layers: of what shapes the sound.
        pitch_width, pitch_layers: of what reads the pitch.
        kernel: frames that a layer sees.
    """

    width: int = 256
    layers: int = 6
    pitch_width: int = 128
    pitch_layers: int = 3
    kernel: int = 7


class Melody(NamedTuple):
    """Shapes: `hz` (batch, frames), above 0 throughout; `voiced` (batch, frames), 0 to 1."""

    hz: Tensor
    voiced: Tensor


class HarmonicNet(nn.Module):
    """Log-mel frames to waveforms. Untrained it is a channel vocoder: the mel's envelope on half buzz, half hiss."""

    window: Tensor
    spread: Tensor
    gain: Tensor
    hertz: Tensor
    noise: Tensor

    def __init__(self, config: HarmonicConfig = HarmonicConfig()) -> None:
        super().__init__()
        self.config = config
        self.pitch = Reader(MEL.n_mels, config.pitch_width, config.pitch_layers, config.kernel)
        self.pitch_out = nn.Linear(config.pitch_width, PITCHES + 1)
        self.body = Reader(MEL.n_mels + 2, config.width, config.layers, config.kernel)
        self.out = nn.Linear(config.width, 3 * BINS)
        window = torch.hann_window(MEL.window)
        hiss = torch.randn(NOISE, generator=torch.Generator().manual_seed(0))
        for name, value in {
            "window": window,
            "spread": torch.from_numpy(band_spread(MEL, BINS)),
            "gain": torch.from_numpy(np.log(mel_filterbank(MEL).sum(axis=0) + 1e-9)),
            "hertz": torch.from_numpy(np.geomspace(LOWEST, HIGHEST, PITCHES)).float(),
            "noise": hiss,
        }.items():
            self.register_buffer(name, value, persistent=False)
        nn.init.normal_(self.out.weight, std=1e-3)
        nn.init.zeros_(self.out.bias)
        with torch.no_grad():  # buzz and hiss of half the power each, of a source whose bins have that magnitude
            level = math.log(float(window.square().sum().sqrt())) + math.log(2) / 2
            self.out.bias.view(3, BINS)[::2] -= level

    def melody(
        self, mel: Float[Tensor, "batch frames n_mels"]
    ) -> tuple[Float[Tensor, "batch frames pitches"], Float[Tensor, "batch frames"]]:
        """Logits of the pitches between LOWEST and HIGHEST, and of being voiced."""
        x = self.pitch_out(self.pitch(_scaled(mel)))
        return x[..., :-1], x[..., -1]

    def read(self, mel: Float[Tensor, "batch frames n_mels"]) -> Melody:
        """The melody that the mel shows: the mean of the pitches around the likeliest."""
        logits, voiced = self.melody(mel)
        near = torch.arange(-NEAR, NEAR + 1, device=mel.device)
        best = logits.argmax(-1, keepdim=True)
        steps = (best + near).clamp(0, PITCHES - 1)
        weight = logits.gather(-1, steps).softmax(-1)
        # Seen from the likeliest: fp32 is too coarse for the logarithm itself, and phases add its errors up.
        scale = self.hertz.double().log()
        off = (weight * (scale[steps] - scale[best]).to(mel.dtype)).sum(-1)
        return Melody(self.hertz[best[..., 0]] * off.exp(), (2 * voiced).sigmoid())

    def forward(
        self,
        mel: Float[Tensor, "batch frames n_mels"],
        melody: Melody,
        turns: Float[Tensor, "batch samples"] | None = None,
        begin: int = 0,
    ) -> Float[Tensor, "batch samples"]:
        """(batch, frames, n_mels) to (batch, frames · hop).

        Args:
            turns: how often the pitch has gone round by each sample, see `turned`; by default since the first sample.
            begin: the frame of the whole sound that the first one here is: the hiss goes on where it was.
        """
        spoken = torch.stack([melody.hz.log() / 4 - 1.2, melody.voiced], dim=-1)
        buzz, angle, hiss = self.out(self.body(torch.cat([_scaled(mel), spoken], dim=-1))).chunk(3, dim=-1)
        envelope = (mel - self.gain) @ self.spread
        source = pulses(melody, turned(melody) if turns is None else turns)
        buzz, hiss = ((envelope + part).clamp(max=LOUDEST).exp() for part in (buzz, hiss))
        spectrum = torch.polar(buzz, angle) * self._spectra(source) + hiss * self._spectra(self._hissing(mel, begin))
        return self._sounding(spectrum)

    def _hissing(self, mel: Tensor, begin: int) -> Tensor:
        at = (begin * MEL.hop + torch.arange(mel.shape[1] * MEL.hop, device=mel.device)) % NOISE
        return self.noise[at].expand(len(mel), -1)

    def _spectra(self, wave: Tensor) -> Tensor:
        """(batch, samples) to (batch, frames, BINS), framed as the mel is."""
        frames = F.pad(wave, (MEL.margin, MEL.margin)).unfold(1, MEL.n_fft, MEL.hop)
        return torch.fft.rfft(frames * self.window)

    def _sounding(self, spectrum: Tensor) -> Tensor:
        """Overlap and add, each sample divided by what the windows weigh there."""
        frames = torch.fft.irfft(spectrum) * self.window
        total = (frames.shape[1] - 1) * MEL.hop + MEL.n_fft
        weight = self.window.square()[None, :, None].expand(1, -1, frames.shape[1])
        shape = {"output_size": (1, total), "kernel_size": (1, MEL.n_fft), "stride": (1, MEL.hop)}
        wave, power = (F.fold(part, **shape)[:, 0, 0] for part in (frames.transpose(1, 2), weight))
        inner = slice(MEL.margin, total - MEL.margin)
        return wave[:, inner] / power[:, inner].clamp(min=1e-3)


def turned(melody: Melody) -> Float[Tensor, "batch samples"]:
    """How often the pitch has gone round by each sample, float64: in fp32 a minute of speech would drift."""
    return (_by_sample(melody.hz).double() / MEL.rate).cumsum(1)


def pulses(melody: Melody, turns: Float[Tensor, "batch samples"]) -> Float[Tensor, "batch samples"]:
    """A train of pulses that holds all harmonics below half the sampling rate alike, of power 1 where it is voiced.

    The sum of cosines has a closed form (Dirichlet's kernel), so that a hundred harmonics cost no more than one.
    """
    hz, voiced = _by_sample(melody.hz), _by_sample(melody.voiced)
    half = (math.pi * (turns % 1.0)).float() - math.pi / 2
    count, sine = torch.floor(MEL.rate / 2 / hz), torch.sin(half)
    middle = sine.abs() < 1e-4
    ratio = torch.sin((2 * count + 1) * half) / torch.where(middle, torch.ones_like(sine), sine)
    kernel = torch.where(middle, 2 * count + 1, ratio) / 2 - 0.5
    return kernel * voiced * (2 / count).sqrt()


def _scaled(mel: Tensor) -> Tensor:
    return mel / 4 + 1


def _by_sample(values: Float[Tensor, "batch frames"]) -> Float[Tensor, "batch samples"]:
    """From the middles of frames to samples, on straight lines."""
    return F.interpolate(values[:, None], scale_factor=MEL.hop, mode="linear", align_corners=False)[:, 0]
