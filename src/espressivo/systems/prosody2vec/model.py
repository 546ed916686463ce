"""Prosody2Vec: speech from what is said, who says it, its melody, and what is left over, which is the prosody.

The prosody encoder sees the whole recording but may say little: a few numbers a second, each of a few values. What
content and speaker already tell is not worth them, and timbre is taken out before. The decoder makes the mel
spectrogram of all parts; two small networks say which melody and which pace go with a prosody and a sentence.

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
from torch.nn import functional as F

from espressivo.errors import ConfigError
from espressivo.nn.convnext import Reader
from espressivo.systems.prosody2vec.parts import MEL, PAIR, RATE

if TYPE_CHECKING:
    from jaxtyping import Float, Int

BANDS = MEL.n_mels
MELODY = 2  # log-frequency and voicing
OFFSETS = 4  # how a recording differs from what is usual for the voice: its register, and three bends of its mel
SEEN = BANDS + 3 + OFFSETS  # what the prosody encoder sees of a frame: mel, pitch, voicing, level, offsets
EAR, SHADE, SHADE_BLUR = 64, 12, 0.2  # numbers that what is heard is brought down to; of the whole recording; noise
EAGER = 8.0  # how loud an emotion is told: so many times faster the networks learn to listen
CENTRE, SPAN = 5.1, 0.5  # of the natural logarithm of a voice's frequency in Hz
MIDDLE, SCALE = -5.0, 2.0  # of the mel


@dataclass(frozen=True)
class ProsodyConfig:
    """The networks' shapes: config.json beside the weights.

    Attributes:
        content, speaker: numbers that say what is said in a frame, and by whom.
        codes: kinds of sound that pace is measured in.
        hearing, layer, heard: a speech encoder that the prosody encoder hears through besides, which of its layers, and
            how many numbers that has; "" and 0 for none.
        style, levels: numbers of the prosody of a second, and how many values each may have.
        styles: of the codebook of style tokens.
        emotions: that it can be told to show; none before the second stage.
        width, layers: of the decoder; `prosody_` of the prosody encoder; `contour_` of what gives melody and pace.
    """

    name: str
    licence: str
    content: int = 64
    speaker: int = 256
    codes: int = 100
    hearing: str = ""
    layer: int = 0
    heard: int = 0
    style: int = 8
    levels: int = 5
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

    def __post_init__(self) -> None:
        if self.levels % 2 == 0:
            raise ConfigError(f"got levels={self.levels}: give an odd number, so that 0 is one of them")

    @property
    def tone(self) -> int:
        """Numbers of a manner of speaking: the prosody, and how much there is of each emotion."""
        return self.style + len(self.emotions)


class Contour(NamedTuple):
    """Shapes (batch, frames): `pitch` in nats above the speaker's register, logits of `voicing`, `level` in nats."""

    pitch: Tensor
    voicing: Tensor
    level: Tensor


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
        self.reach = (config.levels - 1) / 2

    def forward(
        self, look: Look, mask: Float[Tensor, "batch frames"], blur: float = 0.0
    ) -> Float[Tensor, "batch seconds style"]:
        """Each number is one of `levels` between -1 and 1: finite scalar quantisation.

        Source: Mentzer et al., arXiv 2309.15505.

        Args:
            mask: 1 where there is a frame.
            blur: makes what is heard of the voice as a whole uncertain.
        """
        free = self.reach * torch.tanh(self.out(self.pooled(look, mask, blur)))
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


class Prosody2Vec(nn.Module):
    """The networks together, and the codebooks."""

    codes: Tensor
    styles: Tensor

    def __init__(self, config: ProsodyConfig) -> None:
        super().__init__()
        self.config = config
        style, small, told = config.style, 64, len(config.emotions)
        self.prosody = ProsodyEncoder(config)
        self.voice = nn.Linear(config.speaker, small)
        self.usual = nn.Sequential(nn.Linear(config.speaker, 128), nn.GELU(), nn.Linear(128, 1 + BANDS + config.heard))
        self.decoder = Reader(
            config.content + MELODY, config.width, config.layers, config.kernel, style + small + 1, told
        )
        self.out = nn.Linear(config.width, PAIR * BANDS)
        narrow = (config.contour_width, config.contour_layers, config.kernel, style, told)
        self.melody = Reader(config.content, *narrow)
        self.melody_out = nn.Linear(config.contour_width, 3)
        self.pace = Reader(config.content, *narrow)
        self.pace_out = nn.Linear(config.contour_width, 1)
        self.register_buffer("codes", torch.zeros(config.codes, config.content))
        self.register_buffer("styles", torch.zeros(config.styles, config.style))

    def expected(self, speaker: Float[Tensor, "batch speaker"]) -> Expected:
        """What is usual for a voice."""
        pitch, mel, heard = self.usual(speaker).split([1, BANDS, self.config.heard], dim=-1)
        return Expected(CENTRE + SPAN * pitch, MIDDLE + SCALE * mel, heard)

    def mel(
        self,
        content: Float[Tensor, "batch frames content"],
        speaker: Float[Tensor, "batch speaker"],
        pitch: Float[Tensor, "batch frames"],
        voiced: Float[Tensor, "batch frames"],
        tone: Float[Tensor, "batch frames tone"],
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
        style, told = tone.split([self.config.style, len(self.config.emotions)], dim=-1)
        condition = torch.cat([style, voice, quiet, told], dim=-1)
        return MIDDLE + SCALE * self.out(self.decoder(torch.cat([content, melody], dim=-1), condition))

    def contour(
        self, content: Float[Tensor, "batch frames content"], tone: Float[Tensor, "batch frames tone"]
    ) -> Contour:
        """The melody and loudness that go with what is said and a manner of speaking."""
        pitch, voicing, level = self.melody_out(self.melody(content, tone)).unbind(-1)
        return Contour(pitch * SPAN, voicing, level)

    def read(
        self, look: Look, mask: Float[Tensor, "batch frames"], blur: float = 0.0
    ) -> Float[Tensor, "batch seconds tone"]:
        """The manner of each second of a recording: its prosody, and no emotion by name. `blur` as for the encoder."""
        return self.toned(self.prosody(look, mask, blur))

    def toned(self, style: Float[Tensor, "... style"]) -> Float[Tensor, "... tone"]:
        """A prosody as a manner of speaking."""
        return F.pad(style, (0, len(self.config.emotions)))

    def feeling(self, number: Int[Tensor, " batch"]) -> Float[Tensor, "batch tone"]:
        """The manner that stands for an emotion, by its number in the config: no prosody but what it brings itself."""
        return F.pad(EAGER * F.one_hot(number, len(self.config.emotions)), (self.config.style, 0))

    def lengths(
        self, runs: Float[Tensor, "batch runs content"], tone: Float[Tensor, "batch runs tone"]
    ) -> Float[Tensor, "batch runs"]:
        """The logarithm of how many units each run of the same kind of sound lasts."""
        return self.pace_out(self.pace(runs, tone))[..., 0]

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


def seconds_of(frames: int) -> int:
    """How many seconds `frames` frames reach into."""
    return max(1, int((frames - 0.5) / RATE) + 1)


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


def spread_out(tone: Float[Tensor, "batch seconds tone"], frames: int) -> Float[Tensor, "batch frames tone"]:
    """The manner at each frame."""
    return torch.from_numpy(blend(middles(frames), tone.shape[1])).to(tone) @ tone
