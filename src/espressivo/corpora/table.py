"""Items in a CSV that people can make and mend in a spreadsheet.

A header names the columns, in any order; only `path` is required. A column we do not know is kept as a note of that
name, and we write it as `note.NAME`. The times of words have no place in a table: a CutSet (`cuts.py`) keeps them.
"""

from __future__ import annotations

import csv
import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from espressivo.corpora.item import Item
from espressivo.errors import ConfigError, InputError

COLUMNS = ("id", "path", "start", "end", "speaker", "text", "language", "emotion", "face", "part")
_NOTE = "note."
_DELIMITERS = ",;\t"
# A recording further away than this many folders up is named by its whole path: it will not travel with the table.
_MOST_UP = 2


def read_table(path: Path) -> Iterator[tuple[int, Item]]:
    """The rows of the CSV at `path`, one at a time, each with the number of its (last) line.

    Raises:
        InputError: not UTF-8, no column `path`, or a row that makes no sense, with the number of its line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(file, path)
    except UnicodeDecodeError:
        raise InputError(f"{str(path)!r} is not UTF-8: save it as 'CSV UTF-8'") from None
    except csv.Error as error:
        raise InputError(f"{str(path)!r} is not a CSV that can be read ({error}): save it as 'CSV UTF-8'") from None


def table_writer(file: TextIO, folder: Path) -> Callable[[Item], None]:
    """Writes items into `file`, which will lie in `folder`: recordings near it are named as seen from there.

    The first item's notes make columns; a later item's other notes are left out.
    """
    rows = csv.writer(file, lineterminator="\n")
    home = os.path.realpath(folder)
    notes: list[str] | None = None

    def write(item: Item) -> None:
        nonlocal notes
        if notes is None:
            notes = list(item.notes)
            rows.writerow([*COLUMNS, *(_NOTE + name for name in notes)])
        try:
            rows.writerow([*_cells(item, home), *(item.notes.get(name) for name in notes)])
        except UnicodeEncodeError:
            raise InputError(f"{str(item.path)!r} has a name that is not UTF-8: write a .jsonl.gz instead") from None

    return write


def _rows(file: TextIO, path: Path) -> Iterator[tuple[int, Item]]:
    first = file.readline()
    file.seek(0)
    rows = csv.reader(file, delimiter=max(_DELIMITERS, key=first.count))
    header = [name.strip() for name in next(rows, [])]
    names = _names(header, path)
    for cells in rows:
        if not any(cells):
            continue
        where = f"{str(path)!r} line {rows.line_num}"
        if len(cells) > len(names):
            raise InputError(f"{where} has {len(cells)} cells, the header {len(names)}: quote what holds a comma")
        yield rows.line_num, _item(dict(zip(names, cells, strict=False)), path.parent, where)


def _names(header: list[str], path: Path) -> list[str]:
    """The header with our own columns in lower case; says which ones are not ours."""
    names = [name.lower() if name.lower() in COLUMNS else name for name in header]
    if "path" not in names:
        got = ", ".join(names)[:100] or "nothing"
        raise InputError(f"{str(path)!r} has no column 'path' (its first line is {got}): give it a header")
    if len(set(names)) < len(names):
        raise InputError(f"{str(path)!r} has two columns of one name: {', '.join(names)[:100]}")
    unknown = [name for name in names if name not in COLUMNS and not name.startswith(_NOTE)]
    if unknown:
        told = ", ".join(unknown)[:100]
        warnings.warn(f"{path.name}: columns we do not know are kept as notes: {told}", stacklevel=2)
    return names


def _item(row: Mapping[str, str], folder: Path, where: str) -> Item:
    def text(name: str) -> str | None:
        return row.get(name, "").strip() or None

    def seconds(name: str) -> float | None:
        given = text(name)
        try:
            value = None if given is None else float(given)
        except ValueError:
            value = math.nan
        if value is not None and not 0 <= value < math.inf:
            raise InputError(f"{where}: {name} is {given!r}: give seconds, such as 12.5")
        return value

    place = text("path")
    if place is None:
        raise InputError(f"{where} names no path")
    start, end, face = seconds("start") or 0.0, seconds("end"), text("face")
    if end is not None and end <= start:
        raise InputError(f"{where}: end {end:g} is not after start {start:g}")
    stretch = "" if not start and end is None else f"#{_exactly(start)}-{'' if end is None else _exactly(end)}"
    notes = {name.removeprefix(_NOTE): cell for name, cell in row.items() if name not in COLUMNS and cell}
    try:
        return Item(
            id=text("id") or place + stretch,
            path=folder / os.path.expanduser(place),
            start=start,
            end=end,
            speaker=text("speaker"),
            text=text("text"),
            language=text("language"),
            emotion=text("emotion"),
            face=None if face is None else folder / os.path.expanduser(face),
            part=text("part"),
            notes=notes,
        )
    except ConfigError as error:
        raise InputError(f"{where}: {error}") from None


def _exactly(seconds: float) -> str:
    """Every digit: an id is made of it, and two stretches must not share one."""
    return repr(seconds).removesuffix(".0")


def _cells(item: Item, home: str) -> list[str | None]:
    return [
        item.id,
        _seen_from(home, item.path),
        repr(float(item.start)) if item.start else None,
        None if item.end is None else repr(float(item.end)),
        item.speaker,
        item.text,
        item.language,
        item.emotion,
        None if item.face is None else _seen_from(home, item.face),
        item.part,
    ]


def _seen_from(home: str, path: Path) -> str:
    folder, name = os.path.split(path)
    return _folder_from(home, folder) + name


@lru_cache(maxsize=1024)
def _folder_from(home: str, folder: str) -> str:
    """`folder` with a slash at its end. Kept: this takes longer than the rest, and folders hold many files."""
    whole = os.path.abspath(folder)
    try:
        near = Path(os.path.relpath(whole, home))
    except ValueError:  # another drive of Windows
        return os.path.join(whole, "")
    if near.parts.count("..") > _MOST_UP:
        return os.path.join(whole, "")
    return "" if near == Path() else f"{near.as_posix()}/"
