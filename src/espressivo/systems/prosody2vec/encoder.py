"""The prosody encoder, and what it gets to see and hear of a recording.

It may say little: a few numbers a second, each of a few values. What content and speaker already tell is not worth
them, and timbre is taken out before.

Source: Qu et al. (arXiv 2212.06972), the prosody encoder; what it sees and how little it may say are ours.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from espressivo.nn.convnext import Reader
from espressivo.systems.prosody2vec.parts import MEL, PAIR
from espressivo.systems.prosody2vec.seconds import members

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from espressivo.systems.prosody2vec.model import ProsodyConfig

BANDS = MEL.n_mels
OFFSETS = 4  # how a recording differs from what is usual for the voice: its register, and three bends of its mel
SEEN = BANDS + 3 + OFFSETS  # what the prosody encoder sees of a frame: mel, pitch, voicing, level, offsets
EAR, SHADE, SHADE_BLUR = 64, 12, 0.2  # numbers that what is heard is brought down to; of the whole recording; noise
CENTRE, SPAN = 5.1, 0.5  # of the natural logarithm of a voice's frequency in Hz
MIDDLE, SCALE = -5.0, 2.0  # of the mel


class Expected(NamedTuple):
    """What is usual for a voice: the logarithm of its pitch in the middle, the means of its active mel frames, and of
    what the speech encoder hears in it. Shapes: (batch, 1), (batch, bands), (batch, heard).
    """

    register: Tensor
    mel: Tensor
    heard: Tensor


class Look(NamedTuple):
    """What the prosody encoder gets: frames against the recording's usual ones, and that against the voice's.

    Shapes: `frames` (batch, frames, SEEN); `heard` (batch, frames, heard) and `shade` (batch, heard), of the speech
    encoder, None where it hears through none.
    """

    frames: Tensor
    heard: Tensor | None = None
    shade: Tensor | None = None


class Even(nn.Module):
    """Numbers of mean 0 and deviation 1 in what is learned from, so that each of their values is taken now and then.

    Source: Ioffe and Szegedy, batch normalisation (arXiv 1502.03167), without weights, where there is something.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, count: int, pace: float = 0.05) -> None:
        super().__init__()
        self.pace = pace
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("variance", torch.ones(count))

    def forward(
        self, x: Float[Tensor, "batch seconds style"], there: Bool[Tensor, "batch seconds"]
    ) -> Float[Tensor, "batch seconds style"]:
        if not self.training:
            return (x - self.mean) / self.variance.sqrt()
        found = x[there]
        mean, variance = found.mean(0), found.var(0, correction=0) + 1e-5
        with torch.no_grad():
            self.mean.lerp_(mean, self.pace)
            self.variance.lerp_(variance, self.pace)
        return (x - mean) / variance.sqrt()


