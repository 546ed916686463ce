"""Measures of classification, all of them functions of the confusion matrix, so that resampling costs one product.

A confusion matrix counts true classes in rows and guesses in columns. Every function takes (…, classes, classes) and
gives (…): one matrix, or thousands of them at once. Classes that nobody is labelled with are left out of the means, as
in scikit-learn's `balanced_accuracy_score`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from espressivo.errors import InputError

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Num


def confusion(truth: Int[np.ndarray, " n"], guess: Int[np.ndarray, " n"], classes: int) -> Int[np.ndarray, "c c"]:
    """How often each true class (row) was taken for each class (column)."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(truth, guess, labels=np.arange(classes))


def uar(counts: Num[np.ndarray, "*many c c"]) -> Float[np.ndarray, "*many"]:
    """Unweighted average recall (balanced accuracy): the mean over classes of the share that was found."""
    return _mean_of_true(counts, _recall(counts))


def war(counts: Num[np.ndarray, "*many c c"]) -> Float[np.ndarray, "*many"]:
    """Weighted average recall, which is accuracy: the share of clips that were right."""
    return _ratio(_right(counts).sum(-1), counts.sum((-2, -1)))


def macro_f1(counts: Num[np.ndarray, "*many c c"]) -> Float[np.ndarray, "*many"]:
    """The mean over classes of F1, the harmonic mean of precision and recall."""
    return _mean_of_true(counts, _f1(counts))


METRICS = {"uar": uar, "war": war, "macro_f1": macro_f1}


def per_class(counts: Int[np.ndarray, "c c"], names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and number of clips of each class that there is."""
    precision, recall, f1, n = _ratio(_right(counts), counts.sum(-2)), _recall(counts), _f1(counts), counts.sum(-1)
    return {
        name: {"precision": float(precision[i]), "recall": float(recall[i]), "f1": float(f1[i]), "n": int(n[i])}
        for i, name in enumerate(names)
        if n[i] or counts[:, i].any()
    }


def majority(truth: Int[np.ndarray, " n"], classes: int) -> dict[str, float]:
    """What always saying the commonest class of the data would give, by metric."""
    common = np.full_like(truth, np.bincount(truth, minlength=classes).argmax())
    counts = confusion(truth, common, classes)
    return {name: float(metric(counts)) for name, metric in METRICS.items()}


def targets(labels: Sequence[str | None], names: Sequence[str]) -> Int[np.ndarray, " n"]:
    """The class number of each label.

    Raises:
        InputError: no clips; one without a label; or a label that the model was never taught.
    """
    if not labels:
        raise InputError("there is nothing to evaluate: give data with at least one labelled clip")
    missing = sum(label is None for label in labels)
    if missing:
        raise InputError(f"{missing} of {len(labels)} clips have no emotion: fill it in, or leave them out")
    strange = Counter(label for label in labels if label is not None and label not in names)
    if strange:
        told = ", ".join(f"{label!r} ({count} clips)" for label, count in sorted(strange.items()))
        raise InputError(f"the model was never taught {told}: it knows {', '.join(names)}; leave the others out")
    return np.array([list(names).index(label) for label in labels if label is not None], dtype=np.int64)


def _right(counts: np.ndarray) -> np.ndarray:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _recall(counts: np.ndarray) -> np.ndarray:
    return _ratio(_right(counts), counts.sum(-1))


def _f1(counts: np.ndarray) -> np.ndarray:
    return _ratio(2 * _right(counts), counts.sum(-1) + counts.sum(-2))


def _mean_of_true(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    there = counts.sum(-1) > 0
    return _ratio((values * there).sum(-1), there.sum(-1))


def _ratio(above: np.ndarray | np.number, below: np.ndarray | np.number) -> np.ndarray:
    """A quotient that is 0 where there is nothing to divide."""
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below != 0)
