"""Where the wanted prosody comes from: another recording of the emotion, two of them mixed, or a draw from them all.

The prosody of a recording is the mean over its seconds, one point. What `augment` gives to a source is such a point:
how the source's own prosody moves about its mean stays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from espressivo.errors import ConfigError, InputError

if TYPE_CHECKING:
    from jaxtyping import Float

FLOOR = 1e-3
"""Least deviation of a number, so that one that never moves can be divided by."""


@dataclass(frozen=True, eq=False)
class Prosodies:
    """Of the recordings of one emotion: their ids, and a row of `means` (recordings, style) for each."""

    emotion: str
    ids: tuple[str, ...]
    means: Float[np.ndarray, "recordings style"]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Target:
    """A prosody to give.

    Attributes:
        point: (style,) float32.
        ids: of the recordings that it is taken from; none of a draw, to which all of the emotion contributed.
        weight: of the first of two.
    """

    point: Float[np.ndarray, " style"]
    ids: tuple[str, ...] = ()
    weight: float | None = None


class Way(ABC):
    """Draws prosodies of one emotion.

    Args:
        own: of its recordings.
        within: (style,) how far recordings deviate from the mean of their emotion, over all emotions.

    Attributes:
        least: recordings of the emotion that it needs,
        besides: not counting the source, should that be one of them.
    """

    least: ClassVar[int]
    besides: ClassVar[bool] = True

    def __init__(self, own: Prosodies, within: Float[np.ndarray, " style"]) -> None:
        self.own = own

    @abstractmethod
    def draw(self, random: np.random.Generator, source: str) -> Target:
        """One of them; never that of the recording `source` itself.

        Raises:
            InputError: too few recordings are left without the source.
        """

    def _others(self, source: str) -> list[int]:
        rows = [row for row, name in enumerate(self.own.ids) if name != source]
        if len(rows) < self.least:
            raise InputError(f"{len(rows)} recordings of {self.own.emotion} besides the source, {self.least} needed")
        return rows


class Other(Way):
    """The prosody of another recording."""

    least = 1

    def draw(self, random: np.random.Generator, source: str) -> Target:
        row = int(random.choice(self._others(source)))
        return Target(self.own.means[row], (self.own.ids[row],))


class Mix(Way):
    """A point on the line between two others, anywhere with the same probability (as mixup does with examples)."""

    least = 2

    def draw(self, random: np.random.Generator, source: str) -> Target:
        one, two = (int(row) for row in random.choice(self._others(source), 2, replace=False))
        weight = float(random.uniform())
        point = weight * self.own.means[one] + (1 - weight) * self.own.means[two]
        return Target(point.astype(np.float32), (self.own.ids[one], self.own.ids[two]), weight)


class Sample(Way):
    """A draw from the Gaussian of the emotion's prosodies.

    A rare emotion has hardly more recordings than a prosody has numbers, so their covariance alone is uncertain, or
    even singular. It is shrunk, after each number is divided by its deviation within emotions, towards a multiple of
    the identity: with few recordings the draw trusts what holds for all emotions, with many the emotion's own
    correlations. How far is worked out from the data, by the formula for Gaussian samples (OAS: Chen,
    Wiesel, Eldar and Hero, arXiv 0907.4698), which is nearer the best than that of Ledoit and Wolf when there are few,
    and leaves no setting to tune.
    """

    least, besides = 2, False

    def __init__(self, own: Prosodies, within: Float[np.ndarray, " style"]) -> None:
        super().__init__(own, within)
        from sklearn.covariance import oas

        self._mean, self._scale = own.means.mean(axis=0), np.maximum(within, FLOOR)
        if len(own) >= self.least:
            scaled = ((own.means - self._mean) / self._scale).astype(np.float64)
            covariance, self.shrinkage = oas(scaled, assume_centered=True)
            self._root = np.linalg.cholesky(covariance + FLOOR * np.eye(len(covariance)))

    def draw(self, random: np.random.Generator, source: str) -> Target:
        if len(self.own) < self.least:
            raise InputError(f"{len(self.own)} recordings of {self.own.emotion}, {self.least} needed")
        point = self._mean + self._scale * (self._root @ random.standard_normal(len(self._root)))
        return Target(point.astype(np.float32))


WAYS: dict[str, type[Way]] = {"other": Other, "mix": Mix, "sample": Sample}


def way(name: str) -> type[Way]:
    """Raises ConfigError for a name that is not in WAYS."""
    if name not in WAYS:
        raise ConfigError(f"unknown style {name!r}: choose one of {', '.join(WAYS)}")
    return WAYS[name]


def ways(name: str, heard: Sequence[Prosodies]) -> Mapping[str, Way]:
    """One for each emotion that was heard, by name. Raises ConfigError as `way`."""
    kind, within = way(name), deviation(heard)
    return {own.emotion: kind(own, within) for own in heard}


def deviation(heard: Sequence[Prosodies]) -> Float[np.ndarray, " style"]:
    """Of recordings about the mean of their emotion, all emotions together, (style,)."""
    apart = np.concatenate([own.means - own.means.mean(axis=0) for own in heard])
    return np.sqrt((apart**2).mean(axis=0))
