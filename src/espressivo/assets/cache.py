"""The cache on disk: where weights are kept, how they are written, locked and checked.

A file enters the cache only whole: it is written beside its place as `.part`, checked against its pinned size and
SHA-256, flushed to the disk and then renamed. A stamp beside the files remembers size and time of what was checked,
so that later starts need not hash hundreds of megabytes again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from espressivo.assets.registry import PinnedFile
from espressivo.errors import EspressivoError, OutputError

CHUNK = 1 << 20
STAMP = ".verified.json"
ABSENT = "not there"

Tell = Callable[[int, int, str], None]
"""What a step reports while it works: bytes done, bytes in all, what is happening."""


class UnavailableError(Exception):
    """A source does not have what was asked of it; the message is the short reason."""


class RefusedError(Exception):
    """What was read is not what is pinned; the message says what was got and what was wanted."""


def cache_dir() -> Path:
    """Where weights are kept: ESPRESSIVO_HOME, else espressivo/ in XDG_CACHE_HOME or ~/.cache."""
    home = os.environ.get("ESPRESSIVO_HOME")
    if home:
        return Path(home).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "espressivo"


def folder(name: str) -> Path:
    """Where the files of the asset `name` lie once they are checked."""
    return cache_dir() / "assets" / name


@contextlib.contextmanager
def writing(place: Path) -> Iterator[None]:
    """Whatever the disk refuses while writing under `place` becomes one clear OutputError."""
    try:
        yield
    except EspressivoError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        advice = "make room or set ESPRESSIVO_HOME to a folder that can be written"
        raise OutputError(f"cannot write to the cache {place}: {reason}; {advice}") from error


@contextlib.contextmanager
def locked(name: str, tell: Tell) -> Iterator[None]:
    """One process at a time fills an asset; the others wait."""
    with held(name, lambda: tell(0, 0, "waiting for another process that is fetching it")):
        yield


@contextlib.contextmanager
def held(name: str, busy: Callable[[], None]) -> Iterator[None]:
    """One process at a time has `name`. The lock is the system's: it ends with its process, however that ends.

    Args:
        busy: called where another one has it, before that is waited for; it may raise instead.
    """
    locks = cache_dir() / "locks"
    lock = FileLock(locks / f"{name}.lock")
    with writing(locks):
        locks.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            busy()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def workplace(place: Path) -> Iterator[Path]:
    """A fresh folder under `place` for downloads, gone afterwards; what a killed process left there goes first.

    Only to be used while `locked`, else it would clear the workplace of somebody else.
    """
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
        for left in place.glob(".work-*"):
            shutil.rmtree(left, ignore_errors=True)
        work = place / f".work-{os.getpid()}"
        work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def need_room(place: Path, wanted: int) -> None:
    """Raise OutputError now rather than half-way when the disk under `place` has less than `wanted` bytes free."""
    free = shutil.disk_usage(place).free
    if free < wanted:
        sizes = f"{free / 1e6:,.0f} MB free, {wanted / 1e6:,.0f} MB needed"
        raise OutputError(f"cannot write to the cache {place}: {sizes}; make room or set ESPRESSIVO_HOME elsewhere")


def store(chunks: Iterable[bytes], file: PinnedFile, place: Path, work: Path, tell: Tell) -> None:
    """Write `chunks` as `place/file.name` if they are the pinned file; raise RefusedError and leave nothing if not.

    `work` is a folder on the same disk, where the file grows until it is known to be good. An OSError that comes out
    of `chunks` would be taken for one of the disk's: a source must raise something else.
    """
    part = work / f"{file.name}.part"
    digest, size = hashlib.sha256(), 0
    try:
        with writing(place):
            with part.open("wb") as stream:
                for chunk in chunks:
                    size += len(chunk)
                    if size > file.bytes:
                        raise RefusedError(f"{file.name} has more than the pinned {file.bytes} bytes")
                    digest.update(chunk)
                    stream.write(chunk)
                    tell(size, file.bytes, f"checking {file.name}")
                _compare(file, size, digest.hexdigest())
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(part, place / file.name)
    finally:
        part.unlink(missing_ok=True)


def unsound(place: Path, files: Iterable[PinnedFile], *, trust_stamp: bool = True) -> dict[PinnedFile, str]:
    """The files under `place` that are not as pinned, and why: "not there", or what was got and what was wanted."""
    stamp = _read_stamp(place) if trust_stamp else {}
    problems: dict[PinnedFile, str] = {}
    sound: dict[str, list[object]] = {}
    for file in files:
        try:
            seen = mark(place, file)
        except OSError:
            problems[file] = ABSENT
            continue
        try:
            if stamp.get(file.name) != seen:
                _compare(file, (place / file.name).stat().st_size, sha256(place / file.name))
            sound[file.name] = seen
        except RefusedError as refusal:
            problems[file] = str(refusal)
        except OSError as error:
            problems[file] = f"{file.name} cannot be read ({error.strerror or type(error).__name__})"
    if sound != stamp:
        write_stamp(place, sound)
    return problems


def sha256(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _compare(file: PinnedFile, size: int, digest: str) -> None:
    if size != file.bytes:
        raise RefusedError(f"{file.name} has {size} bytes, wanted {file.bytes}")
    if digest != file.sha256:
        raise RefusedError(f"{file.name} has SHA-256 {digest}, wanted {file.sha256}")


def _read_stamp(place: Path) -> dict[str, list[object]]:
    try:
        stamp = json.loads((place / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def mark(place: Path, file: PinnedFile) -> list[object]:
    """What a stamp remembers of `file` under `place` once it is known to be sound: size, time of change, SHA-256."""
    found = (place / file.name).stat()
    return [found.st_size, found.st_mtime_ns, file.sha256]


def write_stamp(place: Path, stamp: dict[str, list[object]]) -> None:
    """Remember what was hashed, by file name as `mark` gives it."""
    # A cache that may only be read has no stamp: its files are then hashed at each start, which is slow but right.
    fresh = place / f"{STAMP}.{os.getpid()}.part"
    with contextlib.suppress(OSError):
        fresh.write_text(json.dumps(stamp), encoding="utf-8")
        os.replace(fresh, place / STAMP)