class ProsodyEncoder(nn.Module):
    """What is seen and heard of each frame to the prosody of each second.

    The pooling: attentive statistics (Desplanques et al., ECAPA-TDNN, arXiv 2005.07143).
    """

    def __init__(self, config: ProsodyConfig) -> None:
        super().__init__()
        width = config.prosody_width
        self.ear = nn.Linear(config.heard, EAR) if config.heard else None
        self.shade = nn.Linear(config.heard, SHADE) if config.heard else None
        more = EAR + SHADE if config.heard else 0
        self.reader = Reader(SEEN + more, width, config.prosody_layers, config.kernel)
        self.attention = nn.Sequential(nn.Linear(width, 64), nn.Tanh(), nn.Linear(64, width))
        self.out = nn.Linear(2 * width, config.style)
        self.even = Even(config.style)
        self.reach = (config.levels - 1) / 2

    def forward(
        self, look: Look, mask: Float[Tensor, "batch frames"], blur: float = 0.0
    ) -> Float[Tensor, "batch seconds style"]:
        """The prosody.

        Args:
            mask: 1 where there is a frame.
            blur: makes what is heard of the voice as a whole uncertain.
        """
        return self.said(self.pooled(look, mask, blur), mask)

    def said(
        self, pooled: Float[Tensor, "batch seconds pooled"], mask: Float[Tensor, "batch frames"]
    ) -> Float[Tensor, "batch seconds style"]:
        """What may be said of it: each number is one of `levels` between -1 and 1, finite scalar quantisation.

        Source: Mentzer et al., arXiv 2309.15505.
        """
        there = torch.einsum("bt,tk->bk", mask, torch.from_numpy(members(mask.shape[1])).to(mask)) > 0
        free = self.reach * torch.tanh(self.even(self.out(pooled), there))
        return (free + (free.round() - free).detach()) / self.reach

    def pooled(
        self, look: Look, mask: Float[Tensor, "batch frames"], blur: float = 0.0
    ) -> Float[Tensor, "batch seconds pooled"]:
        """Mean and deviation of each channel over each second, weighed by attention."""
        x = self.reader(self._entering(look, blur) * mask[..., None])
        second = torch.from_numpy(members(x.shape[1])).to(x)
        weight = self.attention(x).clamp(-8, 8).exp() * mask[..., None]
        total = torch.einsum("btc,tk->bkc", weight, second).clamp(min=1e-4)
        mean = torch.einsum("btc,tk->bkc", weight * x, second) / total
        power = torch.einsum("btc,tk->bkc", weight * x.square(), second) / total
        return torch.cat([mean, (power - mean.square()).clamp(min=1e-4).sqrt()], dim=-1)

    def _entering(self, look: Look, blur: float) -> Tensor:
        if self.ear is None or self.shade is None or look.heard is None or look.shade is None:
            return look.frames
        shade = torch.tanh(self.shade(look.shade))
        if blur:  # else nothing is drawn: what is only looked at must not change what is drawn next
            shade = shade + blur * SHADE_BLUR * torch.randn_like(shade)
        return torch.cat(
            [look.frames, self.ear(look.heard), shade[:, None].expand(-1, look.frames.shape[1], -1)], dim=-1
        )


class Usual(NamedTuple):
    """A recording as a whole, from its active frames. Shapes: `mel` and `spread` (batch, bands), `register` (batch, 1).

    `register` is the logarithm of the middle of its pitch; `pitched` (batch, 1) is 0 where nothing is voiced; `heard`
    (batch, heard) is of the speech encoder.
    """

    mel: Tensor
    spread: Tensor
    register: Tensor
    pitched: Tensor
    heard: Tensor


def seen(
    mel: Float[Tensor, "batch frames pair"],
    pitch: Float[Tensor, "batch frames"],
    voiced: Float[Tensor, "batch frames"],
    heard: Float[Tensor, "batch frames heard"],
    own: Usual,
    expected: Expected,
    blur: Float[Tensor, "batch offsets"] | None = None,
) -> Look:
    """How each frame differs from the recording's usual ones, and how these differ from what is usual for the voice.

    Of the second, which holds timbre and microphone, only a few numbers are told.

    Args:
        own: of the recording.
        expected: of the voice.
        blur: to add to those few numbers.
    """
    both = mel.unflatten(-1, (PAIR, BANDS)).mean(-2)
    moved = (both - own.mel[:, None]) / own.spread[:, None].clamp(min=0.3)
    relative = (pitch - own.register) / SPAN * voiced
    level = (both.mean(-1) - MIDDLE) / SCALE
    higher = own.pitched * (own.register - expected.register) / SPAN
    axis = torch.arange(BANDS, device=mel.device) / (BANDS - 1)
    bends = torch.stack([torch.cos(math.pi * order * axis) for order in range(1, OFFSETS)]) / BANDS
    offsets = torch.cat([higher, (own.mel - expected.mel) / SCALE @ bends.T], dim=-1)
    offsets = offsets if blur is None else offsets + blur
    frames = torch.cat(
        [moved, torch.stack([relative, voiced, level], dim=-1), offsets[:, None].expand(-1, mel.shape[1], -1)], dim=-1
    )
    return Look(frames, heard - own.heard[:, None], own.heard - expected.heard)
