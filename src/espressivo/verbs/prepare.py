"""Turn a corpus' own folder into data: every recording is opened once, what is broken is named and left out."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

from espressivo.corpora.data import kind_of, writing_items
from espressivo.corpora.item import Corpus, Item
from espressivo.corpora.recorded import Recorded, examine
from espressivo.corpora.shards import pack, writing_shards
from espressivo.corpora.spread import spread
from espressivo.corpora.tally import Tally
from espressivo.errors import ConfigError, InputError, OutputError
from espressivo.media.files import check_folder, writing

Tell = Callable[[int, int], None]
"""Told how many items are done, and of how many."""

_FIRST = 5


@dataclass
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
    tally: Tally = field(default_factory=Tally)
    skipped: int = 0
    noted: int = 0
    first: list[str] = field(default_factory=list)
    log: Path | None = None


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
    total = sum(1 for _ in source.read(root, lambda path, why: None))
    done = Prepared(place)
    with _Log(done) as log:
        items = source.read(root, lambda path, why: log.skip(str(path), why))
        with _output(place, shards) as write:
            for count, result in enumerate(_opened(items, pack if shards else examine, jobs, ray, log), 1):
                if result is not None:
                    done.tally.add(result)
                    write(result)
                if tell is not None:
                    tell(count, total)
            if not done.tally.items:
                raise InputError(f"none of {total} recordings can be used, the first: {done.first[0]}")
        log.keep()
    return done


def _opened(
    items: Iterator[Item], look: Callable[[Item], Recorded], jobs: int, ray: str | None, log: _Log
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


class _Log:
    """Takes down what is left out, and why: the first few in `done`, all in a file beside the data."""

    def __init__(self, done: Prepared) -> None:
        self._done = done
        self._place = done.path.with_name(f"{done.path.name}.skipped.txt")
        self._lines = TemporaryFile("w+", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *error: object) -> None:
        self._lines.close()

    def skip(self, path: str, why: str) -> None:
        self._done.skipped += 1
        line = self._write("skipped", path, why)
        if self._done.skipped <= _FIRST:
            self._done.first.append(line)

    def note(self, path: str, what: str) -> None:
        self._done.noted += 1
        self._write("kept", path, what)

    def keep(self) -> None:
        """Puts the file beside the data, in the place of one from before."""
        if not self._done.skipped and not self._done.noted:
            self._place.unlink(missing_ok=True)
            return
        self._lines.seek(0)
        with writing(self._place) as part, part.open("w", encoding="utf-8") as file:
            shutil.copyfileobj(self._lines, file)
        self._done.log = self._place

    def _write(self, how: str, path: str, why: str) -> str:
        """The reason without the name of the file, which the line begins with."""
        why = why.removeprefix(repr(path)).strip().removeprefix(":")
        line = " ".join(f"{path}: {why}".split())
        print(f"{how}: {line}", file=self._lines)
        return line
