"""From a face's stream to an emotion: statistics of the clip, and a small network that looks along time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.assets.model import load_weights, read_config
from espressivo.emotion import check_emotions
from espressivo.systems.face_emotion.person import Usual
from espressivo.systems.face_emotion.stream import CHANNELS, STATISTICS, as_odds, statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Bool, Float


@dataclass(frozen=True)
class FaceConfig:
    """All that is needed to build the network.

    Attributes:
        emotions: the classes.
        width: of the network along time; 0 leaves it out, and the statistics alone decide.
        change: whether it sees how fast the face changes, beside how it is.
        dropout: of statistics, and of what the network along time found.
        odds: whether blendshapes are read as log-odds.
        known: share of the training in which the usual face of each person was known.
    """

    name: str
    licence: str
    emotions: tuple[str, ...]
    width: int = 24
    change: bool = True
    dropout: float = 0.5
    odds: bool = False
    known: float = 0.0
    system: str = "face-emotion"

    def __post_init__(self) -> None:
        check_emotions(self.emotions)


class Faces(NamedTuple):
    """A batch of clips, all in deviations from what is usual (`Usual`): for the person, or for everybody.

    Shapes: `clip` (batch, 4, channels), `frames` (batch, time, channels), `mask` (batch, time), True where a frame is.
    `time` is 0 where nobody looks along it.
    """

    clip: Tensor
    frames: Tensor
    mask: Tensor


def batched(
    streams: Sequence[np.ndarray], found: Sequence[np.ndarray], usual: Sequence[Usual], along: bool = True
) -> Faces:
    """Streams of different lengths and their statistics as one batch, each clip against its own `usual`."""
    clip = torch.from_numpy(np.stack([own.clip(each) for each, own in zip(found, usual, strict=True)]))
    lengths = [len(stream) if along else 0 for stream in streams]
    frames = torch.zeros(len(streams), max(lengths), len(CHANNELS))
    for row, (stream, own, length) in enumerate(zip(streams, usual, lengths, strict=True)):
        if length:
            frames[row, :length] = torch.from_numpy(own.frames(stream))
    return Faces(clip, frames, torch.arange(max(lengths)) < torch.tensor(lengths)[:, None])


class Along(nn.Module):
    """What happens along time: two dilated convolutions, then a mean over the frames that matter (attention)."""

    def __init__(self, channels: int, width: int, dropout: float) -> None:
        super().__init__()
        self.enter = nn.Linear(channels, width)
        self.near = nn.Conv1d(width, width, 3, padding=1)
        self.far = nn.Conv1d(width, width, 3, padding=3, dilation=3)
        self.matter = nn.Linear(width, 1)
        self.blind = nn.Dropout1d(dropout)  # to whole channels: the next frame would tell what one frame hides
        self.drop = nn.Dropout(dropout)

    def forward(
        self, frames: Float[Tensor, "batch time channels"], mask: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch width"]:
        # Beyond a clip's end there must be nothing, whatever it is padded to: neither here nor after a convolution.
        kept = mask[..., None]
        x = self.enter(self.blind(frames.transpose(1, 2)).transpose(1, 2)) * kept
        for convolution in (self.near, self.far):
            x = (x + F.gelu(convolution(x.transpose(1, 2)).transpose(1, 2))) * kept
        weight = self.matter(x).squeeze(-1).masked_fill(~mask, -1e9).softmax(dim=1)
        return self.drop((weight[..., None] * x).sum(dim=1))


class FaceEmotionNet(nn.Module):
    """Logits over `config.emotions`: a linear reading of the clip's statistics, plus one of what happens along time.

    The usual face of everybody in the training travels with it as buffers, and the temperature that calibrates it.
    """

    def __init__(self, config: FaceConfig) -> None:
        super().__init__()
        self.config = config
        size, classes = len(CHANNELS), len(config.emotions)
        self.rows = len(STATISTICS) if config.change else len(STATISTICS) - 1
        self.drop = nn.Dropout(config.dropout)
        self.still = nn.Linear(self.rows * size, classes)
        nn.init.zeros_(self.still.weight)  # statistics that never vary in the training must say nothing later
        if config.width:
            self.along = Along(size * (2 if config.change else 1), config.width, config.dropout)
            self.moving = nn.Linear(config.width, classes)
        self.temperature: Tensor
        self.register_buffer("mean", torch.zeros(len(STATISTICS), size))
        self.register_buffer("deviation", torch.ones(len(STATISTICS), size))
        self.register_buffer("frame_mean", torch.zeros(size))
        self.register_buffer("frame_deviation", torch.ones(size))
        self.register_buffer("temperature", torch.ones(()))

    @classmethod
    def load(cls, folder: Path) -> FaceEmotionNet:
        """Raises AssetError: missing, damaged, or another system's."""
        return load_weights(folder, cls(read_config(folder, FaceConfig, FaceConfig.system)))

    def reads(self, stream: Float[np.ndarray, "time channels"]) -> Float[np.ndarray, "time channels"]:
        """A stream in the numbers that this network learned from."""
        return as_odds(stream) if self.config.odds else stream

    @property
    def usual(self) -> Usual:
        """Of everybody in the training."""
        found: dict[str, Any] = {name: getattr(self, name).numpy() for name in USUAL}
        return Usual(**found)

    def become_used_to(self, usual: Usual) -> None:
        for name in USUAL:
            getattr(self, name).copy_(torch.from_numpy(getattr(usual, name)))

    def forward(self, faces: Faces) -> Float[Tensor, "batch emotions"]:
        """Not calibrated; divide by `temperature` for that."""
        logits = self.still(self.drop(faces.clip[:, : self.rows].flatten(1).clamp(-FAR, FAR)))
        if not self.config.width:
            return logits
        frames = faces.frames.clamp(-FAR, FAR)
        if self.config.change:
            frames = torch.cat([frames, F.pad(frames.diff(dim=1), (0, 0, 1, 0))], dim=-1)
        return logits + self.moving(self.along(frames, faces.mask))

    @torch.inference_mode()
    def probabilities(self, streams: Sequence[np.ndarray], usual: Sequence[Usual] | None = None) -> np.ndarray:
        """Calibrated, (clips, emotions).

        Args:
            streams: as this network `reads` them.
            usual: of the person in each; None takes everybody's.
        """
        against = usual or [self.usual] * len(streams)
        faces = batched(streams, [statistics(stream) for stream in streams], against, self.config.width > 0)
        return (self(faces) / self.temperature).softmax(dim=1).numpy()


USUAL = ("mean", "deviation", "frame_mean", "frame_deviation")
FAR = 5.0
"""Deviations; what is further from the usual says no more than this."""
