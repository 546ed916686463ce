"""`DATA`, as commands take it: a CSV, a Lhotse CutSet or a folder of shards, read item by item.

Nothing holds all items at once: a Data is read from its beginning each time it is iterated, whatever its size.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from espressivo.corpora.cuts import cut_of, read_cuts
from espressivo.corpora.item import Item
from espressivo.corpora.shards import Packed, read_labels, read_shards
from espressivo.corpora.table import read_table, table_writer
from espressivo.errors import InputError, OutputError
from espressivo.media.files import writing

TABLES, CUTS = (".csv", ".tsv"), (".jsonl.gz", ".jsonl")


@dataclass(frozen=True)
class Data:
    """Items on disk, in their order there; iterate it as often as you like."""

    path: Path

    def __iter__(self) -> Iterator[Item]:
        return read_shards(self.path) if self.path.is_dir() else map(itemgetter(1), _numbered(self.path))

    def located(self) -> Iterator[tuple[str, Item]]:
        """Every item and where it stands ("line 3"); of shards the cuts alone are read, so these have no sound."""
        if self.path.is_dir():
            yield from read_labels(self.path)
            return
        for number, item in _numbered(self.path):
            yield f"line {number}", item

    def speakers(self) -> set[str | None]:
        """Everybody who speaks; None is among them where an item does not tell."""
        return {item.speaker for _, item in self.located()}


def read_data(path: str | os.PathLike[str]) -> Data:
    """The items that `path` names: a .csv, a .jsonl.gz or .jsonl of cuts, or a folder of Lhotse Shar shards.

    Raises:
        InputError: missing, of another kind, without a column `path`, or empty. A row that makes no sense is met, and
            named by its line, when the Data is iterated.
    """
    data = Data(Path(path).expanduser())
    if not data.path.exists():
        raise InputError(f"no data at {str(path)!r}: give a CSV or a CutSet, or make one with 'espressivo prepare'")
    if next(data.located(), None) is None:
        raise InputError(f"{str(path)!r} holds no items: give data with a row for each recording")
    return data


def write_data(path: str | os.PathLike[str], items: Iterable[Item]) -> int:
    """Writes `items` to a .csv, .jsonl.gz or .jsonl, one at a time; returns how many there were.

    Raises:
        InputError: no items; or a recording that cannot be opened, which a CutSet needs to know how long it is.
        OutputError: another suffix, or it cannot be written; nothing half-written is left.
    """
    count = 0
    with writing_items(path) as write:
        for item in items:
            write(item)
            count += 1
        if not count:
            raise InputError(f"there are no items to write to {str(path)!r}")
    return count


@contextmanager
def writing_items(path: str | os.PathLike[str], home: Path | None = None) -> Iterator[Callable[[Item], None]]:
    """A function that adds an item to the data at `path`, which is there when the block ends well.

    `home` is the folder that it will lie in, if it is moved there afterwards.

    Raises:
        OutputError: as `write_data`.
    """
    place = Path(path)
    kind = kind_of(place)
    with writing(place) as part, _text(part, kind) as file:
        write = table_writer(file, home or place.parent) if kind in TABLES else _cut_writer(file)

        def checked(item: Item) -> None:
            if isinstance(item, Packed):
                raise InputError(f"{item.id} comes out of a shard, not a file: write shards, not {place.name}")
            write(item)

        yield checked


def kind_of(path: Path) -> str:
    """The suffix that says how data is written.

    Raises:
        OutputError: it is not one of ours.
    """
    kind = next((kind for kind in (".csv", *CUTS) if path.name.lower().endswith(kind)), None)
    if kind is None:
        raise OutputError(f"cannot write data to {str(path)!r}: give a name that ends in .csv, .jsonl.gz or .jsonl")
    return kind


def _numbered(path: Path) -> Iterator[tuple[int, Item]]:
    """The items of a file, each with its line."""
    name = path.name.lower()
    if name.endswith(TABLES):
        return read_table(path)
    if name.endswith(CUTS):
        return read_manifest(path)
    raise InputError(f"{str(path)!r} is no data: give a .csv, a CutSet (.jsonl.gz) or a folder of shards")


def read_manifest(path: Path) -> Iterator[tuple[int, Item]]:
    """The items of a CutSet, each with its line.

    Raises:
        InputError: cut off, not gzip though its name says so, or a line that is not a cut.
    """
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            yield from read_cuts(lines, path)
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise InputError(f"{str(path)!r} is cut off or damaged ({error}): make it again") from None


def _cut_writer(file: TextIO) -> Callable[[Item], None]:
    def write(item: Item) -> None:
        print(json.dumps(cut_of(item)), file=file)

    return write


@contextmanager
def _text(part: Path, kind: str) -> Iterator[TextIO]:
    """Open for UTF-8 lines; the time is left out of gzip's header, so that the same items give the same bytes."""
    with part.open("wb") as raw:
        packed = gzip.GzipFile("", "wb", 6, raw, mtime=0) if kind.endswith(".gz") else raw
        with io.TextIOWrapper(packed, encoding="utf-8", newline="") as text:
            yield text
