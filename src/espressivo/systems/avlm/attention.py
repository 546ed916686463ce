"""Attention over one long row that holds many sequences: each is looked at by itself, and nothing is padded but here.

Everything else in a transformer treats each place alone, so that only attention needs to know where a sequence ends.
Registered with transformers by name, so that any model that takes attention from there can use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.errors import ConfigError

if TYPE_CHECKING:
    from jaxtyping import Float, Int

NAME = "espressivo-packed"
MULTIPLE = 32  # of places, that sequences are padded to: matrices in bfloat16 are several times as fast on CPUs


class Places(NamedTuple):
    """Where the sequences lie.

    Attributes:
        gather: (sequences, longest) which place of the row each is, that of the last one beyond its end.
        scatter: (places,) which of the flattened `gather` each place is.
    """

    gather: Int[Tensor, "sequences longest"]
    scatter: Int[Tensor, " places"]


_NOW: ContextVar[Places] = ContextVar("places")


@contextmanager
def apart(lm: Any, lengths: Tensor) -> Iterator[None]:
    """While this lasts, `lm` reads rows of sequences of these lengths (sequences,)."""
    register()
    before, token = lm.config._attn_implementation, _NOW.set(places_of(lengths))
    lm.set_attn_implementation(NAME)
    try:
        yield
    finally:
        _NOW.reset(token)
        lm.set_attn_implementation(before)


def places_of(lengths: Tensor) -> Places:
    longest = -(-int(lengths.max()) // MULTIPLE) * MULTIPLE
    first = lengths.cumsum(0) - lengths
    place = torch.arange(longest, device=lengths.device)
    gather = first[:, None] + torch.minimum(place, lengths[:, None] - 1)
    return Places(gather, torch.nonzero((place < lengths[:, None]).flatten())[:, 0])


def attend(
    module: nn.Module,
    query: Float[Tensor, "1 heads places part"],
    key: Float[Tensor, "1 fewer places part"],
    value: Float[Tensor, "1 fewer places part"],
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **rest: Any,
) -> tuple[Float[Tensor, "1 places heads part"], None]:
    """What transformers calls: each place attends to those before it in its own sequence, and to itself.

    Raises:
        ConfigError: a model whose attention is limited in ways that this one does not know.
    """
    now = _NOW.get()
    limits = [name for name in ("sliding_window", "softcap", "s_aux") if rest.get(name) is not None]
    if limits:
        raise ConfigError(f"the language model's attention has {', '.join(limits)}: choose one without")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    q, k, v = (part[0][:, now.gather].transpose(0, 1) for part in (query, key, value))  # (sequences, heads, longest, …)
    found = _causal(q, k, v, scale)
    return found.transpose(1, 2).flatten(0, 1)[now.scatter][None], None


def _causal(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
    """Causal attention, several heads of `q` to each of `k` and `v`."""
    if q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale, enable_gqa=q.shape[1] != k.shape[1])
    # On CPUs PyTorch's fused attention takes up to four times as long as matrices multiplied in bfloat16.
    sequences, heads, longest, part = q.shape
    shared = (q * scale).reshape(sequences, k.shape[1], -1, part)
    scores = (shared @ k.transpose(-1, -2)).view(sequences, heads, longest, longest)
    later = torch.ones(longest, longest, dtype=torch.bool, device=q.device).triu(1)
    weights = scores.masked_fill(later, torch.finfo(scores.dtype).min).softmax(-1)
    return (weights.view(sequences, k.shape[1], -1, longest) @ v).view(sequences, heads, longest, part)


def register() -> None:
    """Tells transformers of it; it makes no mask for it."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, _no_mask)


def _no_mask(*given: Any, **named: Any) -> None:
    return None
