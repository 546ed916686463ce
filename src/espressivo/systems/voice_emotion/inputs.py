"""From what was heard to what the network takes: one vector for an utterance, plain or against the speaker's others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

STATS = ("mean", "deviation", "change")
"""The second axis of `layers`, as `hearing.pooled` gives it."""
ALL = (*STATS, "melody")
FLOOR = 1e-3
DOUBT = 8.0
"""Clips of a speaker that weigh as much as what is known of speakers in general, for the deviation."""


def vector(pooled: Mapping[str, np.ndarray], stats: Sequence[str]) -> Float[np.ndarray, " inputs"]:
    """Those of ALL that `stats` names, one after the other, float32."""
    layers = pooled["layers"].astype(np.float32)
    parts = [layers[:, STATS.index(stat)].ravel() for stat in STATS if stat in stats]
    return np.concatenate([*parts, pooled["melody"]] if "melody" in stats else parts).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Habit:
    """How somebody speaks: mean and deviation of the vectors of some of their utterances, (inputs,) each."""

    mean: Float[np.ndarray, " inputs"]
    deviation: Float[np.ndarray, " inputs"]

    @classmethod
    def of(cls, x: Float[np.ndarray, "utterances inputs"], usual: Float[np.ndarray, " inputs"]) -> Habit:
        """Of one speaker's utterances; few of them say little about the deviation, so that it stays near the usual."""
        weight = len(x) / (len(x) + DOUBT)
        return cls(x.mean(axis=0), np.sqrt(weight * x.var(axis=0) + (1 - weight) * usual**2) + FLOOR)

    def relative(self, x: Float[np.ndarray, "*many inputs"]) -> Float[np.ndarray, "*many inputs"]:
        """How `x` differs from it."""
        return ((x - self.mean) / self.deviation).astype(np.float32)


def usual_deviation(x: Float[np.ndarray, "utterances inputs"], speakers: np.ndarray) -> Float[np.ndarray, " inputs"]:
    """Of utterances about their speaker's mean; every speaker weighs the same."""
    return np.sqrt(np.mean([x[speakers == name].var(axis=0) for name in np.unique(speakers)], axis=0))


def relative(
    x: Float[np.ndarray, "utterances inputs"], speakers: np.ndarray, usual: Float[np.ndarray, " inputs"]
) -> Float[np.ndarray, "utterances inputs"]:
    """Every utterance against its speaker's others; `speakers` (utterances,) are names."""
    out = np.empty_like(x)
    for name in np.unique(speakers):
        rows = speakers == name
        out[rows] = Habit.of(x[rows], usual).relative(x[rows])
    return out
