"""What the model knows after reading a clip, as one vector for each sense: what emotions are told from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from espressivo.systems.avlm.heads import STATISTICS
from espressivo.systems.avlm.model import Avlm
from espressivo.systems.avlm.packing import Batch
from espressivo.systems.avlm.seen import EXPRESSION
from espressivo.systems.avlm.spoken import MANNER

if TYPE_CHECKING:
    from jaxtyping import Float


class States(NamedTuple):
    """Of each clip.

    Attributes:
        voice: (clips, 2 dim + 1152): means of the hidden states of style and of pitch, and of how the seconds sound.
        face: (clips, dim + 216): the mean of the hidden states where the fusion puts a face in; mean, deviation, 90th
            percentile and change of blendshapes and pose.
    """

    voice: Float[Tensor, "clips voice"]
    face: Float[Tensor, "clips face"]

    @property
    def both(self) -> Float[Tensor, "clips both"]:
        return torch.cat([self.voice, self.face], dim=1)


def states_of(net: Avlm, batch: Batch, hidden: Float[Tensor, "time dim"]) -> States:
    """From the last hidden states of a batch; 0 for a sense that there is not."""
    layout = net.vocabulary.layout
    clip = torch.arange(len(batch.lengths), device=hidden.device).repeat_interleave(batch.lengths)
    ids, hidden = batch.ids, hidden.float()
    style = (ids >= layout.style_first) & (ids < layout.style_first + layout.style)
    pitch = (ids >= layout.pitch_first) & (ids < layout.style_first)
    manner = F.layer_norm(batch.manner, (MANNER,))
    spoken = batch.manner.abs().sum(1) > 0
    at = clip[batch.manner_at]
    count = len(batch.lengths)
    voice = [mean_of(hidden[style], clip[style], count), mean_of(hidden[pitch], clip[pitch], count)]
    voice.append(mean_of(manner[spoken], at[spoken], count))
    face = torch.zeros_like(clip, dtype=torch.bool)
    face[batch.places[batch.places >= 0]] = True
    face &= batch.faces.any(1)[clip]
    return States(torch.cat(voice, 1), torch.cat([mean_of(hidden[face], clip[face], count), moved(batch)], 1))


def mean_of(rows: Float[Tensor, "n width"], which: Tensor, count: int) -> Float[Tensor, "count width"]:
    """The mean of the rows of each clip; 0 where it has none."""
    total = rows.new_zeros(count, rows.shape[1]).index_add(0, which, rows)
    number = rows.new_zeros(count).index_add(0, which, rows.new_ones(len(which)))
    return total / number.clamp(min=1)[:, None]


def moved(batch: Batch) -> Float[Tensor, "clips 216"]:
    """Mean, deviation, 90th percentile and mean change of each channel; 0 where there is no face."""
    rows = []
    for stream, there in zip(batch.expression, batch.faces, strict=True):
        own = stream[there[: len(stream)]]
        if len(own) < 2:
            rows.append(stream.new_zeros(STATISTICS * EXPRESSION))
            continue
        change = own.diff(dim=0).abs().mean(0)
        rows.append(torch.cat([own.mean(0), own.std(0, correction=0), own.quantile(0.9, dim=0), change]))
    return torch.stack(rows)
