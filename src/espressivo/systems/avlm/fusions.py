"""Five ways to let a language model see: where in its row of embeddings what is seen comes in.

Source: arXiv 2508.16188 compares the same five; how they are built here is ours.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.clip import VIDEO_RATE
from espressivo.systems.avlm.packing import Batch
from espressivo.systems.avlm.sequence import NOWHEN, Sequence
from espressivo.systems.avlm.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

HEADS = 4


class Fusion(nn.Module):
    """Changes embeddings by what is seen.

    Attributes:
        slots: whether the row has places of its own for it.
        between: whether it works between the layers of the language model too.
    """

    slots: ClassVar[bool] = False
    between: ClassVar[bool] = False

    def __init__(self, dim: int, width: int, depth: int, layers: int) -> None:
        super().__init__()

    @classmethod
    def asks(cls, vocabulary: Vocabulary, sequence: Sequence) -> Bool[np.ndarray, " time"]:
        """Which places it changes: none, one that does not look."""
        return np.zeros(len(sequence), bool)

    def forward(
        self, embeddings: Float[Tensor, "time dim"], batch: Batch, visual: Float[Tensor, "clips frames width"]
    ) -> Float[Tensor, "time dim"]:
        """The embeddings that the first layer gets."""
        return embeddings

    def after(
        self,
        layer: int,
        hidden: Float[Tensor, "time dim"],
        batch: Batch,
        visual: Float[Tensor, "clips frames width"],
    ) -> Float[Tensor, "time dim"]:
        """What the layer after `layer` gets."""
        return hidden


class SpeechOnly(Fusion):
    """Does not look at all."""


class Concatenation(Fusion):
    """Puts beside each speech token the frame of its moment, and brings both back to one vector."""

    def __init__(self, dim: int, width: int, depth: int, layers: int) -> None:
        super().__init__(dim, width, depth, layers)
        self.both = nn.Sequential(nn.Linear(dim + width, width), nn.GELU(), nn.Linear(width, dim))
        nn.init.normal_(self.both[2].weight, std=0.02 / math.sqrt(width))  # type: ignore[arg-type]

    @classmethod
    def asks(cls, vocabulary: Vocabulary, sequence: Sequence) -> Bool[np.ndarray, " time"]:
        return sequence.moments > NOWHEN

    def forward(self, embeddings: Tensor, batch: Batch, visual: Tensor) -> Tensor:
        frame = batch.times.round().long().clamp(0, visual.shape[1] - 1)
        beside = visual.gather(1, frame[..., None].expand(-1, -1, visual.shape[2]))
        own = taken(embeddings, batch.places)
        return put(embeddings, batch.places, self.both(torch.cat([own, beside.to(own.dtype)], dim=-1)))


class Prefix(Fusion):
    """A Q-Former writes five tokens for each second of the face, which stand before the speech (the paper's best)."""

    slots = True

    def __init__(self, dim: int, width: int, depth: int, layers: int) -> None:
        super().__init__(dim, width, depth, layers)
        self.asker = Asker(dim, width, depth)

    @classmethod
    def asks(cls, vocabulary: Vocabulary, sequence: Sequence) -> Bool[np.ndarray, " time"]:
        return sequence.ids == vocabulary.face

    def forward(self, embeddings: Tensor, batch: Batch, visual: Tensor) -> Tensor:
        return put(embeddings, batch.places, self.asker(batch, visual))


class Infill(Prefix):
    """A Q-Former writes something in place of each speech token that was dropped."""

    slots = False

    @classmethod
    def asks(cls, vocabulary: Vocabulary, sequence: Sequence) -> Bool[np.ndarray, " time"]:
        return sequence.ids == vocabulary.dropped


class CrossAttention(Fusion):
    """Between layers of the language model, speech tokens look at the face themselves, through gates that begin shut.

    Source: Flamingo (arXiv 2204.14198) for the gates.
    """

    between = True

    def __init__(self, dim: int, width: int, depth: int, layers: int) -> None:
        super().__init__(dim, width, depth, layers)
        every = max(1, layers // depth)
        self.where = tuple(range(every - 1, layers, every))[:depth]
        self.looks = nn.ModuleList(Look(dim, width) for _ in self.where)
        self.gates = nn.Parameter(torch.zeros(len(self.where)))

    @classmethod
    def asks(cls, vocabulary: Vocabulary, sequence: Sequence) -> Bool[np.ndarray, " time"]:
        return sequence.moments > NOWHEN

    def after(self, layer: int, hidden: Tensor, batch: Batch, visual: Tensor) -> Tensor:
        if layer not in self.where:
            return hidden
        number = self.where.index(layer)
        found = self.looks[number](taken(hidden, batch.places), batch, visual)
        return put(hidden, batch.places, self.gates[number].tanh() * found)


class Look(nn.Module):
    """Attention from places with a moment to frames; near ones count more, how much more each head learns."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.norm, self.ask = nn.LayerNorm(dim), nn.Linear(dim, width)
        self.keys, self.values, self.out = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, dim)
        self.slopes = nn.Parameter(torch.linspace(-1, 3, HEADS))

    def forward(
        self, x: Float[Tensor, "clips places dim"], batch: Batch, visual: Float[Tensor, "clips frames width"]
    ) -> Float[Tensor, "clips places dim"]:
        frames = torch.arange(visual.shape[1], device=visual.device)
        far = (batch.times[..., None] - frames).abs() / VIDEO_RATE
        bias = -self.slopes.exp()[None, :, None, None] * far[:, None]
        there = batch.faces | ~batch.faces.any(1, keepdim=True)  # where there is no face at all, all say so
        bias = bias.masked_fill(~there[:, None, None], -torch.inf)
        ask, keys, values = (heads(part) for part in (self.ask(self.norm(x)), self.keys(visual), self.values(visual)))
        found = F.scaled_dot_product_attention(ask, keys, values, attn_mask=bias.to(ask.dtype))
        return self.out(found.transpose(1, 2).flatten(2))


class Asker(nn.Module):
    """The Q-Former: for each place and its moment a vector, found by looking at the frames again and again.

    Source: the Perceiver resampler of Flamingo; here queries know their moment and do not look at each other.
    """

    def __init__(self, dim: int, width: int, depth: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(width) * 0.02)
        self.looks = nn.ModuleList(Look(width, width) for _ in range(depth))
        self.feeds = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
            for _ in range(depth)
        )
        self.out = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, dim))
        nn.init.normal_(self.out[1].weight, std=0.1 / math.sqrt(width))  # type: ignore[arg-type]

    def forward(self, batch: Batch, visual: Float[Tensor, "clips frames width"]) -> Float[Tensor, "clips places dim"]:
        x = self.query.expand(*batch.times.shape, -1)
        for look, feed in zip(self.looks, self.feeds, strict=True):
            x = x + look(x, batch, visual)
            x = x + feed(x)
        return self.out(x)


def heads(x: Float[Tensor, "clips time width"]) -> Float[Tensor, "clips heads time part"]:
    return x.unflatten(-1, (HEADS, -1)).transpose(1, 2)


def taken(row: Float[Tensor, "time dim"], places: Tensor) -> Float[Tensor, "clips places dim"]:
    """What stands at the places; where there is none, at the first."""
    return row[places.clamp(min=0)]


def put(row: Float[Tensor, "time dim"], places: Tensor, what: Tensor) -> Float[Tensor, "time dim"]:
    """`what` (clips, places, dim) added to the row at the places."""
    there = places >= 0
    return row.index_add(0, places[there], what[there].to(row.dtype))


FUSIONS: dict[str, type[Fusion]] = {
    "none": SpeechOnly,
    "concatenation": Concatenation,
    "prefix": Prefix,
    "infill": Infill,
    "cross-attention": CrossAttention,
}
