"""How sure a number is: intervals by drawing the data again and again (Efron and Tibshirani, 1993).

Whoever speaks is drawn as a whole, where it is known: clips of one person are alike, and a thousand of them by seven
people say less than a thousand by a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Int

RESAMPLES, LEVEL = 1000, 0.95

FEWEST = 3


def interval(
    rows: Float[np.ndarray, "n columns"],
    statistic: Callable[[np.ndarray], np.ndarray],
    groups: Sequence[str | None] | None = None,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> tuple[float, float]:
    """The percentile interval of `statistic`.

    Args:
        rows: what each clip adds to the sums that the statistic is made of.
        statistic: from sums (resamples, columns) to values (resamples,).
        groups: who each clip is by; None is a group of its own. Fewer than FEWEST say nothing about others: then clips
            are drawn.
    """
    number = _numbered(groups) if groups is not None else np.arange(len(rows))
    if number.max() + 1 < FEWEST:
        number = np.arange(len(rows))
    summed = np.zeros((int(number.max()) + 1, rows.shape[1]))
    np.add.at(summed, number, rows)
    count = len(summed)
    # How often each group is drawn: that is all a resample is.
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    values = statistic(times.astype(float) @ summed)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def confusion_rows(
    truth: Int[np.ndarray, " n"], guess: Int[np.ndarray, " n"], classes: int
) -> Float[np.ndarray, "n cells"]:
    """Each clip's one cell of the flat confusion matrix."""
    rows = np.zeros((len(truth), classes * classes))
    rows[np.arange(len(truth)), truth * classes + guess] = 1
    return rows


def _numbered(groups: Sequence[str | None]) -> np.ndarray:
    known: dict[object, int] = {}
    return np.array([known.setdefault(object() if group is None else group, len(known)) for group in groups])
