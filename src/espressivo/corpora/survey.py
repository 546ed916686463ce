"""One look at data before any work on it: no id twice, who speaks, and from which corpora it is."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from espressivo.corpora.data import Data
from espressivo.corpora.licences import corpus_of
from espressivo.errors import InputError


@dataclass(frozen=True)
class Survey:
    """What there is in data: how many items of each speaker (None: nobody knows) and of each corpus."""

    speakers: Counter[str | None] = field(default_factory=Counter)
    corpora: Counter[str] = field(default_factory=Counter)


def survey(data: Data) -> Survey:
    """Goes through `data` once, opening no recording.

    Raises:
        InputError: a row that makes no sense; or one id twice, with both places.
    """
    found, ids = Survey(), Ids()
    for _, item in data.located():
        ids.add(item.id)
        found.speakers[item.speaker] += 1
        found.corpora[corpus_of(item)] += 1
    ids.check(data)
    return found


class Ids:
    """Finds ids that come twice; keeps 8 bytes of each."""

    def __init__(self) -> None:
        self._hashes = array("q")

    def add(self, name: str) -> None:
        self._hashes.append(hash(name))

    def check(self, data: Data) -> None:
        """Raises InputError where one of the ids, which are those of `data`, came twice."""
        ordered = np.sort(np.frombuffer(self._hashes, np.int64)) if self._hashes else np.zeros(0, np.int64)
        twice = set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
        places: dict[str, str] = {}
        # Few are looked at again: only those that may be there twice.
        for place, item in data.located() if twice else ():
            if hash(item.id) not in twice:
                continue
            if item.id in places:
                told = f"{str(data.path)!r}: {places[item.id]} and {place} have the same id {item.id!r}"
                raise InputError(f"{told}: leave one out, or give each an id of its own (in the column 'id')")
            places[item.id] = place
