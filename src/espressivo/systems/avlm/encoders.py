"""From what is seen in each frame to a row of vectors: by blendshapes, the outline of the lips, or pictures."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.errors import ConfigError
from espressivo.systems.avlm.packing import Batch
from espressivo.systems.avlm.seen import EXPRESSION, LIPS, PICTURE

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

KERNEL, LAYERS = 5, 3


class Along(nn.Module):
    """Convolutions along time, each added to what comes in; what lies beyond a clip's end is 0 to them."""

    def __init__(self, inputs: int, width: int, layers: int = LAYERS) -> None:
        super().__init__()
        self.into = nn.Linear(inputs, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.steps = nn.ModuleList(nn.Conv1d(width, width, KERNEL, padding="same") for _ in range(layers))

    def forward(
        self, x: Float[Tensor, "clips frames inputs"], there: Bool[Tensor, "clips frames"]
    ) -> Float[Tensor, "clips frames width"]:
        mask = there[..., None].to(x.dtype)
        x = self.into(x)
        for norm, step in zip(self.norms, self.steps, strict=True):
            x = x + F.gelu(step((norm(x) * mask).transpose(1, 2)).transpose(1, 2))
        return x


class Encoder(nn.Module):
    """Looks at one part of what is seen.

    Attributes:
        parts: of Seen, that it looks at.
    """

    parts: ClassVar[tuple[str, ...]]

    def forward(self, batch: Batch) -> Float[Tensor, "clips frames width"]:
        raise NotImplementedError


class Moving(Encoder):
    """Numbers of each frame: as they are, and less the clip's own middle, for faces differ at rest."""

    inputs: ClassVar[int]

    def __init__(self, width: int) -> None:
        super().__init__()
        self.along = Along(2 * self.inputs, width)
        self.register_buffer("mean", torch.zeros(self.inputs))
        self.register_buffer("deviation", torch.ones(self.inputs))

    def forward(self, batch: Batch) -> Float[Tensor, "clips frames width"]:
        x = (getattr(batch, self.parts[0]) - self.mean) / self.deviation
        mask = batch.faces[..., None]
        middle = (x * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp(min=1)
        return self.along(torch.cat([x, x - middle], dim=-1), batch.faces)

    @torch.no_grad()
    def fit(self, frames: Float[Tensor, "frames inputs"]) -> None:
        """Takes the scale of its inputs from all frames of the training."""
        self.mean.copy_(frames.mean(0))  # type: ignore[operator]
        deviation = frames.std(0)
        self.deviation.copy_(deviation.clamp(min=0.1 * float(deviation.mean()) + 1e-4))  # type: ignore[operator]


class Expression(Moving):
    """Blendshapes and the head's pose."""

    parts, inputs = ("expression",), EXPRESSION


class Landmarks(Moving):
    """The outline of the lips."""

    parts, inputs = ("lips",), LIPS


class Pixels(Encoder):
    """Pictures of the mouth and of the face, each by itself, then along time."""

    parts = ("mouth", "face")

    def __init__(self, width: int) -> None:
        super().__init__()
        channels = (2, 32, 64, 96)
        self.steps = nn.ModuleList(
            nn.Conv2d(before, after, 5 if k == 0 else 3, stride=2, padding=2 if k == 0 else 1)
            for k, (before, after) in enumerate(pairwise(channels))
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, after) for after in channels[1:])
        self.flat = nn.Linear(channels[-1] * (PICTURE // 8) ** 2, width)
        self.along = Along(width, width)

    def forward(self, batch: Batch) -> Float[Tensor, "clips frames width"]:
        there = batch.faces
        if not there.any():
            return self.along(batch.times.new_zeros(*there.shape, self.flat.out_features), there)
        pictures = torch.stack([batch.mouth[there], batch.face[there]], dim=1).float() / 255
        flat = pictures.flatten(2)
        x = (pictures - flat.mean(2)[..., None, None]) / (flat.std(2, correction=0)[..., None, None] + 0.05)
        for step, norm in zip(self.steps, self.norms, strict=True):
            x = F.gelu(norm(step(x)))
        vectors = self.flat(x.flatten(1))
        frames = vectors.new_zeros(*there.shape, vectors.shape[1])
        frames[there] = vectors
        return self.along(frames, there)


ENCODERS: dict[str, type[Encoder]] = {"expression": Expression, "landmarks": Landmarks, "pixels": Pixels}


def parts_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Of Seen, that these encoders look at.

    Raises:
        ConfigError: a name that is not in ENCODERS, twice the same, or none.
    """
    if not names or len(set(names)) < len(names) or not set(names) <= set(ENCODERS):
        raise ConfigError(f"got the encoders {', '.join(names) or 'none'}: choose from {', '.join(ENCODERS)}")
    return tuple(part for name in names for part in ENCODERS[name].parts)


class Eye(nn.Module):
    """One or several encoders, added up; where there is no face, a vector that says so. Raises as `parts_of`."""

    def __init__(self, names: tuple[str, ...], width: int) -> None:
        super().__init__()
        parts_of(names)
        self.encoders = nn.ModuleDict({name: ENCODERS[name](width) for name in names})
        self.nobody = nn.Parameter(torch.zeros(width))
        self.norm = nn.LayerNorm(width)

    def forward(self, batch: Batch) -> Float[Tensor, "clips frames width"]:
        found = sum(encoder(batch) for encoder in self.encoders.values())
        return torch.where(batch.faces[..., None], self.norm(found), self.nobody)
