"""What the model writes after what it has read: several rows side by side, the likeliest token each time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from espressivo.systems.avlm.attention import places_of
from espressivo.systems.avlm.model import Avlm
from espressivo.systems.avlm.packing import Batch


@torch.inference_mode()
def write(net: Avlm, batch: Batch, *, stop: int, most: int = 40) -> list[list[int]]:
    """Ids of text after each sequence of the batch, to `stop`, which is left out, or `most` of them."""
    from transformers import DynamicCache

    read = DynamicCache()
    hidden = net(batch, cache=read)
    past, there = _apart(read, batch.lengths)
    last = batch.lengths.cumsum(0) - 1
    hidden, place = hidden[last], batch.lengths
    out: list[list[int]] = [[] for _ in range(len(place))]
    alive = torch.ones(len(place), dtype=torch.bool)
    for step in range(most):
        ids = net.text_logits(hidden).argmax(-1)
        alive &= ids.cpu() != stop
        for row in torch.nonzero(alive)[:, 0].tolist():
            out[row].append(int(ids[row]))
        if not alive.any() or step == most - 1:
            break
        there = torch.cat([there, there.new_ones(len(there), 1)], dim=1)
        found = net.lm.base_model(
            inputs_embeds=net.embedded(ids)[:, None],
            attention_mask=there,
            position_ids=place[:, None],
            past_key_values=past,
            use_cache=True,
        )
        hidden, place = found.last_hidden_state[:, 0], place + 1
    return out


def _apart(read: Any, lengths: Tensor) -> tuple[Any, Tensor]:
    """What was read in one row, a row for each sequence, padded on the right; and where it is not (rows, time)."""
    from transformers import DynamicCache

    gather = places_of(lengths).gather
    past = DynamicCache()
    for number, layer in enumerate(read.layers):
        keys, values = (part[0][:, gather].transpose(0, 1).contiguous() for part in (layer.keys, layer.values))
        past.update(keys, values, number)
    there = torch.arange(gather.shape[1], device=lengths.device) < lengths[:, None]
    return past, there.long()
