"""Prosody2Vec: speech from what is said, who says it, its melody, and what is left over, which is the prosody.

The decoder makes the mel spectrogram of all parts; two small networks say which melody and which pace go with a prosody
and a sentence.

Source: Qu et al., Disentangling Prosody Representations with Unsupervised Speech Reconstruction (arXiv
2212.06972): unit encoder, speaker encoder, prosody encoder, decoder. Melody and pace are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.errors import ConfigError
from espressivo.nn.convnext import Reader
from espressivo.systems.prosody2vec.encoder import (
    BANDS,
    CENTRE,
    MIDDLE,
    SCALE,
    SPAN,
    Expected,
    Look,
    ProsodyEncoder,
)
from espressivo.systems.prosody2vec.parts import PAIR

if TYPE_CHECKING:
    from jaxtyping import Float, Int

MELODY = 2  # log-frequency and voicing
EAGER = 8.0  # how loud an emotion is told: so many times faster the networks learn to listen


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
        emotions: that it can be told to show; none before the last stage.
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
    style: int = 4
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
