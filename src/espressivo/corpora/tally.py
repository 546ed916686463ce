"""How much of what there is: items, hours, speakers, emotions; counted as items go by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from espressivo.corpora.item import Item
from espressivo.corpora.recorded import seconds_of


@dataclass
class Tally:
    """A count that grows with `add`; `hours` is None where an item does not say how long it lasts."""

    items: int = 0
    seconds: float | None = 0.0
    speakers: Counter[str | None] = field(default_factory=Counter)
    emotions: Counter[str] = field(default_factory=Counter)

    def add(self, item: Item) -> None:
        length = seconds_of(item)
        self.items += 1
        self.seconds = None if self.seconds is None or length is None else self.seconds + length
        self.speakers[item.speaker] += 1
        if item.emotion is not None:
            self.emotions[item.emotion] += 1

    @property
    def hours(self) -> float | None:
        return None if self.seconds is None else self.seconds / 3600


def tally(items: Iterable[Item]) -> Tally:
    """The count of all `items`."""
    count = Tally()
    for item in items:
        count.add(item)
    return count
