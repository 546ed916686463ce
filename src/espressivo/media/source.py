"""Where the bytes of a medium come from: a path, bytes, a file object, or an address.

Sound and pictures are decoded independently, perhaps several times, so each pass opens a container of its own;
an `Origin` is what can be opened again and again. FFmpeg's words never reach the terminal: what goes wrong leaves
here as one line.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import av
from av.container import InputContainer

from espressivo.assets import offline
from espressivo.errors import InputError

# FFmpeg draws these as pictures of text; whoever passes one has mistaken the file.
_NOT_MEDIA = {"tty", "bin", "xbin", "adf", "idf", "lavfi"}
_NO_MEDIA = "is not sound or video that can be read: give a media file"
_MANGLED = re.compile(r"https?:/[^/]", re.IGNORECASE)
_OPEN_TIMEOUT, _READ_TIMEOUT = 20.0, 60.0
# Titles and comments are no reason to refuse a recording. From version 19 on, PyAV thinks so too, and has no such word.
_LENIENT: dict[str, Any] = {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}
# How FFmpeg names data that breaks off or makes no sense; a truncated webm, for one, is "not permitted".
_DAMAGE = (errno.EINVAL, errno.EPERM)


class Origin(Protocol):
    """Something a container can be opened on, any number of times."""

    @property
    def name(self) -> str: ...

    @property
    def protocols(self) -> str:
        """What FFmpeg may open on behalf of this origin: a playlist must not reach out of it."""
        ...

    def target(self) -> str | BinaryIO: ...


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine: the path as given, where that was then, its size and time of change."""

    given: str
    path: str = field(init=False)
    stamp: tuple[int, int] = field(init=False)
    protocols = "file"

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", os.path.abspath(self.given))
        object.__setattr__(self, "stamp", self._look())

    @property
    def name(self) -> str:
        return repr(self.given)

    def _look(self) -> tuple[int, int]:
        try:
            found = os.stat(self.path)
            if stat.S_ISDIR(found.st_mode):
                raise InputError(f"{self.name} is a folder: give a media file")
            if found.st_size == 0:
                raise InputError(f"{self.name} is empty (0 bytes): give a media file")
            with open(self.path, "rb"):
                return found.st_size, found.st_mtime_ns
        except (OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{self.name} cannot be read: {_reason(error)}") from None

    def target(self) -> str:
        if self._look() != self.stamp:
            raise InputError(f"{self.name} has changed since it was first read: read it again")
        return f"file:{self.path}"


@dataclass(frozen=True)
class Held:
    """Bytes in memory or behind an open file object; every reader has its own place in it."""

    file: BinaryIO
    name: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    protocols = "none"

    def target(self) -> BinaryIO:
        return _Reader(self.file, self.lock)  # type: ignore[return-value]


@dataclass(frozen=True)
class Address:
    """An http(s) address: FFmpeg fetches it, so this is the one origin that leaves the machine."""

    url: str
    protocols = "http,https,tcp,tls,crypto"

    @property
    def name(self) -> str:
        return repr(self.url)

    def target(self) -> str:
        if offline():
            raise InputError(f"{self.name}: ESPRESSIVO_OFFLINE=1 forbids connections")
        return self.url


class _Reader:
    """One reader's place in a file object that others read too."""

    def __init__(self, file: BinaryIO, lock: threading.Lock) -> None:
        self._file, self._lock, self._at = file, lock, 0

    def read(self, count: int = -1) -> bytes:
        with self._lock:
            self._file.seek(self._at)
            data = self._file.read(count)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END:
            with self._lock:
                offset = self._file.seek(offset, os.SEEK_END)
        elif whence == os.SEEK_CUR:
            offset += self._at
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at


def origin_of(source: str | os.PathLike[str] | bytes | BinaryIO) -> Origin:
    """What can be opened for `source`.

    Raises:
        InputError: no such file, a folder, empty, not readable, or not a kind of source we know.
    """
    if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
        return Address(source)
    if isinstance(source, (str, os.PathLike)):
        return _local(os.fspath(source))
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _held(io.BytesIO(source), "the data given")
    if hasattr(source, "read"):
        given = getattr(source, "name", None)
        return _held(source, repr(given) if isinstance(given, str) else "the file object given")
    raise InputError(f"cannot read {type(source).__name__}: give a path, bytes, a binary file or (array, rate)")


def _local(path: str) -> Origin:
    """A pipe can be read only once, so it is kept; everything else is opened by path."""
    if not isinstance(path, str):
        raise InputError(f"cannot read the path {path!r}: give it as text")
    if not path:
        raise InputError("the path given is empty: give a media file")
    if _MANGLED.match(path) and not os.path.exists(path):
        raise InputError(f"{path!r} is an address that lost a slash as a pathlib.Path: give it as text")
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        with open(path, "rb") as pipe:
            return _held(pipe, repr(path))
    return LocalFile(path)


def _held(file: BinaryIO, name: str) -> Held:
    """`file` itself where it can seek, else a copy on disk (not in memory) that vanishes with the clip."""
    try:
        if isinstance(file.read(0), str):
            raise InputError(f"{name} is open as text: open it with mode 'rb'")
        if not (hasattr(file, "seekable") and file.seekable()):
            spool = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the clip does
            shutil.copyfileobj(file, spool, 1 << 20)
            file = spool
        if file.seek(0, os.SEEK_END) == 0:
            raise InputError(f"{name} is empty (0 bytes): give a media file")
    except io.UnsupportedOperation:
        raise InputError(f"{name} is open for writing only: open it with mode 'rb'") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} cannot be read: {_reason(error)}") from None
    return Held(file, name)


