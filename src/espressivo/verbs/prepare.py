"""Turn a corpus' own folder into data: every recording is opened once, what is broken is named and left out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from espressivo.corpora.data import kind_of, writing_items
from espressivo.corpora.item import Corpus, Item
from espressivo.corpora.recorded import Recorded, examine
from espressivo.corpora.shards import pack, writing_shards
from espressivo.corpora.skips import SkipList
from espressivo.corpora.spread import spread
from espressivo.corpora.tally import Tally
from espressivo.errors import ConfigError, InputError, OutputError
from espressivo.media.files import check_folder

Tell = Callable[[int, int | None], None]
"""Told how many items are done, and of how many where that is known."""

_FIRST = 5
LISTED = 50_000
"""Items of a corpus that are held in memory, to know how many there are; a larger corpus is not listed twice for it."""


@dataclass(frozen=True)
class Prepared:
    """What `prepare` made.

    Attributes:
        path: the data.
        tally: what is in it.
        skipped: how many recordings were left out.
        first: the first of them, each with the reason.
        noted: how many were kept though something is odd about them, such as a file that is cut off.
        log: the file that names them all; None if there are none.
    """

    path: Path
    tally: Tally
    skipped: int
    noted: int
    first: list[str]
    log: Path | None


def prepare(
    corpus: str | Corpus,
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    jobs: int = 1,
    ray: str | None = None,
    shards: bool = False,
    tell: Tell | None = None,
) -> Prepared:
    """Reads the corpus in `folder` and writes its items to `out`.

    Args:
        corpus: a name that `espressivo prepare --help` lists, "folder" for any folder of recordings, or a Corpus.
        out: a .csv, .jsonl.gz or .jsonl; with `shards` a folder, for the sound itself in Lhotse Shar shards.
        jobs, ray: processes, or a Ray cluster, to open the recordings in; see `corpora.spread`.
        tell: called as items are done.

    Raises:
        InputError: nothing of the corpus in the folder, or nothing that can be used.
        ConfigError: no corpus of that name.
        OutputError: `out` cannot be written. Nothing half-written is left, nor is it after Ctrl-C.
    """
    source, root, place = _corpus(corpus), Path(folder).expanduser(), Path(out).expanduser()
    _check(place, shards)
    tally = Tally()
    with SkipList(place.with_name(f"{place.name}.skipped.txt"), _FIRST) as log:
        items, total = _listed(_once(source.read(root, lambda path, why: log.skip(str(path), why)), log))
        with _output(place, shards) as write:
            for count, result in enumerate(_opened(items, pack if shards else examine, jobs, ray, log), 1):
                if result is not None:
                    tally.add(result)
                    write(result)
                if tell is not None:
                    tell(count, total)
            if not tally.items:
                first = log.first[0] if log.first else "there are none"
                raise InputError(f"none of {log.skipped} recordings can be used, the first: {first}")
        return Prepared(place, tally, log.skipped, log.noted, log.first, log.keep())


def _once(items: Iterator[Item], log: SkipList) -> Iterator[Item]:
    """Each id once: skip lists and features know a recording by it."""
    seen = set[int]()
    for item in items:
        if hash(item.id) in seen:
            log.skip(str(item.path), f"a second recording called {item.id}: the first is taken")
        else:
            seen.add(hash(item.id))
            yield item


def _listed(items: Iterator[Item]) -> tuple[Iterator[Item], int | None]:
    """The items, and how many there are if memory can hold them: nothing is read twice only to count."""
    first = list(islice(items, LISTED + 1))
    return (iter(first), len(first)) if len(first) <= LISTED else (chain(first, items), None)


def _opened(
    items: Iterator[Item], look: Callable[[Item], Recorded], jobs: int, ray: str | None, log: SkipList
) -> Iterator[Recorded | None]:
    """What `look` finds in each item; None, and a line in the log, where it cannot be used."""
    results = spread(look, items, jobs=jobs, ray=ray)
    while True:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            result = next(results, None)
        if result is None:
            return
        if result.error is not None:
            log.skip(str(result.item.path), str(result.error))
        for note in caught:
            log.note(str(result.item.path), str(note.message))
        yield result.value


def _corpus(corpus: str | Corpus) -> Corpus:
    if isinstance(corpus, Corpus):
        return corpus
    if corpus.strip().lower() == "folder":
        from espressivo.corpora.folder import CORPUS

        return CORPUS
    from espressivo.corpora.readers import corpus as known

    try:
        return known(corpus)
    except ConfigError as error:
        raise ConfigError(f"{error}; or 'folder' for any folder of recordings") from None


def _check(place: Path, shards: bool) -> None:
    """Finds out before the work that the name will do."""
    if shards:
        check_folder(place)
    elif place.is_dir():
        raise OutputError(f"cannot write {str(place)!r}: it is a folder; give a name in it, or --shards")
    else:
        kind_of(place)
        if place.exists():  # somebody may have filled in what no reader knows
            raise OutputError(f"{str(place)!r} is there already: give another name, or delete it first")


def _output(place: Path, shards: bool) -> AbstractContextManager[Callable[[Item], None]]:
    return writing_shards(place) if shards else writing_items(place)
