"""People held out in turn: what trainings say of people they have not learned from, where no other data are at hand.

With a dozen people, setting one or two aside for good would cost more than it tells: whoever they are decides the
temperature. Held out in turn, everybody has a say in it, and the model that is kept learns from all of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from espressivo.metrics import classification
from espressivo.systems.face_emotion.examples import Examples
from espressivo.systems.face_emotion.person import LEAST_CLIPS
from espressivo.training.calibration import fit_temperature

if TYPE_CHECKING:
    from jaxtyping import Bool

_LOG = logging.getLogger(__name__)


class Judged(NamedTuple):
    """What was said of people who were not learned from.

    Attributes:
        logits: (clips, emotions), in each of the ways that a recipe teaches: as strangers, as people it knows.
        target: (clips,) numbers of the emotions shown.
    """

    logits: Mapping[str, Tensor]
    target: Tensor

    def temperature(self) -> float:
        """That makes it as sure as it is right, over all ways."""
        return fit_temperature(torch.cat(list(self.logits.values())), self.target.repeat(len(self.logits)))

    def scores(self) -> dict[str, float]:
        """Macro-F1 of each way, and "score", their mean."""
        truth, found = self.target.numpy(), dict[str, float]()
        for way, logits in self.logits.items():
            counts = classification.confusion(truth, logits.argmax(1).numpy(), logits.shape[1])
            found[way] = float(classification.macro_f1(counts))
        return {"score": float(np.mean(list(found.values()))), **found}


def held_in_turn(
    examples: Examples, folds: int, seed: int, judge: Callable[[Examples, Examples], Judged]
) -> Judged | None:
    """Everybody in `examples` judged once by what was learned from others; None where that cannot be.

    Args:
        folds: parts that the people are held out in, as far as there are so many people.
        judge: learns from the first examples and judges the second.
    """
    found, parts = [], list(_folds(examples, folds, seed))
    for number, (rest, own) in enumerate(parts, 1):
        taught = set(rest.labels)
        own = own.only(np.isin(own.labels, list(taught)))  # nobody can be sure of what was never taught
        if len(own) and len(taught) > 1 and len(rest) >= LEAST_CLIPS:
            _LOG.info("holding people out in turn to calibrate: %d of %d", number, len(parts))
            found.append(judge(rest, own))
    if not found:
        return None
    logits = {way: torch.cat([each.logits[way] for each in found]) for way in found[0].logits}
    return Judged(logits, torch.cat([each.target for each in found]))


def _folds(examples: Examples, folds: int, seed: int) -> Iterator[tuple[Examples, Examples]]:
    """Clips of nobody by name are in neither: they could be of anybody."""
    people, named = np.array([name or "" for name in examples.people]), _named(examples.people)
    names = np.random.default_rng(seed).permutation(np.unique(people[named]))
    count = min(folds, len(names))
    for held in np.array_split(names, count) if count > 1 else ():
        own = np.isin(people, held)
        yield examples.only(named & ~own), examples.only(own)


def _named(people: Sequence[str | None]) -> Bool[np.ndarray, " clips"]:
    return np.array([bool(name) for name in people], bool)
