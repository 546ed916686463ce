"""What a vector still tells: how well a linear classifier, trained on some of them, names a label of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

FOLDS = 5
STRENGTH = 1.0  # inverse of the penalty, on standardised vectors


class Probe(NamedTuple):
    """How often the label was right, averaged over the labels, and how often it would be by chance."""

    recall: float
    chance: float

    @property
    def times_chance(self) -> float:
        return self.recall / self.chance


def probe(
    x: Float[np.ndarray, "n dim"],
    labels: Sequence[str],
    groups: Sequence[str] | None = None,
    *,
    seed: int = 0,
    strength: float = STRENGTH,
) -> Probe | None:
    """Multinomial logistic regression, cross-validated; None where there is nothing to tell apart.

    Args:
        groups: what may not be on both sides, such as speakers; by default every vector is its own.
        strength: inverse of the penalty.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    names, y = np.unique(np.asarray(labels), return_inverse=True)
    if len(names) < 2 or np.bincount(y).min() < FOLDS or (groups is not None and len(set(groups)) < 2):
        return None
    if groups is None:
        splits = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, y)
    else:
        splits = GroupKFold(min(FOLDS, len(set(groups)))).split(x, y, np.asarray(groups))
    guess, folds = np.zeros(len(y), int), list(splits)
    if any(len(np.unique(y[rest])) < 2 for rest, _ in folds):
        return None
    for rest, part in folds:
        # The solver runs in fp64 whatever it gets; fp32 inputs only make it slower to settle.
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=strength, max_iter=500, class_weight="balanced")
        ).fit(x[rest].astype(np.float64), y[rest])
        guess[part] = model.predict(x[part].astype(np.float64))
    recall = np.mean([np.mean(guess[y == i] == i) for i in range(len(names))])
    return Probe(float(recall), 1.0 / len(names))