@contextmanager
def opened(origin: Origin) -> Iterator[InputContainer]:
    """A container on `origin`, closed at the end; whatever FFmpeg says in between becomes an InputError.

    Raises:
        InputError: gone or changed since, not media, or unreadable.
    """
    target = origin.target()
    try:
        container = av.open(
            target,
            mode="r",
            options={"protocol_whitelist": origin.protocols},
            **_LENIENT,
            buffer_size=1 << 18,
            timeout=(_OPEN_TIMEOUT, _READ_TIMEOUT) if isinstance(origin, Address) else None,
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{origin.name} {_refusal(origin, error)}") from None
    with container:
        if container.format.name in _NOT_MEDIA:
            raise InputError(f"{origin.name} {_NO_MEDIA}")
        try:
            yield container
        except InputError:
            raise
        except (av.FFmpegError, OSError, ValueError) as error:
            raise InputError(f"{origin.name} cannot be decoded: {_reason(error)}") from None


def damaged(error: Exception) -> bool:
    """Whether `error` says that the data is broken off or broken, rather than out of reach."""
    known = (av.error.InvalidDataError, av.error.PatchWelcomeError, av.error.EOFError)
    return isinstance(error, known) or (isinstance(error, av.FFmpegError) and error.errno in _DAMAGE)


def _refusal(origin: Origin, error: Exception) -> str:
    """Why a container did not open, in words for a user."""
    if not damaged(error):
        return f"cannot be read: {_reason(error)}"
    if _first_bytes(origin)[4:8] == b"ftyp":
        return "is cut off: an mp4 without its index, which is written last; record or copy it again"
    return "is cut off within its header: record or copy it again" if isinstance(error, EOFError) else _NO_MEDIA


@contextmanager
def raw(origin: Origin) -> Iterator[BinaryIO]:
    """The bytes of `origin` as they lie there; none of an address, which would have to be fetched for it."""
    if isinstance(origin, LocalFile):
        with open(origin.path, "rb") as file:
            yield file
    else:
        yield origin.target() if isinstance(origin, Held) else io.BytesIO()


def _first_bytes(origin: Origin) -> bytes:
    with raw(origin) as file:
        return file.read(16)


def _reason(error: Exception) -> str:
    """The system's own word for the error: 'No such file or directory'."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split()).lower()


def short_name(source: object) -> str:
    """A name for the clip: the file's own name without folders, or what kind of thing it is."""
    given = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
    if isinstance(given, (str, os.PathLike)):
        return Path(given).name
    return type(source).__name__
