"""Data in parts for training, validation and testing, so that no speaker is on two sides.

Who is heard in training is recognised by voice and face, and a test on them says little about anybody else. A part is
a view: it goes through the items again each time it is iterated, so nothing is copied and memory stays flat. That
takes items that can be gone through again: a Data or a list.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from espressivo.corpora.item import Item
from espressivo.corpora.tally import Tally
from espressivo.errors import ConfigError, InputError

PARTS = ("train", "validation", "test")
# Draws to choose from, fewer where there are more speakers: thousands balance by themselves.
_DRAWS, _WORK = 200, 200_000
_TOLD = 5


@dataclass(frozen=True)
class Subset:
    """Those of `items` whose attribute `by` is one of `values`."""

    items: Iterable[Item]
    by: str
    values: frozenset[str]

    def __iter__(self) -> Iterator[Item]:
        return (item for item in self.items if getattr(item, self.by) in self.values)

    def speakers(self) -> set[str | None]:
        return {item.speaker for item in self}


def by_speaker(items: Iterable[Item], shares: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0) -> dict[str, Subset]:
    """Train, validation and test with about `shares` of the hours (of the items, where lengths are not known).

    The best of many seeded draws: first, every emotion that two speakers or more express is in train; then the shares
    are near, and validation and test lack few emotions. Two speakers give no validation.

    Raises:
        InputError: a speaker is not known, or there is only one.
        ConfigError: shares that are not three numbers from 0 to 1 with a sum of 1, or without train.
    """
    wanted = _shares(shares)
    counts = _by_speaker(items)
    names = [name for name in wanted if len(counts) > 2 or name != "validation"]
    timed = all(count.seconds for count in counts.values())
    weights = {name: float((timed and count.seconds) or count.items) for name, count in counts.items()}
    best, least = dict[str, str](), math.inf
    for draw in range(max(1, min(_DRAWS, _WORK // len(counts)))):
        sides = _draw(weights, {name: wanted[name] for name in names}, random.Random(f"{seed} {draw}"))
        cost = _cost(sides, counts, weights, wanted)
        if cost < least:
            best, least = sides, cost
    return {name: Subset(items, "speaker", _those(best, name)) for name in names}


def leave_one_out(items: Iterable[Item], by: str = "speaker") -> dict[str, dict[str, Subset]]:
    """For each speaker in turn a train of all others and a test of that one.

    Args:
        by: "speaker", or "part" for the corpus' own folds.

    Raises:
        InputError: an item without one, or only one in all.
    """
    names = sorted(_by_speaker(items) if by == "speaker" else _named(items, "part"))
    if len(names) < 2:
        raise InputError(f"there is one {by} only ({names[0]}): nothing is left to train on when it is left out")
    everyone = frozenset(names)
    return {
        name: {"train": Subset(items, by, everyone - {name}), "test": Subset(items, by, frozenset({name}))}
        for name in names
    }


def by_part(items: Iterable[Item]) -> dict[str, Subset]:
    """The corpus' own parts or folds, by their names; warns when a speaker is in two of them.

    Raises:
        InputError: an item without a part.
    """
    counts = _named(items, "part")
    order = [*(name for name in PARTS if name in counts), *sorted(name for name in counts if name not in PARTS)]
    shared = _shared({name: set(counts[name].speakers) for name in order})
    if shared:
        warnings.warn(f"the corpus' own parts share speakers: {_listed(shared)}", stacklevel=2)
    return {name: Subset(items, "part", frozenset({name})) for name in order}


def check_disjoint(parts: Mapping[str, Iterable[str | None]], allow: bool = False) -> None:
    """Makes sure that no speaker is in two of `parts`, given as the speakers of each (`Data.speakers()`).

    Warns where it cannot be known because a speaker is not (None, or nobody named), and, with `allow`, where it is so.

    Raises:
        InputError: names the speakers who are, unless `allow`.
    """
    known = {name: set(speakers) for name, speakers in parts.items()}
    blind = [name for name, speakers in known.items() if None in speakers or not speakers]
    if blind:
        told = " and ".join(blind)
        warnings.warn(f"who speaks in {told} is not always known: speakers may be on both sides", stacklevel=2)
    shared = _shared(known)
    if not shared:
        return
    told = f"{len(shared)} speakers are" if len(shared) > 1 else "a speaker is"
    line = f"{told} on both sides ({' and '.join(known)}): {_listed(shared)}"
    if not allow:
        raise InputError(f"{line}; split by speaker, or give --allow-shared-speakers if that is what you want")
    warnings.warn(line, stacklevel=2)


def _shared(parts: Mapping[str, set[str | None]]) -> list[str]:
    seen, shared = set[str | None](), set[str | None]()
    for speakers in parts.values():
        shared |= seen & speakers
        seen |= speakers
    return sorted(name for name in shared if name is not None)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(names[:_TOLD]) + more


def _named(items: Iterable[Item], by: str) -> dict[str, Tally]:
    """What there is of each speaker or part."""
    counts: dict[str, Tally] = {}
    total, nameless, first = 0, 0, ""
    for item in items:
        total += 1
        name = getattr(item, by)
        if name is None:
            nameless, first = nameless + 1, first or item.id
        else:
            counts.setdefault(name, Tally()).add(item)
    if nameless:
        raise InputError(f"{nameless} of {total} items name no {by}, the first is {first}: fill in the {by}")
    if not counts:
        raise InputError("there are no items to split")
    return counts


def _by_speaker(items: Iterable[Item]) -> dict[str, Tally]:
    counts = _named(items, "speaker")
    if len(counts) == 1:
        only = next(iter(counts))
        raise InputError(f"one speaker only ({only}): train and test would hear the same person; add another's data")
    return counts


def _shares(shares: Sequence[float]) -> dict[str, float]:
    fit = len(shares) == len(PARTS) and all(0 <= share <= 1 for share in shares) and math.isclose(sum(shares), 1)
    if not fit or not shares[0]:
        given = ", ".join(f"{share:g}" for share in shares)
        raise ConfigError(f"got shares of {given}: give train, validation and test, such as 0.8, 0.1, 0.1")
    return {name: share for name, share in zip(PARTS, shares, strict=True) if share}


def _draw(weights: Mapping[str, float], wanted: Mapping[str, float], dice: random.Random) -> dict[str, str]:
    """A side for each speaker: one for each side first, then whoever is next to the side that lacks most."""
    names = sorted(weights)
    dice.shuffle(names)
    lacking = {side: share * sum(weights.values()) for side, share in wanted.items()}
    empty, sides = list(wanted), dict[str, str]()
    for name in names:
        side = empty.pop(0) if empty else max(lacking, key=lambda side: lacking[side])
        sides[name] = side
        lacking[side] -= weights[name]
    return sides


def _cost(
    sides: Mapping[str, str], counts: Mapping[str, Tally], weights: Mapping[str, float], wanted: Mapping[str, float]
) -> float:
    """How far a draw is from what is wanted."""
    total, got = sum(weights.values()), dict.fromkeys(wanted, 0.0)
    felt: dict[str, set[str]] = {side: set() for side in wanted}
    voices: dict[str, int] = {}
    for name, side in sides.items():
        got[side] += weights[name] / total
        felt[side].update(counts[name].emotions)
        for emotion in counts[name].emotions:
            voices[emotion] = voices.get(emotion, 0) + 1
    untaught = sum(number > 1 and emotion not in felt["train"] for emotion, number in voices.items())
    untested = sum(emotion not in felt[side] for side in wanted for emotion in voices) / max(1, len(voices))
    return 10 * untaught + sum(abs(got[side] - wanted[side]) for side in wanted) + 0.1 * untested


def _those(sides: Mapping[str, str], side: str) -> frozenset[str]:
    return frozenset(name for name, own in sides.items() if own == side)
