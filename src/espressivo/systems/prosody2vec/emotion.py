"""Emotion from prosody and units: the prosody encoder, trained before without labels, learns on with them.

Three heads judge every recording: by prosody, by what is said, by both. Each learns for itself; the first two do not
know of the third.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from espressivo.emotion import check_emotions
from espressivo.nn.convnext import Reader
from espressivo.systems.prosody2vec.model import ProsodyConfig, ProsodyEncoder

if TYPE_CHECKING:
    from jaxtyping import Float

HEADS = ("prosody", "units", "both")
NARROW = 96


@dataclass(frozen=True)
class EmotionConfig:
    """config.json beside the weights.

    Attributes:
        emotions: that it tells apart.
        prosody: of the encoder that it began with.
        corpora: that it was trained on.
    """

    name: str
    licence: str
    emotions: tuple[str, ...]
    prosody: ProsodyConfig
    corpora: tuple[str, ...] = ()
    system: str = "prosody2vec-emotion"

    def __post_init__(self) -> None:
        check_emotions(self.emotions)


class Pool(nn.Module):
    """Frames to the mean and deviation of each channel, weighed by attention (Desplanques et al., arXiv 2005.07143)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.Linear(width, 64), nn.Tanh(), nn.Linear(64, width))

    def forward(
        self, x: Float[Tensor, "batch frames width"], mask: Float[Tensor, "batch frames"]
    ) -> Float[Tensor, "batch both"]:
        weight = self.attention(x).clamp(-8, 8).exp() * mask[..., None]
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-4)
        mean = (weight * x).sum(1)
        power = (weight * x.square()).sum(1)
        return torch.cat([mean, (power - mean.square()).clamp(min=1e-4).sqrt()], dim=-1)


class EmotionNet(nn.Module):
    """Shapes: `seen` (batch, frames, SEEN) as the prosody encoder sees it, `content` (batch, frames, 64)."""

    temperature: Tensor

    def __init__(self, config: EmotionConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        width, classes = config.prosody.prosody_width, len(config.emotions)
        self.prosody = ProsodyEncoder(config.prosody).reader
        self.content = Reader(config.prosody.content, NARROW, 2, config.prosody.kernel)
        self.pools = nn.ModuleDict({"prosody": Pool(width), "units": Pool(NARROW)})
        sizes = {"prosody": 2 * width, "units": 2 * NARROW, "both": 2 * width + 2 * NARROW}
        self.norms = nn.ModuleDict({name: nn.BatchNorm1d(sizes[name]) for name in ("prosody", "units")})
        self.heads = nn.ModuleDict({name: nn.Linear(size, classes) for name, size in sizes.items()})
        self.drop = nn.Dropout(dropout)
        self.register_buffer("temperature", torch.ones(()))

    def forward(
        self,
        seen: Float[Tensor, "batch frames seen"],
        content: Float[Tensor, "batch frames content"],
        mask: Float[Tensor, "batch frames"],
    ) -> dict[str, Tensor]:
        """Logits (batch, emotions) of each head."""
        lone = mask[..., None]
        found = {
            "prosody": self.norms["prosody"](self.pools["prosody"](self.prosody(seen * lone), mask)),
            "units": self.norms["units"](self.pools["units"](self.content(content * lone), mask)),
        }
        # The joint head does not teach the branches: else the easier of the two would stop learning.
        found["both"] = torch.cat([found["prosody"], found["units"]], dim=-1)
        return {name: self.heads[name](self.drop(x)) / self.temperature for name, x in found.items()}

    @classmethod
    def load(cls, folder: Path) -> EmotionNet:
        """A network that was trained before.

        Raises:
            AssetError: the folder does not hold one.
        """
        from espressivo.assets.model import load_weights, read_config

        return load_weights(folder, cls(read_config(folder, EmotionConfig, EmotionConfig.system)))
