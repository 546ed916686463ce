"""What the readers share: finding recordings, reading lists, checking codes, and telling what cannot be used."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Literal, TypeVar

from espressivo.corpora.item import Item, Skip
from espressivo.errors import InputError

# Where a recording lies there in several formats the first of these is taken: video before sound, for it holds both.
VIDEO = (".mp4", ".mpg", ".mpeg", ".avi", ".flv", ".mov", ".mkv", ".webm")
SOUND = (".wav", ".flac", ".opus", ".ogg", ".m4a", ".aac", ".mp3")
MEDIA = VIDEO + SOUND
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")

Scan = Callable[[Path, Skip], Iterable[Item]]
Thing = TypeVar("Thing")


class UnusableError(InputError):
    """A file that cannot be used; the message says why in words, without naming the file."""


def laid_out(
    title: str, layout: str, *marks: str, streams: bool = False
) -> Callable[[Scan], Callable[..., Iterator[Item]]]:
    """Makes a corpus' `read` of a function that scans it.

    The root is recognised by any of `marks`, globs below it; one folder further down will do, for archives often bring
    a folder of their own. Items are put in order, unless the scan has them in order already (`streams`): the biggest
    corpora are never held in memory. Of two items with one id the second is told to `skip`.

    Raises (the reader that is made):
        InputError: no such folder, nothing of the corpus in it, or nothing that can be used.
    """

    def decorate(scan: Scan) -> Callable[..., Iterator[Item]]:
        @wraps(scan)
        def read(root: Path, skip: Skip) -> Iterator[Item]:
            base = _base(Path(root), marks)
            if base is None:
                raise InputError(f"no {title} in {str(root)!r}: give the folder that holds {layout}")
            return _checked(scan, base, skip, streams, f"no recording of {title} in {str(base)!r} can be used")

        return read

    return decorate


def _base(root: Path, marks: Sequence[str]) -> Path | None:
    try:
        inside = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:  # missing, a file, or not ours to list
        return None
    for folder in (root, *inside):
        if any(next(folder.glob(mark), None) is not None for mark in marks):
            return folder
    return None


def _checked(scan: Scan, base: Path, skip: Skip, streams: bool, nothing: str) -> Iterator[Item]:
    told = 0

    def tell(path: Path, reason: str) -> None:
        nonlocal told
        told += 1
        skip(path, reason)

    items: Iterable[Item] = scan(base, tell)
    last = None
    for item in items if streams else sorted(items, key=lambda item: item.id):
        if item.id == last:
            tell(item.path, f"a second recording called {item.id}: the first is taken")
            continue
        last = item.id
        yield item
    if last is None:
        raise InputError(f"{nothing}" + (f" ({told} skipped)" if told else ""))


def each(
    things: Iterable[Thing], make: Callable[[Thing], Item | None], skip: Skip, where: Path | None = None
) -> Iterator[Item]:
    """What `make` gives for each thing; where it raises UnusableError, `skip` is told the path (or `where`) and why."""
    for thing in things:
        try:
            item = make(thing)
        except UnusableError as error:
            skip(thing if isinstance(thing, Path) else where or Path(), str(error))
            continue
        if item is not None:
            yield item


def walk(folder: Path, skip: Skip, suffixes: Sequence[str] = MEDIA) -> Iterator[Path]:
    """The files below `folder` with one of `suffixes`, one for each name.

    They come in the order of ids made of their paths, joined by "-", without the suffix. Empty files and folders that
    cannot be listed are told to `skip`; hidden ones are left out. Memory holds the names of one folder at a time (and
    of those above it).
    """
    try:
        entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except FileNotFoundError:
        return
    except OSError as error:
        skip(folder, f"cannot be listed: {error.strerror}")
        return
    files = [(stem, path, False) for stem, path in _by_stem(entries, suffixes).items()]
    folders = [(f"{entry.name}-", Path(entry.path), True) for entry in entries if entry.is_dir()]
    for _, path, is_folder in sorted(files + folders):
        if is_folder:
            yield from walk(path, skip, suffixes)
        elif _holds_something(path, skip):
            yield path


def _by_stem(entries: Iterable[os.DirEntry[str]], suffixes: Sequence[str]) -> dict[str, Path]:
    rank = {suffix: place for place, suffix in enumerate(suffixes)}
    best: dict[str, Path] = {}
    for entry in entries:
        path = Path(entry.path)
        if path.suffix.lower() not in rank or entry.is_dir():
            continue
        had = best.get(path.stem)
        if had is None or rank[path.suffix.lower()] < rank[had.suffix.lower()]:
            best[path.stem] = path
    return best


def _holds_something(path: Path, skip: Skip) -> bool:
    try:
        size = path.stat().st_size
    except OSError as error:
        skip(path, f"cannot be read: {error.strerror}")
        return False
    if size == 0:
        skip(path, "the file is empty")
    return size > 0


def recording(folder: Path, stem: str, suffixes: Sequence[str] = MEDIA) -> Path:
    """The file called `stem` in `folder`.

    Raises:
        UnusableError: there is none, or it is empty.
    """
    found = beside(folder / stem, suffixes)
    if found is None:
        raise UnusableError(f"there is no recording {stem!r} in {folder.name!r}")
    if found.stat().st_size == 0:
        raise UnusableError(f"the recording {found.name!r} is empty")
    return found


def beside(path: Path, suffixes: Sequence[str]) -> Path | None:
    """The file at `path`, whose name has no suffix, with the first of `suffixes` that is there."""
    # os.path, not pathlib: names come out of tables, and pathlib raises on one that is too long.
    return next((found for suffix in suffixes if os.path.isfile(found := path.with_name(path.name + suffix))), None)


def clip_or_frames(folder: Path, stem: str) -> Path:
    """The recording `stem` in `folder`, or the folder of that name that holds its pictures.

    Raises:
        UnusableError: neither is there.
    """
    return folder / stem if os.path.isdir(folder / stem) else recording(folder, stem)


def text_of(path: Path, encodings: Sequence[str] = ("utf-8-sig", "cp1252", "latin-1")) -> str:
    """The text of a file, in the first encoding it is valid in.

    Raises:
        UnusableError: missing, unreadable, or in none of them.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnusableError(f"{path.name!r} cannot be read: {error.strerror}") from None
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnusableError(f"{path.name!r} is not text in {' or '.join(encodings)}")


