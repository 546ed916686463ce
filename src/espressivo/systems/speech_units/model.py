"""The bottleneck between what an encoder hears and 500 units: taught to keep the sounds of words and little else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.errors import ConfigError

if TYPE_CHECKING:
    from jaxtyping import Float, Int

STACK = 2  # frames of the encoder for one unit: from 50 to 25 a second


@dataclass(frozen=True)
class UnitConfig:
    """What a set of units is: config.json beside its weights.

    Attributes:
        encoder, layer: what it listens to, see signal/encoder.py.
        inputs: numbers in a frame of the encoder.
        hidden, width: of the bottleneck's layers and of its output.
        phones: that it was taught to tell apart.
        counts: sizes of its codebooks, the first is the default.
        lag: seconds by which a unit comes after the moment it tells of.
    """

    name: str
    licence: str
    encoder: str = "whisper-tiny-en"
    layer: int = 3
    inputs: int = 384
    hidden: int = 512
    width: int = 64
    phones: int = 1
    counts: tuple[int, ...] = (500, 100)
    lag: float = 0.015
    dropout: float = 0.2
    system: str = "speech-units"

    def __post_init__(self) -> None:
        if not self.counts:
            raise ConfigError("it has no codebook")


class UnitNet(nn.Module):
    """Frames to points in a small space where what sounds alike lies together, and codebooks of that space."""

    def __init__(self, config: UnitConfig) -> None:
        super().__init__()
        self.config = config
        self.first = nn.Linear(STACK * config.inputs, config.hidden)
        self.second = nn.Linear(config.hidden, config.hidden)
        self.out = nn.Linear(config.hidden, config.width)
        self.phones = nn.Linear(config.width, config.phones)
        self.dropout = nn.Dropout(config.dropout)
        for count in config.counts:
            self.register_buffer(f"codebook_{count}", torch.zeros(count, config.width))

    def forward(self, x: Float[Tensor, "frames inputs"]) -> Float[Tensor, "frames phones"]:
        """Logits of the phones, from frames that `stacked` made."""
        return self.phones(self.embed(x))

    def embed(self, x: Float[Tensor, "frames inputs"]) -> Float[Tensor, "frames width"]:
        """Points in the bottleneck."""
        x = F.gelu(self.first(self.dropout(x)))
        return self.out(F.gelu(self.second(self.dropout(x))))

    def codebook(self, count: int) -> Float[Tensor, "count width"]:
        """The points that units stand for, by how many there are."""
        return self.get_buffer(f"codebook_{count}")

    def units(self, x: Float[Tensor, "frames inputs"], count: int) -> Int[Tensor, " frames"]:
        """The nearest unit of each frame."""
        points, codes = self.embed(x), self.codebook(count)
        return (points @ codes.T - codes.square().sum(dim=1) / 2).argmax(dim=1)

    @classmethod
    def load(cls, folder: Path) -> UnitNet:
        """A network that was trained before.

        Raises:
            AssetError: the folder does not hold one.
        """
        from espressivo.assets.model import load_weights, read_config

        return load_weights(folder, cls(read_config(folder, UnitConfig, UnitConfig.system)))


def stacked(features: Float[Tensor, "frames dim"]) -> Float[Tensor, "half both"]:
    """Pairs of encoder frames, each made to mean 0 and deviation 1: how loud a layer is says nothing about sounds."""
    frames = F.layer_norm(features, features.shape[-1:])
    return frames[: len(frames) // STACK * STACK].reshape(-1, STACK * features.shape[-1])
