"""What is to be made: how many clips of which emotion, out of which recordings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice

import numpy as np

from espressivo.corpora.item import Item
from espressivo.emotion import EMOTIONS
from espressivo.errors import ConfigError

ATTEMPTS = 3
SOURCES = ("any", "same")


@dataclass(frozen=True)
class Wanted:
    """A clip to make.

    Attributes:
        tag: "happy-0003": it ends the clip's id, and names its file.
        number: of the clip among those of its emotion.
        sources: one for each attempt.
    """

    tag: str
    emotion: str
    number: int
    sources: tuple[Item, ...]

    @property
    def id(self) -> str:
        return self.tag


def lacking(counts: Mapping[str, int], per_class: int) -> dict[str, int]:
    """Clips that each emotion lacks to `per_class`, in the taxonomy's order; those that lack none are left out."""
    return {name: per_class - counts[name] for name in EMOTIONS if 0 < counts.get(name, 0) < per_class}


def dealt(items: Sequence[Item], random: np.random.Generator) -> Iterator[Item]:
    """The items in turn without end, so that first the speakers and then each speaker's recordings come equally often.

    Whoever is not known counts as one speaker. An item comes again when its speaker's others have all come.
    """
    hands: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        hands[item.speaker or ""].append(item)
    names, left = sorted(hands), dict[str, list[Item]]()
    while names:
        for turn in random.permutation(len(names)):
            name = names[turn]
            if not left.get(name):
                left[name] = [hands[name][i] for i in random.permutation(len(hands[name]))]
            yield left[name].pop()


def evenly(items: Sequence[Item], most: int, seed: int) -> list[Item]:
    """At most `most` of the items, of all speakers alike as far as they reach; in their order."""
    if len(items) <= most:
        return list(items)
    chosen: set[str] = set()
    for item in dealt(items, np.random.default_rng(seed)):
        chosen.add(item.id)
        if len(chosen) == most:
            break
    return [item for item in items if item.id in chosen]


def plan(
    lacks: Mapping[str, int], usable: Sequence[Item], taken: Collection[str], *, sources: str = "any", seed: int = 0
) -> list[Wanted]:
    """The clips to make, of the emotions in `lacks` so many each.

    Args:
        usable: recordings that can be sources, each with its emotion.
        taken: ids in the data: no clip's id may be one of them.
        sources: "any" takes words and voice from recordings of all emotions, "same" from those of the emotion itself.

    Raises:
        ConfigError: other sources.
    """
    if sources not in SOURCES:
        raise ConfigError(f"cannot take sources from {sources!r}: choose one of {', '.join(SOURCES)}")
    random, ends = np.random.default_rng(seed), {name.rpartition("#")[2] for name in taken}
    everything = dealt(usable, random)
    wanted: list[tuple[str, str, int, list[Item]]] = []
    for emotion, lack in lacks.items():
        fresh = ((f"{emotion}-{number:04d}", number) for number in count())
        free = ((tag, number) for tag, number in fresh if tag not in ends)
        wanted += [(tag, emotion, number, []) for tag, number in islice(free, lack)]
    own = {name: dealt([item for item in usable if item.emotion == name], random) for name in lacks}
    # All first attempts before any second one: few are refused, and it is the first that should be even.
    for _ in range(ATTEMPTS):
        for _, emotion, _, tries in wanted:
            tries += islice(own[emotion] if sources == "same" else everything, 1)
    return [Wanted(tag, emotion, number, tuple(tries)) for tag, emotion, number, tries in wanted if tries]


def labels(items: Sequence[Item]) -> Counter[str]:
    """How many there are of each emotion."""
    return Counter(item.emotion for item in items if item.emotion is not None)
