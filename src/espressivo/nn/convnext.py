"""Convolutions along time as ConvNeXt makes them, plain or told by a condition how to see what they see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from jaxtyping import Float


class ConvNeXt(nn.Module):
    """Each channel along time, then all channels in each frame, beside a shortcut (Liu et al., arXiv 2201.03545).

    Args:
        condition: numbers in a frame that scale and shift what the block has normalised (Perez et al., arXiv
            1709.07871); at first they do nothing. 0 for none.
        told: how many more there are after these, which weights of their own listen to.
    """

    def __init__(self, width: int, kernel: int, condition: int = 0, told: int = 0) -> None:
        super().__init__()
        self.near = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.2))
        if condition:
            self.film = nn.Linear(condition, 2 * width)
            nn.init.zeros_(self.film.weight)
            nn.init.zeros_(self.film.bias)
        self.told = nn.Linear(told, 2 * width, bias=False) if told else None
        if self.told is not None:
            nn.init.zeros_(self.told.weight)

    def forward(
        self, x: Float[Tensor, "batch frames width"], condition: Float[Tensor, "batch frames condition"] | None = None
    ) -> Float[Tensor, "batch frames width"]:
        y = self.norm(self.near(x.transpose(1, 2)).transpose(1, 2))
        if condition is not None:
            gain, shift = self._listened(condition).chunk(2, dim=-1)
            y = y * (1 + gain) + shift
        return x + self.scale * self.down(F.gelu(self.up(y)))

    def _listened(self, condition: Tensor) -> Tensor:
        if self.told is None:
            return self.film(condition)
        given, told = condition.split([self.film.in_features, self.told.in_features], dim=-1)
        return self.film(given) + self.told(told)


class Reader(nn.Module):
    """Frames of any kind to frames of `width` numbers that know their surroundings.

    Args:
        condition, told: numbers in a frame of the condition; 0 for none. It may have one frame for all of them.
    """

    def __init__(self, inputs: int, width: int, layers: int, kernel: int, condition: int = 0, told: int = 0) -> None:
        super().__init__()
        self.enter = nn.Conv1d(inputs, width, kernel, padding=kernel // 2)
        self.blocks = nn.ModuleList(ConvNeXt(width, kernel, condition, told) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(
        self, x: Float[Tensor, "batch frames inputs"], condition: Float[Tensor, "batch _ condition"] | None = None
    ) -> Float[Tensor, "batch frames width"]:
        x = self.enter(x.transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x, condition)
        return self.norm(x)
