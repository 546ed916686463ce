"""Prosody2Vec: speech from what is said, who says it, its melody, and what is left over, which is the prosody.

The prosody encoder sees the whole recording but may say little: a bottleneck allows a few nats a second, what content
and speaker already tell is not worth them, and timbre is taken out before. The decoder makes the mel spectrogram
of all parts; two small networks say which melody and which pace go with a prosody and a sentence.

Source: Qu, Wei and Wermter, Disentangling Prosody Representations with Unsupervised Speech Reconstruction (arXiv
2212.06972): unit encoder, speaker encoder, prosody encoder, decoder. Bottleneck, melody and pace are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from espressivo.nn.convnext import Reader
from espressivo.systems.prosody2vec.parts import MEL, PAIR, RATE

if TYPE_CHECKING:
    from jaxtyping import Float

BANDS = MEL.n_mels
MELODY = 2  # log-frequency and voicing
OFFSETS = 4  # how a recording differs from what is usual for the voice: its register, and three bends of its mel
SEEN = BANDS + 3 + OFFSETS  # what the prosody encoder sees of a frame: mel, pitch, voicing, level, offsets
CENTRE, SPAN = 5.1, 0.5  # of the natural logarithm of a voice's frequency in Hz
MIDDLE, SCALE = -5.0, 2.0  # of the mel


@dataclass(frozen=True)
class ProsodyConfig:
    """The networks' shapes: config.json beside the weights.

    Attributes:
        content, speaker: numbers that say what is said in a frame, and by whom.
        codes: kinds of sound that pace is measured in.
        style: numbers of the prosody of a second.
        styles: of the codebook of style tokens.
        emotions: whose prosody it knows, from whatever recordings had labels.
        width, layers: of the decoder; `prosody_` of the prosody encoder; `contour_` of what gives melody and pace.
    """

    name: str
    licence: str
    content: int = 64
    speaker: int = 256
    codes: int = 100
    style: int = 64
    styles: int = 100
    width: int = 256
    layers: int = 8
    prosody_width: int = 160
    prosody_layers: int = 4
    contour_width: int = 128
    contour_layers: int = 4
    kernel: int = 7
    emotions: tuple[str, ...] = ()
    system: str = "prosody2vec"


class Contour(NamedTuple):
    """Shapes (batch, frames): `pitch` in nats above the speaker's register, logits of `voicing`, `level` in nats."""

    pitch: Tensor
    voicing: Tensor
    level: Tensor


class ProsodyEncoder(nn.Module):
    """What is seen of each frame to the mean and the spread of the prosody of each second, pooled as ECAPA-TDNN does.

    The pooling: Desplanques et al., arXiv 2005.07143, attentive statistics.
    """

    def __init__(self, config: ProsodyConfig) -> None:
        super().__init__()
        width = config.prosody_width
        self.reader = Reader(SEEN, width, config.prosody_layers, config.kernel)
        self.attention = nn.Sequential(nn.Linear(width, 64), nn.Tanh(), nn.Linear(64, width))
        self.out = nn.Linear(2 * width, 2 * config.style)

    def forward(
        self, seen: Float[Tensor, "batch frames seen"], mask: Float[Tensor, "batch frames"]
    ) -> tuple[Float[Tensor, "batch seconds style"], Float[Tensor, "batch seconds style"]]:
        """(mean, log of the variance); `mask` is 1 where there is a frame."""
        return self.out(self.pooled(seen, mask)).chunk(2, dim=-1)

    def pooled(
        self, seen: Float[Tensor, "batch frames seen"], mask: Float[Tensor, "batch frames"]
    ) -> Float[Tensor, "batch seconds pooled"]:
        """Mean and deviation of each channel over each second, weighed by attention."""
        x = self.reader(seen * mask[..., None])
        second = torch.from_numpy(members(x.shape[1])).to(x)
        weight = self.attention(x).clamp(-8, 8).exp() * mask[..., None]
        total = torch.einsum("btc,tk->bkc", weight, second).clamp(min=1e-4)
        mean = torch.einsum("btc,tk->bkc", weight * x, second) / total
        power = torch.einsum("btc,tk->bkc", weight * x.square(), second) / total
        return torch.cat([mean, (power - mean.square()).clamp(min=1e-4).sqrt()], dim=-1)


