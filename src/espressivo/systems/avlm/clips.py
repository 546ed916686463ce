"""Recordings as the model reads them: what was heard and seen in each, kept in the feature cache."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from espressivo.corpora.features import FeatureStore, extract
from espressivo.corpora.item import Item
from espressivo.corpora.skips import Skipped, none_left
from espressivo.systems.avlm.noise import Noise
from espressivo.systems.avlm.seen import TURNED, Seen, SeenFeature
from espressivo.systems.avlm.spoken import Spoken, SpokenFeature
from espressivo.training.seeds import threads


@dataclass(frozen=True, eq=False)
class Clips:
    """Recordings that could be used.

    Attributes:
        items: they.
        heard: for each noise, and first without any, what was heard in it.
        seen: the faces; None where nobody looks.
        skipped: the others, and why.
    """

    items: list[Item]
    heard: tuple[FeatureStore, ...]
    seen: FeatureStore | None
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def spoken(self, number: int, noise: int = 0) -> Spoken:
        """The voice of a clip; in a noise, counted from 1."""
        return Spoken.of(self.heard[noise][self.items[number]])

    def face(self, number: int) -> Seen | None:
        """The face of a clip; None where there is none, or nobody looks."""
        arrays = None if self.seen is None else self.seen.get(self.items[number])
        return None if arrays is None else Seen.of(arrays)

    def only(self, numbers: Iterable[int]) -> Clips:
        return Clips([self.items[i] for i in numbers], self.heard, self.seen)

    def speakers(self) -> set[str | None]:
        return {item.speaker for item in self.items}


def read_clips(
    items: Iterable[Item],
    *,
    ear: str = "permissive",
    noises: Sequence[Noise] = (),
    look: bool = True,
    faces: bool = False,
    jobs: int = 1,
) -> Clips:
    """Listens to all items and looks at them, or finds in the cache what was heard and seen before.

    Args:
        ear: licence of the weights that hear the style.
        look: at faces as well.
        faces: whether a clip without one is of no use.

    Raises:
        InputError: nothing is left.
    """
    wanted = list(items)
    with threads(1):
        reports = [extract(wanted, SpokenFeature(ear, noise), jobs=jobs) for noise in (None, *noises)]
        watched = extract(wanted, SeenFeature(), jobs=jobs) if look else None
    heard, seen = tuple(report.store for report in reports), None if watched is None else watched.store
    why = {name: reason for report in reports for name, reason in report.skipped}
    if watched is not None and seen is not None and faces:
        why = dict(watched.skipped) | turned_away(wanted, seen) | why
    kept = [item for item in wanted if item.id not in why]
    if not kept:
        raise none_left(list(why.items()))
    return Clips(kept, heard, seen, tuple(why.items()))


def turned_away(items: Iterable[Item], seen: FeatureStore) -> dict[str, str]:
    """Those whose head is turned so far that little of the face is to be seen, by name, and that it is so."""
    yaws = {item.id: Seen.of(seen[item]).yaw for item in items if item in seen}
    told = "the head is turned by {:.0f}° on average: {:.0f}° at most"
    return {name: told.format(yaw, TURNED) for name, yaw in yaws.items() if yaw > TURNED}


def faces_of(items: Iterable[Item], jobs: int = 1) -> list[Seen]:
    """The faces of all items that show one; nobody listens."""
    wanted = list(items)
    with threads(1):
        seen = extract(wanted, SeenFeature(), jobs=jobs).store
    return [Seen.of(seen[item]) for item in wanted if item in seen]
