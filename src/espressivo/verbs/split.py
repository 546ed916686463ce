"""Divide data so that whoever is heard in training is not heard in the test."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from espressivo.corpora.data import CUTS, TABLES, Data, read_data, writing_items
from espressivo.corpora.item import Item
from espressivo.corpora.shards import writing_shards
from espressivo.corpora.splits import Subset, by_part, by_speaker, leave_one_out
from espressivo.corpora.survey import survey
from espressivo.corpora.tally import Tally
from espressivo.errors import ConfigError, OutputError
from espressivo.media.files import writing_folder

WAYS = ("speaker", "part", "leave-one-out")


def split(
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    by: str = "speaker",
    shares: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
) -> dict[str, Tally]:
    """Writes the parts of `data` into the folder `out`, in the format that `data` has; returns what is in each.

    Args:
        by: "speaker" for train, validation and test with `shares` of the hours, drawn with `seed`; "part" for the
            corpus' own parts or folds; "leave-one-out" for a folder of each speaker, with that one as test and all
            others as train. The names of parts and speakers are made fit for files.

    Raises:
        InputError: as `read_data`, an id that is there twice, a speaker or part that is not known, or one speaker only.
        ConfigError: another way to split, or shares that make no sense.
        OutputError: the folder cannot be written; nothing half-written is left.
    """
    source, place = read_data(data), Path(out).expanduser()
    if place.is_dir() and any(place.iterdir()):  # parts of two splits in one folder would share speakers
        raise OutputError(f"{str(place)!r} holds something already: give a new folder, or delete it first")
    kind = _kind(source.path)
    if by not in WAYS:
        raise ConfigError(f"cannot split by {by!r}: choose one of {', '.join(WAYS)}")
    survey(source)
    if by == "leave-one-out":
        folds = leave_one_out(source)
    else:
        folds = {"": by_part(source) if by == "part" else by_speaker(source, shares, seed)}
    names, counts = _safe(folds), dict[str, Tally]()
    with writing_folder(place) as part:
        for fold, sides in folds.items():
            (part / names[fold]).mkdir(exist_ok=True)
            filled = _fill(part / names[fold], place / names[fold], source, sides, kind)
            counts |= {f"{names[fold]}/{side}".lstrip("/"): count for side, count in filled.items()}
    return counts


def _fill(folder: Path, home: Path, source: Data, sides: Mapping[str, Subset], kind: str) -> dict[str, Tally]:
    """Each item into the file of its side, in one go; the files will lie in `home`."""
    names, counts = _safe(sides), {side: Tally() for side in sides}
    with ExitStack() as opened:
        write = {side: opened.enter_context(_output(folder / names[side], home, kind)) for side in sides}
        whose = {value: side for side, part in sides.items() for value in part.values}
        attribute = next(iter(sides.values())).by
        for item in source:
            side = whose[getattr(item, attribute)]
            counts[side].add(item)
            write[side](item)
    return {names[side]: count for side, count in counts.items()}


def _kind(path: Path) -> str:
    """The suffix of the parts; none where they are shards."""
    if path.is_dir():
        return ""
    return ".csv" if path.name.lower().endswith(TABLES) else next(k for k in CUTS if path.name.lower().endswith(k))


def _output(place: Path, home: Path, kind: str) -> AbstractContextManager[Callable[[Item], None]]:
    return writing_items(place.with_name(place.name + kind), home) if kind else writing_shards(place)


def _safe(names: Iterable[str]) -> dict[str, str]:
    """A name for files and folders for each of `names`, no two the same."""
    safe: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^\w.-]+", "_", name).lstrip(".") or ("_" if name else "")
        taken = {other.lower() for other in safe.values()}  # some file systems do not tell case apart
        number = 2
        fresh = plain
        while fresh.lower() in taken:
            fresh, number = f"{plain}-{number}", number + 1
        safe[name] = fresh
    return safe
