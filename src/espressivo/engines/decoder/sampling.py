"""From logits to the next token, in numpy and cheap: a step of the small model leaves only milliseconds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from espressivo.errors import ConfigError


@dataclass(frozen=True)
class Sampling:
    """How a token is drawn: greedily at temperature 0, else from the `top_k` likeliest that make up `top_p`.

    Raises:
        ConfigError: a value out of its range.
    """

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        if self.temperature < 0 or self.top_k < 1 or not 0 < self.top_p <= 1:
            raise ConfigError(f"sampling wants temperature ≥ 0, top_k ≥ 1 and 0 < top_p ≤ 1, got {self}")


class Sampler:
    """Draws tokens for one sequence; the same seed and logits give the same tokens.

    Args:
        row: which of several sequences sampled together; each has its own random numbers.
        allowed: the only ids that may be drawn; None for all.
    """

    def __init__(self, sampling: Sampling, row: int = 0, allowed: Collection[int] | None = None) -> None:
        if allowed is not None and not len(allowed):
            raise ConfigError("allowed_ids is empty: at least one token must be allowed")
        self.sampling = sampling
        self.allowed = None if allowed is None else np.array(sorted(set(allowed)))
        self._random = np.random.default_rng([sampling.seed, row])

    def __call__(self, logits: np.ndarray) -> int:
        """The id drawn from `logits` (vocabulary,)."""
        if self.allowed is None:
            return self._draw(logits)
        return int(self.allowed[self._draw(logits[self.allowed])])

    def _draw(self, logits: np.ndarray) -> int:
        if self.sampling.temperature == 0:
            return int(logits.argmax())
        best = likeliest(logits, self.sampling.top_k)
        weights = np.exp((logits[best] - logits[best[0]]).astype(np.float64) / self.sampling.temperature)
        mass = np.cumsum(weights)
        # The nucleus is the shortest run from the top that holds top_p of the mass.
        kept = int(np.searchsorted(mass, self.sampling.top_p * mass[-1])) + 1
        kept = min(kept, len(mass))
        drawn = np.searchsorted(mass[:kept], self._random.random() * mass[kept - 1], side="right")
        return int(best[min(int(drawn), kept - 1)])


def likeliest(logits: np.ndarray, count: int, group: int = 128) -> np.ndarray:
    """Indices of the `count` largest, largest first.

    Partitioning all of a vocabulary costs more than the rest of sampling together. The largest `count` lie in the
    `count` runs with the largest maxima, so only those runs are looked into.
    """
    whole = len(logits) // group * group
    if count * group * 2 < whole:
        peaks = logits[:whole].reshape(-1, group).max(-1)
        runs = np.argpartition(peaks, -count)[-count:]
        inside = (runs[:, None] * group + np.arange(group)).ravel()
        candidates = np.concatenate([inside, np.arange(whole, len(logits))])
    else:
        candidates = np.arange(len(logits))
    values = logits[candidates]
    if count < len(values):
        chosen = np.argpartition(values, -count)[-count:]
        candidates, values = candidates[chosen], values[chosen]
    return candidates[np.argsort(-values, kind="stable")]


def log_softmax(logits: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Log probabilities of `ids` (n,) under `logits` (n, vocabulary)."""
    peak = logits.max(-1, keepdims=True)
    total = np.log(np.exp(logits - peak).sum(-1, dtype=np.float64)) + peak[:, 0]
    return np.take_along_axis(logits, ids[:, None], -1)[:, 0] - total
