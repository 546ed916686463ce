"""What `evaluate` finds out about a system, and the JSON it writes."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from espressivo.errors import InputError
from espressivo.metrics import classification as of
from espressivo.metrics.bootstrap import confusion_rows, interval
from espressivo.metrics.calibration import reliability

if TYPE_CHECKING:
    from jaxtyping import Float

PACKAGES = ("espressivo", "numpy", "onnxruntime", "scikit-learn", "torch")
Interval = tuple[float, float]
Metric = Callable[[np.ndarray], np.ndarray]
Who = Sequence[str | None] | None


@dataclass(frozen=True)
class Guesses:
    """What a classifier said of each clip, and what is true: all that the pictures need.

    Attributes:
        names: of the classes.
        truth: (n,) class numbers.
        probabilities: (n, classes).
    """

    names: tuple[str, ...]
    truth: np.ndarray
    probabilities: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        return of.confusion(self.truth, self.probabilities.argmax(1), len(self.names))


@dataclass(frozen=True)
class Evaluation:
    """How good a system is on some data.

    Attributes:
        n: clips that were judged.
        metrics: by name.
        intervals: 95 %, of those metrics that have one.
        per_class: measures of each class.
        baseline: the same metrics for always saying the commonest class.
        guesses: of a classifier; None for other systems.
        speakers: how many, as far as is known.
        skipped: clips that could not be judged, and why.
        notes: whatever else belongs to the numbers.
    """

    n: int
    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    per_class: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    baseline: Mapping[str, float] = field(default_factory=dict)
    guesses: Guesses | None = None
    speakers: int = 0
    skipped: Sequence[tuple[str, str]] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self, **facts: Any) -> dict[str, Any]:
        """For JSON, `facts` (system, data, checkpoint …) first."""
        found: dict[str, Any] = {
            "n": self.n,
            "speakers": self.speakers,
            "metrics": dict(self.metrics),
            "intervals": {name: list(bounds) for name, bounds in self.intervals.items()},
            "baseline": dict(self.baseline),
            "per_class": {name: dict(values) for name, values in self.per_class.items()},
        }
        if self.guesses is not None:
            found["confusion"] = {"names": list(self.guesses.names), "counts": self.guesses.counts.tolist()}
        found["skipped"] = [{"id": name, "reason": reason} for name, reason in self.skipped]
        return {**facts, **found, **self.notes}


def classified(
    names: Sequence[str],
    labels: Sequence[str | None],
    probabilities: Float[np.ndarray, "n c"],
    speakers: Sequence[str | None] | None = None,
    *,
    skipped: Sequence[tuple[str, str]] = (),
    seed: int = 0,
) -> Evaluation:
    """The evaluation of a classifier: UAR, accuracy (WAR), macro-F1 and calibration error, each with its interval.

    Args:
        names: classes, in the order of the probabilities.
        labels: the true class of each clip, by name.
        speakers: of each clip, as far as known; they are what is drawn for the intervals.

    Raises:
        InputError: see `classification.targets`; or probabilities that are none.
    """
    truth = of.targets(labels, names)
    wanted = (len(truth), len(names))
    if probabilities.shape != wanted or not np.isfinite(probabilities).all():
        raise InputError(f"wanted finite probabilities of shape {wanted}, got {probabilities.shape}")
    guesses = Guesses(tuple(names), truth, probabilities)
    counts, bins = guesses.counts, reliability(truth, probabilities)
    flat = confusion_rows(truth, probabilities.argmax(1), len(names))
    metrics = {name: float(metric(counts)) for name, metric in of.METRICS.items()} | {"ece": bins.error}
    metrics["ece_adaptive"] = reliability(truth, probabilities, adaptive=True).error
    intervals = {name: _spread(metric, flat, len(names), speakers, seed) for name, metric in of.METRICS.items()}
    intervals["ece"] = interval(
        np.hstack([bins.sums(), np.ones((len(truth), 1))]),
        lambda sums: np.abs(sums[:, :-1]).sum(1) / sums[:, -1],
        speakers,
        seed=seed,
    )
    return Evaluation(
        n=len(truth),
        metrics=metrics,
        intervals=intervals,
        per_class=of.per_class(counts, names),
        baseline=of.majority(truth, len(names)),
        guesses=guesses,
        speakers=len({name for name in speakers or () if name is not None}),
        skipped=tuple(skipped),
    )


def _spread(metric: Metric, flat: np.ndarray, classes: int, speakers: Who, seed: int) -> Interval:
    """The interval of a metric, from each clip's cell of the flat confusion matrix."""
    return interval(flat, lambda sums: metric(sums.reshape(-1, classes, classes)), speakers, seed=seed)


def versions() -> dict[str, str]:
    """Of Python and the packages that numbers hang on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def picture_paths(json: Path) -> dict[str, Path]:
    """Where the pictures beside a JSON go: result.json, result.confusion.png, result.reliability.png."""
    return {kind: json.with_name(f"{json.stem}.{kind}.png") for kind in ("confusion", "reliability")}
