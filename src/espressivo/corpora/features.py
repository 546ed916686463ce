"""What was measured on items, kept on disk: computed once, found again by what each recording is.

A cache is a folder of safetensors files of at most 64 MB, each written whole or not at all, so work that is killed goes
on where the last file ended. An item's key is a hash of what its recording holds, and of the stretch: a file that
changes is measured anew, one that is moved or copied is not. What a feature refused, and why, is kept as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from espressivo.assets.cache import cache_dir
from espressivo.clip import Clip
from espressivo.corpora.item import Item
from espressivo.corpora.shards import Packed
from espressivo.corpora.skips import leave_out
from espressivo.corpora.spread import Done, LostError, spread
from espressivo.errors import InputError, OutputError
from espressivo.media.files import writing

LARGEST = 64 << 20  # bytes of a file
# Seconds after which a file is written even if it is small: so much work at most is lost when the process is killed.
_PATIENCE = 60.0
_SUFFIX, _REFUSED = ".safetensors", "refused"
_BLOCK, _BLOCKS = 1 << 16, 128  # bytes that are read at once, and how often at most
_OPEN = 64  # files held open at a time


Tell = Callable[[int, int | None], None]
"""Told how many items are done, and of how many if that is known."""
_WATCHER: ContextVar[Tell | None] = ContextVar("watcher", default=None)


@contextmanager
def watching(tell: Tell) -> Iterator[None]:
    """While this lasts, `tell` hears of each `extract` that has nobody else to tell, deep in a system as it may be."""
    token = _WATCHER.set(tell)
    try:
        yield
    finally:
        _WATCHER.reset(token)


class Feature(Protocol):
    """What is measured. With several processes it must be possible to pickle it.

    Attributes:
        name: of the folder it is kept in; ends in a version that changes whenever its results do ("mel-1").
    """

    @property
    def name(self) -> str: ...

    def __call__(self, clip: Clip) -> dict[str, np.ndarray] | None:
        """Arrays by name; None if there is nothing to measure. Raises InputError to say why there is not."""
        ...


@dataclass(frozen=True)
class Report:
    """What `extract` did: items `made` now and `kept` from before, and the `skipped` ones by id, each with a reason."""

    folder: Path
    made: int
    kept: int
    skipped: list[tuple[str, str]] = field(default_factory=list)

    @property
    def store(self) -> FeatureStore:
        """What the cache holds now."""
        return FeatureStore(self.folder)


def key_of(item: Item) -> str:
    """Names the item by what it is made of.

    Raises:
        InputError: its file is not there.
    """
    parts: list[object] = [item.start, item.end]
    if isinstance(item, Packed):
        parts.append(hashlib.sha256(item.flac).hexdigest())
    else:
        parts += [_held(place) for place in (item.path, item.face) if place is not None]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class FeatureStore:
    """The arrays that `extract` kept in `folder`: `store[item]` is a dict of them, read from disk when asked for.

    It knows what was there when it was made. It can be pickled: each process opens the files by itself.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._where: dict[str, tuple[Path, tuple[str, ...]]] = {}
        self._refused: dict[str, str] = {}
        self._open = lru_cache(maxsize=_OPEN)(_opened)
        for path in sorted(self.folder.glob(f"[!.]*{_SUFFIX}")):
            self._take(path)

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, item: Item) -> bool:
        try:
            return key_of(item) in self._where
        except InputError:  # its file is gone
            return False

    def __getitem__(self, item: Item) -> dict[str, np.ndarray]:
        """Raises KeyError where nothing is kept of it, InputError where its file is gone."""
        key = key_of(item)
        if key not in self._where:
            raise KeyError(f"no features of {item.id} in {str(self.folder)!r}")
        path, names = self._where[key]
        return {name: self._open(path).get_tensor(f"{key}/{name}") for name in names}

    def get(self, item: Item) -> dict[str, np.ndarray] | None:
        return self[item] if item in self else None  # noqa: SIM401  this is that `get`

    def __reduce__(self) -> tuple[type[FeatureStore], tuple[Path]]:
        return type(self), (self.folder,)

    def refusals(self) -> dict[str, str]:
        """Why nothing is kept of an item, by its key, where that was found out before."""
        return dict(self._refused)

    def keys(self) -> set[str]:
        return set(self._where)

    def _take(self, path: Path) -> None:
        file, names = _opened(path), dict[str, tuple[str, ...]]()
        for full in file.keys():  # noqa: SIM118  a safetensors file is no dict
            key, name = full.split("/", 1)
            names[key] = (*names.get(key, ()), sys.intern(name))
        self._where.update({key: (path, own) for key, own in names.items()})
        self._refused.update(json.loads((file.metadata() or {}).get(_REFUSED, "{}")))


def extract(
    items: Iterable[Item],
    feature: Feature,
    folder: str | os.PathLike[str] | None = None,
    *,
    jobs: int = 1,
    ray: str | None = None,
    tell: Tell | None = None,
) -> Report:
    """Measures `feature` on all `items` that the cache does not hold yet; what it holds lies in `Report.folder`.

    Args:
        folder: the cache, by default `features` in `cache_dir`; each feature has a folder of its name in it. Another
            process at the same feature is waited for, unless nothing is left to do, and what it made is not made again.
        jobs, ray: as for `spread`. Each process has one copy of `feature`, so what that loads is loaded once in each.
        tell: by default whoever is `watching`.

    Raises:
        OutputError: the cache cannot be written.
    """
    from filelock import FileLock

    place, watcher = _made(Path(folder or cache_dir() / "features") / feature.name), tell or _WATCHER.get()
    total = sum(1 for _ in items) if watcher is not None and not isinstance(items, Iterator) else None
    run = _Run(place, lambda count: watcher(count, total) if watcher is not None else None)
    if isinstance(items, Sequence) and run.knows(items):
        deque(run.left(items), maxlen=0)  # counts them
    else:
        with FileLock(place / ".lock"):
            run.begin()
            try:
                for done in spread(partial(_measure, feature), run.left(items), jobs=jobs, ray=ray):
                    run.take(done)
            finally:
                run.flush()
    leave_out(run.skipped)
    return Report(place, run.made, run.kept, run.skipped)