class Prosody2Vec(nn.Module):
    """The networks together, and the codebooks."""

    codes: Tensor
    styles: Tensor

    def __init__(self, config: ProsodyConfig) -> None:
        super().__init__()
        self.config = config
        style, small = config.style, 64
        self.prosody = ProsodyEncoder(config)
        self.voice = nn.Linear(config.speaker, small)
        self.usual = nn.Sequential(nn.Linear(config.speaker, 128), nn.GELU(), nn.Linear(128, BANDS + 1))
        self.decoder = Reader(
            config.content + MELODY, config.width, config.layers, config.kernel, condition=style + small + 1
        )
        self.out = nn.Linear(config.width, PAIR * BANDS)
        narrow = (config.contour_width, config.contour_layers, config.kernel, style)
        self.melody = Reader(config.content, *narrow)
        self.melody_out = nn.Linear(config.contour_width, 3)
        self.pace = Reader(config.content, *narrow)
        self.pace_out = nn.Linear(config.contour_width, 1)
        self.register_buffer("codes", torch.zeros(config.codes, config.content))
        self.register_buffer("styles", torch.zeros(config.styles, style))
        self.emotions = nn.Parameter(torch.zeros(len(config.emotions), style))

    def expected(
        self, speaker: Float[Tensor, "batch speaker"]
    ) -> tuple[Float[Tensor, "batch 1"], Float[Tensor, "batch bands"]]:
        """What is usual for a voice: the logarithm of its pitch in the middle, the mean of its active mel frames."""
        pitch, mel = self.usual(speaker).split([1, BANDS], dim=-1)
        return CENTRE + SPAN * pitch, MIDDLE + SCALE * mel

    def mel(
        self,
        content: Float[Tensor, "batch frames content"],
        speaker: Float[Tensor, "batch speaker"],
        pitch: Float[Tensor, "batch frames"],
        voiced: Float[Tensor, "batch frames"],
        style: Float[Tensor, "batch frames style"],
        noise: Float[Tensor, " batch"],
    ) -> Float[Tensor, "batch frames pair"]:
        """Pairs of mel frames.

        Args:
            pitch: natural logarithm of Hz, carried through where nothing is voiced.
            noise: how far the recording's quietest frames lie below its speech, in nats: large is clean.
        """
        melody = torch.stack([(pitch - CENTRE) / SPAN * voiced, voiced], dim=-1)
        voice = self.voice(speaker)[:, None].expand(-1, content.shape[1], -1)
        quiet = (noise / 5 - 1)[:, None, None].expand(-1, content.shape[1], 1)
        condition = torch.cat([style, voice, quiet], dim=-1)
        return MIDDLE + SCALE * self.out(self.decoder(torch.cat([content, melody], dim=-1), condition))

    def contour(
        self, content: Float[Tensor, "batch frames content"], style: Float[Tensor, "batch frames style"]
    ) -> Contour:
        """The melody and loudness that go with what is said and a prosody."""
        pitch, voicing, level = self.melody_out(self.melody(content, style)).unbind(-1)
        return Contour(pitch * SPAN, voicing, level)

    def lengths(
        self, runs: Float[Tensor, "batch runs content"], style: Float[Tensor, "batch runs style"]
    ) -> Float[Tensor, "batch runs"]:
        """The logarithm of how many units each run of the same kind of sound lasts."""
        return self.pace_out(self.pace(runs, style))[..., 0]

    @classmethod
    def load(cls, folder: Path) -> Prosody2Vec:
        """Networks that were trained before.

        Raises:
            AssetError: the folder does not hold any.
        """
        from espressivo.assets.model import load_weights, read_config

        return load_weights(folder, cls(read_config(folder, ProsodyConfig, ProsodyConfig.system)))


class Usual(NamedTuple):
    """A recording as a whole, from its active frames. Shapes: `mel` and `spread` (batch, bands), `register` (batch, 1).

    `register` is the logarithm of the middle of its pitch; `pitched` (batch, 1) is 0 where nothing is voiced.
    """

    mel: Tensor
    spread: Tensor
    register: Tensor
    pitched: Tensor


def seen(
    mel: Float[Tensor, "batch frames pair"],
    pitch: Float[Tensor, "batch frames"],
    voiced: Float[Tensor, "batch frames"],
    own: Usual,
    expected: tuple[Float[Tensor, "batch 1"], Float[Tensor, "batch bands"]],
    blur: Float[Tensor, "batch offsets"] | None = None,
) -> Float[Tensor, "batch frames seen"]:
    """What the prosody encoder sees: how each frame differs from the recording's usual ones, and in a few numbers how
    these differ from what is usual for the voice. So timbre and microphone, which do not change, are hardly there.

    Args:
        own: of the recording.
        expected: of the voice, see `Prosody2Vec.expected`.
        blur: to add to those few numbers.
    """
    both = mel.unflatten(-1, (PAIR, BANDS)).mean(-2)
    moved = (both - own.mel[:, None]) / own.spread[:, None].clamp(min=0.3)
    relative = (pitch - own.register) / SPAN * voiced
    level = (both.mean(-1) - MIDDLE) / SCALE
    higher = own.pitched * (own.register - expected[0]) / SPAN
    axis = torch.arange(BANDS, device=mel.device) / (BANDS - 1)
    bends = torch.stack([torch.cos(math.pi * order * axis) for order in range(1, OFFSETS)]) / BANDS
    offsets = torch.cat([higher, (own.mel - expected[1]) / SCALE @ bends.T], dim=-1)
    offsets = offsets if blur is None else offsets + blur
    return torch.cat(
        [moved, torch.stack([relative, voiced, level], dim=-1), offsets[:, None].expand(-1, mel.shape[1], -1)], dim=-1
    )


def seconds_of(frames: int) -> int:
    """How many seconds `frames` frames reach into."""
    return max(1, int(np.ceil(frames / RATE - 1e-6)))


def members(frames: int) -> Float[np.ndarray, "frames seconds"]:
    """1 where a frame lies in a second."""
    second = ((np.arange(frames) + 0.5) / RATE).astype(int)
    return (second[:, None] == np.arange(seconds_of(frames))).astype(np.float32)


def blend(times: np.ndarray, seconds: int) -> Float[np.ndarray, "times seconds"]:
    """How the prosodies of seconds mix at each time in seconds: straight lines between their middles."""
    place = np.clip(times - 0.5, 0, seconds - 1)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(seconds))).astype(np.float32)


def middles(frames: int) -> np.ndarray:
    """The middle of each frame in seconds."""
    return (np.arange(frames) + 0.5) / RATE


def spread_out(style: Float[Tensor, "batch seconds style"], frames: int) -> Float[Tensor, "batch frames style"]:
    """The prosody at each frame."""
    return torch.from_numpy(blend(middles(frames), style.shape[1])).to(style) @ style
