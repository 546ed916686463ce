"""Sequences of unequal length packed into one row: nothing is padded, and none of them sees another (attention.py)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Rows
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from espressivo.systems.avlm.seen import EXPRESSION, LIPS, PICTURE, Seen
from espressivo.systems.avlm.sequence import Sequence

if TYPE_CHECKING:
    from jaxtyping import Bool

Asks = Callable[[Sequence], "Bool[np.ndarray, ' time']"]
"""Which places of a row a fusion changes by what is seen."""

NOBODY = -1


class Batch(NamedTuple):
    """Sequences one after the other, `time` places in all; clips in the order of the sequences.

    Attributes:
        ids, targets, position: (time,); the position counts from each sequence's beginning.
        lengths: (clips,) of the sequences.
        manner, manner_at: (seconds, 1152), and the places (seconds,) they belong to.
        places, times: (clips, most) where what is seen belongs, NOBODY beyond a clip's own; and the moments of these.
        expression, lips, mouth, face: (clips, frames, …) as in Seen, nothing of a part that is not looked at.
        faces: (clips, frames) bool, whether there is one in that frame.
    """

    ids: Tensor
    targets: Tensor
    position: Tensor
    lengths: Tensor
    manner: Tensor
    manner_at: Tensor
    places: Tensor
    times: Tensor
    expression: Tensor
    lips: Tensor
    mouth: Tensor
    face: Tensor
    faces: Tensor


def pack(sequences: Rows[Sequence], asks: Asks, parts: Rows[str] = ()) -> Batch:
    """One batch of all sequences.

    Args:
        parts: of Seen, that are looked at.
    """
    lengths = np.array([len(one) for one in sequences])
    first = np.cumsum(lengths) - lengths
    asked = [np.flatnonzero(asks(one)) for one in sequences]
    places = _padded([begin + own for begin, own in zip(first, asked, strict=True)], NOBODY)
    times = _padded([one.moments[own] for one, own in zip(sequences, asked, strict=True)], 0)
    arrays = (
        np.concatenate([one.ids for one in sequences]),
        np.concatenate([one.targets for one in sequences]),
        np.concatenate([np.arange(length) for length in lengths]),
        lengths,
        np.concatenate([one.manner for one in sequences]).astype(np.float32),
        np.concatenate([begin + one.manner_at for begin, one in zip(first, sequences, strict=True)]),
        places,
        times.astype(np.float32),
        *_watched([one.seen for one in sequences], parts),
    )
    return Batch(*(torch.from_numpy(array) for array in arrays))


def _watched(seen: Rows[Seen | None], parts: Rows[str]) -> tuple[np.ndarray, ...]:
    """The faces of all clips, as long as the longest; a clip without one has none in any frame."""
    frames = max([1, *(len(one) for one in seen if one is not None)])
    shapes = {"expression": (EXPRESSION,), "lips": (LIPS,), "mouth": (PICTURE, PICTURE), "face": (PICTURE, PICTURE)}
    kinds = {"expression": np.float32, "lips": np.float32, "mouth": np.uint8, "face": np.uint8}
    found = {}
    for name, shape in shapes.items():
        there = frames if name in parts else 0
        found[name] = np.zeros((len(seen), there, *shape), kinds[name])
    faces = np.zeros((len(seen), frames), bool)
    for i, one in enumerate(seen):
        if one is not None:
            faces[i, : len(one)] = True
            for name in parts:
                found[name][i, : len(one)] = getattr(one, name)
    return (*found.values(), faces)


def _padded(rows: Rows[np.ndarray], empty: int) -> np.ndarray:
    length = max([1, *map(len, rows)])
    return np.stack([np.pad(row, (0, length - len(row)), constant_values=empty) for row in rows])
