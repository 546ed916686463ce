"""Who judges, in the last stage, whether an emotion is heard: two pairs of ears on a mel spectrogram.

One listens through layers of Whisper, which were trained on far more speech than any corpus of emotions holds: what
pleases it is not a trick that works on one small network alone. The other sees the melody, which a mel shows badly.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.nn.convnext import Reader
from espressivo.signal.whisper import RANGE, WIDTH, WhisperEncoder
from espressivo.systems.prosody2vec.encoder import BANDS, SEEN
from espressivo.systems.prosody2vec.parts import PAIR, RATE

if TYPE_CHECKING:
    from jaxtyping import Float

NARROW, LAYERS, KERNEL = 128, 3, 7
DROPPED, HALF = 0.3, 0.5
HEARD = (2, 3)  # layers of Whisper
WHISPER_RATE = 100  # mel frames a second
LOUD = 0.5  # nats of power that Whisper's mels lie above twice ours, at the level that recordings are brought to


class Critic(nn.Module):
    """Names the emotion of a stretch of speech."""

    def __init__(self, emotions: int) -> None:
        super().__init__()
        self.eye, self.ear = Eye(emotions), Ear(emotions)

    def forward(
        self,
        mel: Float[Tensor, "batch frames pair"],
        frames: Float[Tensor, "batch frames seen"],
        mask: Float[Tensor, "batch frames"],
    ) -> Float[Tensor, "two batch emotions"]:
        """What each of the two says.

        Args:
            frames: as the prosody encoder sees them.
        """
        return torch.stack([self.eye(frames, mask), self.ear(mel, mask)])


class Eye(nn.Module):
    """Looks at what the prosody encoder sees."""

    def __init__(self, emotions: int) -> None:
        super().__init__()
        self.reader = Reader(SEEN, NARROW, LAYERS, KERNEL)
        self.attention = nn.Linear(NARROW, NARROW)
        self.drop = nn.Dropout(DROPPED)
        self.out = nn.Linear(2 * NARROW, emotions)

    def forward(
        self, frames: Float[Tensor, "batch frames seen"], mask: Float[Tensor, "batch frames"]
    ) -> Float[Tensor, "batch emotions"]:
        x = self.reader(frames * mask[..., None])
        return self.out(self.drop(pooled(x, self.attention(x).clamp(-8, 8).exp() * mask[..., None])))


class Ear(nn.Module):
    """Listens through Whisper tiny.en, which learns nothing and is no part of the weights."""

    def __init__(self, emotions: int) -> None:
        super().__init__()
        numbers = 2 * WIDTH * len(HEARD)
        self.scale = nn.BatchNorm1d(numbers, affine=False, momentum=0.05)
        self.drop = nn.Dropout(HALF)
        self.inner, self.out = nn.Linear(numbers, NARROW), nn.Linear(NARROW, emotions)
        self._whisper = [WhisperEncoder().network.requires_grad_(False)]

    def forward(
        self, mel: Float[Tensor, "batch frames pair"], mask: Float[Tensor, "batch frames"]
    ) -> Float[Tensor, "batch emotions"]:
        states = self._whisper[0].to(mel.device)(as_whisper_hears(mel), max(HEARD))
        x = torch.cat([states[layer] for layer in HEARD], dim=-1)
        numbers = pooled(x, F.interpolate(mask[:, None], x.shape[1])[:, 0, :, None].expand_as(x))
        return self.out(self.drop(F.gelu(self.inner(self.drop(self.scale(numbers))))))


def pooled(x: Float[Tensor, "batch frames width"], weight: Float[Tensor, "batch frames width"]) -> Tensor:
    """Mean and deviation of each channel, (batch, 2 · width)."""
    weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-4)
    mean = (weight * x).sum(1)
    away = (weight * (x - mean[:, None]).square()).sum(1)
    return torch.cat([mean, (away + 1e-4).sqrt()], dim=-1)


def as_whisper_hears(mel: Float[Tensor, "batch frames pair"]) -> Float[Tensor, "batch whisper_frames bands"]:
    """Our mel frames as Whisper's, nearly: the same 80 bands, of energies, 100 a second, the loudest 80 dB of them."""
    single = mel.unflatten(-1, (PAIR, BANDS)).flatten(1, 2).transpose(1, 2)
    count = int(mel.shape[1] / RATE * WHISPER_RATE) // 2 * 2
    power = LOUD + 2 * F.interpolate(single, count, mode="linear").transpose(1, 2)
    loudest = power.amax((1, 2), keepdim=True).detach()
    return torch.maximum(power, loudest - RANGE) / math.log(10) / 4 + 1
