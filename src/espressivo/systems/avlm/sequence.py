"""One clip as the row that the model reads: text, speech and places for what is seen, and what it should say next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from espressivo.signal.tokens import PER_PITCH, PER_STYLE
from espressivo.systems.avlm.seen import Seen
from espressivo.systems.avlm.spoken import MANNER, Spoken
from espressivo.systems.avlm.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float, Int

NOTHING = -100
"""The target where nothing is to be learned."""
NOWHEN = -1.0
"""The moment of what has none: text."""
PER_SLOT = 5
"""Frames that a place for what is seen stands for: 5 places a second, as in the paper."""


@dataclass(frozen=True, eq=False)
class Sequence:
    """A row.

    Attributes:
        ids: (time,).
        targets: (time,) the id that ought to follow, NOTHING where that is not learned.
        moments: (time,) frames of 40 ms from the clip's start; NOWHEN for text.
        manner, manner_at: (seconds, 1152) and the places (seconds,) of the style tokens that they belong to.
        seen: the face; None where there is none to look at.
    """

    ids: Int[np.ndarray, " time"]
    targets: Int[np.ndarray, " time"]
    moments: Float[np.ndarray, " time"]
    manner: Float[np.ndarray, "seconds manner"]
    manner_at: Int[np.ndarray, " seconds"]
    seen: Seen | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass
class Writer:
    """Puts a row together, from left to right."""

    vocabulary: Vocabulary
    _ids: list[np.ndarray] = field(default_factory=list)
    _learned: list[np.ndarray] = field(default_factory=list)
    _moments: list[np.ndarray] = field(default_factory=list)
    _manner: list[np.ndarray] = field(default_factory=list)
    _manner_at: list[np.ndarray] = field(default_factory=list)
    _seen: Seen | None = None

    @property
    def length(self) -> int:
        return sum(map(len, self._ids))

    def text(self, ids: Iterable[int], learned: bool = False) -> Writer:
        row = np.fromiter(ids, np.int64)
        return self._add(row, row if learned else None, np.full(len(row), NOWHEN))

    def face(self, seen: Seen | None, slots: bool) -> Writer:
        """What is seen, with places of its own or without."""
        self._seen = seen
        if seen is None or not slots:
            return self
        count = -(-len(seen) // PER_SLOT)
        times = np.arange(count) * float(PER_SLOT) + (PER_SLOT - 1) / 2
        return self._add(np.full(count, self.vocabulary.face), None, times)

    def speech(
        self,
        spoken: Spoken,
        *,
        dropped: np.ndarray | None = None,
        learned: np.ndarray | bool = False,
        manner: bool = True,
    ) -> Writer:
        """Speech tokens between their marks.

        Args:
            dropped: (tokens,) bool, those that the model does not get to read.
            learned: (tokens,) bool, those that it should foresee; or all of them, with the end, or none.
            manner: whether how each second sounds is put in as well, where its style token is not dropped.
        """
        words, layout = self.vocabulary, self.vocabulary.layout
        row, times = spoken.tokens.ids(layout), moments(spoken)
        missing = np.zeros(len(row), bool) if dropped is None else dropped
        styles = np.flatnonzero((row >= layout.style_first) & (row < layout.style_first + layout.style))
        heard = ~missing[styles] & manner
        self._manner.append(spoken.manner[: len(styles)][heard])
        self._manner_at.append(self.length + 1 + styles[heard])
        ids = np.concatenate([[words.begin], np.where(missing, words.dropped, row), [words.end]])
        wish = np.full(len(row), learned) if isinstance(learned, bool) else learned
        wanted = np.concatenate([[NOTHING], np.where(wish, row, NOTHING), [words.end if learned is True else NOTHING]])
        return self._add(ids, wanted, np.concatenate([times[:1], times, times[-1:]]))

    def silence(self, frames: int) -> Writer:
        """So many frames of which nothing was heard: a dropped token for each."""
        words, times = self.vocabulary, np.arange(frames, dtype=np.float32)
        ids = np.concatenate([[words.begin], np.full(frames, words.dropped), [words.end]])
        return self._add(ids, None, np.concatenate([times[:1], times, times[-1:]]))

    def done(self) -> Sequence:
        ids, learned, times = (np.concatenate(rows) for rows in (self._ids, self._learned, self._moments))
        targets = np.append(learned[1:], NOTHING)  # each place foresees the next
        manner = np.concatenate(self._manner) if self._manner else np.zeros((0, MANNER), np.float32)
        places = np.concatenate(self._manner_at) if self._manner_at else np.zeros(0, np.int64)
        return Sequence(ids, targets, times.astype(np.float32), manner, places, self._seen)

    def _add(self, ids: np.ndarray, learned: np.ndarray | None, times: np.ndarray) -> Writer:
        self._ids.append(ids.astype(np.int64))
        self._learned.append(np.full(len(ids), NOTHING) if learned is None else learned.astype(np.int64))
        self._moments.append(times)
        return self


def moments(spoken: Spoken) -> Float[np.ndarray, " tokens"]:
    """When each token of the woven row begins, in frames of 40 ms."""
    tokens = spoken.tokens
    styles = 0 if tokens.style is None else len(tokens.style)
    steps = ((len(tokens.units), 1, 2), (len(tokens.pitch), PER_PITCH, 1), (styles, PER_STYLE, 0))
    times = np.concatenate([np.arange(count) * step for count, step, _ in steps])
    ranks = np.concatenate([np.full(count, rank) for count, _, rank in steps])
    return times[np.lexsort((ranks, times))].astype(np.float32)