@dataclass(frozen=True)
class _Task:
    """An item to measure, and its key."""

    key: str
    item: Item

    @property
    def id(self) -> str:
        return self.item.id


Arrays = dict[str, np.ndarray]


def _measure(feature: Feature, task: _Task) -> Arrays:
    arrays = feature(task.item.clip())
    if not arrays:
        raise InputError(f"{task.id} has nothing to measure")
    return arrays


class _Run:
    """One pass over the items: what is found, what is made, and the file that is being filled."""

    def __init__(self, folder: Path, tell: Callable[[int], None]) -> None:
        self.made, self.kept = 0, 0
        self.skipped: list[tuple[str, str]] = []
        self._folder, self._tell = folder, tell
        self._look()
        self._twins: dict[str, list[str]] = {}  # of what is being measured: others that hold the same
        self._arrays: Arrays = {}
        self._refused: dict[str, str] = {}
        self._bytes, self._since = 0, time.monotonic()

    def begin(self) -> None:
        """From here on nobody else writes: whoever did may have been killed, or have made what is wanted."""
        for half in self._folder.glob(f".*{_SUFFIX}"):
            half.unlink(missing_ok=True)
        self._look()

    def knows(self, items: Iterable[Item]) -> bool:
        """Whether nothing is left to measure."""
        try:
            keys = {key_of(item) for item in items}
        except InputError:
            return False
        return keys <= self._known | self._known_refused.keys()

    def left(self, items: Iterable[Item]) -> Iterator[_Task]:
        """What is still to be measured; the others are counted as they go by."""
        for item in items:
            try:
                key = key_of(item)
            except InputError as error:
                self._skip(item.id, str(error))
                continue
            if key in self._known_refused:
                self._skip(item.id, self._known_refused[key])
            elif key in self._known:
                self.kept += 1
                self._count()
            elif key in self._twins:
                self._twins[key].append(item.id)
            else:
                self._twins[key] = []
                yield _Task(key, item)

    def take(self, done: Done[_Task, Arrays]) -> None:
        key = done.item.key
        twins = self._twins.pop(key, [])
        if done.value is not None:
            self._known.add(key)
            self.kept += len(twins)
            fresh = {f"{key}/{name}": np.asarray(array, order="C") for name, array in done.value.items()}
            self._arrays |= fresh
            self._bytes += sum(array.nbytes for array in fresh.values())
            self.made += 1
            self._count()
        elif isinstance(done.error, InputError):
            self._known_refused[key] = str(done.error)
            for name in (done.item.id, *twins):
                self._skip(name, str(done.error))
            if not isinstance(done.error, LostError):  # that was the machine's fault: next time it may do
                self._refused[key] = str(done.error)
        elif done.error is not None:
            raise done.error  # missing weights, say: no item would do any better
        if self._bytes >= LARGEST or time.monotonic() - self._since > _PATIENCE:
            self.flush()

    def flush(self) -> None:
        """What is at hand becomes a file of its own; its name is nobody else's."""
        from safetensors.numpy import save_file

        if self._arrays or self._refused:
            with writing(self._folder / f"{secrets.token_hex(8)}{_SUFFIX}") as part:
                save_file(self._arrays, part, {_REFUSED: json.dumps(self._refused)})
        self._arrays, self._refused, self._bytes, self._since = {}, {}, 0, time.monotonic()

    def _look(self) -> None:
        store = FeatureStore(self._folder)
        self._known, self._known_refused = store.keys(), store.refusals()

    def _skip(self, name: str, why: str) -> None:
        self.skipped.append((name, why))
        self._count()

    def _count(self) -> None:
        self._tell(self.made + self.kept + len(self.skipped))


def _held(path: Path) -> str:
    """Names a file by what it holds."""
    whole = os.path.realpath(path)
    try:
        found = os.stat(whole)
        return _digest(whole, found.st_size, found.st_mtime_ns)
    except (OSError, ValueError):
        raise InputError(f"{str(path)!r} cannot be read: no such file or directory") from None


@lru_cache(maxsize=1 << 18)
def _digest(path: str, size: int, changed: int) -> str:
    """Of all bytes; of a large file its size and blocks from everywhere in it; of a folder, of the files in it."""
    if os.path.isdir(path):
        inside = sorted((entry.name, entry.path) for entry in os.scandir(path) if entry.is_file())
        return hashlib.sha256(json.dumps([(name, _held(Path(one))) for name, one in inside]).encode()).hexdigest()
    digest = hashlib.sha256(str(size).encode())
    count = -(-size // _BLOCK)
    starts = np.arange(count) * _BLOCK if count <= _BLOCKS else np.linspace(0, size - _BLOCK, _BLOCKS).astype(int)
    with open(path, "rb") as file:
        for start in starts.tolist():
            file.seek(start)
            digest.update(file.read(_BLOCK))
    return digest.hexdigest()


def _opened(path: Path) -> Any:
    """A safetensors file, mapped into memory: only what is asked for is read."""
    from safetensors import SafetensorError, safe_open

    try:
        return safe_open(path, framework="numpy")
    except (SafetensorError, OSError) as error:
        raise InputError(f"the features in {str(path)!r} are damaged ({error}): delete that file") from None


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write features to {str(folder)!r}: {why}") from None
    return folder