def lines_of(path: Path, encodings: Sequence[str] = ("utf-8-sig", "cp1252", "latin-1")) -> list[str]:
    """Its lines that are not blank, stripped. Raises UnusableError as `text_of`."""
    return [line.strip() for line in text_of(path, encodings).split("\n") if line.strip()]


def rows_of(path: Path, columns: Sequence[str], delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a table whose header names at least `columns`, as {column: text}; a cell that is missing is "".

    Raises:
        UnusableError: as `text_of`, or a column is missing.
    """
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE
    try:
        table = list(csv.reader(io.StringIO(text_of(path), newline=""), delimiter=delimiter, quoting=quoting))
    except csv.Error as error:
        raise UnusableError(f"{path.name!r} is not a table: {error}") from None
    header = [name.strip() for name in table[0]] if table else []
    missing = [name for name in columns if name not in header]
    if missing:
        raise UnusableError(f"{path.name!r} has no column {', '.join(missing)}: its columns are {', '.join(header)}")
    return [dict(zip(header, [*row, *[""] * len(header)], strict=False)) for row in table[1:] if row]


def named(pattern: str, path: Path, like: str) -> dict[str, str]:
    """The named groups of `pattern` in the name of a file without its suffix.

    Raises:
        UnusableError: the name is not of that form; `like` is an example of one that is.
    """
    match = re.fullmatch(pattern, path.stem)
    if match is None:
        raise UnusableError(f"its name is not like {like}")
    return match.groupdict()


def one_of(table: Mapping[str, str], key: str, what: str) -> str:
    """`table[key]`.

    Raises:
        UnusableError: no such key.
    """
    if key not in table:
        raise UnusableError(f"unknown {what} {key!r}: known are {', '.join(table)}")
    return table[key]


def number(text: str, what: str) -> float:
    """A finite number that is not negative.

    Raises:
        UnusableError: anything else.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UnusableError(f"{what} is {text!r}, not a number of seconds")
    return value
