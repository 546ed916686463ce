"""Files that are whole or not there: written beside their place, moved into it when done."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from espressivo.errors import OutputError

# What a file system says when it cannot take what is written; anything else that goes wrong is not about the output.
_REFUSALS = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS", "EIO", "EFBIG", "ENAMETOOLONG", "ENOTDIR", "ENOENT")
    if hasattr(errno, name)
}


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path in the folder of `path`, with its suffix; it becomes `path` when the block ends well.

    If the block fails, or is interrupted, nothing is left and what was at `path` before stays.

    Raises:
        OutputError: no such folder, `path` is a folder, not writable, disk full, or nothing was written.
    """
    target = _target(path, "file")
    part = _beside(target)
    with _reported(target, part):
        _check(target)
        try:
            part.touch(exist_ok=False)  # finds out now, not after minutes of work, whether the folder can be written
            yield part
            _settle(part, target)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@contextmanager
def writing_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary folder whose files appear together in the folder `path` when the block ends well, or not at all.

    `path` may exist already: its other files stay, those of the same name are replaced. Its parent must exist.

    Raises:
        OutputError: as `writing`, or `path` is a file.
    """
    target = _target(path, "folder")
    part = _within(target)
    with _reported(target, part):
        _check_folder(target)
        try:
            part.mkdir()
            yield part
            _gather(part, target)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def check_folder(path: str | os.PathLike[str]) -> None:
    """Finds out before the work begins whether `writing_folder(path)` could write; nothing is left behind.

    Raises:
        OutputError: no name given, no such parent, `path` is a file or a device, or not writable.
    """
    target = _target(path, "folder")
    part = _within(target)
    with _reported(target, part):
        _check_folder(target)
        part.mkdir()  # permissions alone do not tell: the disk may be read-only, or full
        part.rmdir()


def _target(path: str | os.PathLike[str], kind: str) -> Path:
    """Where `path` really lies: a link stays a link, what it points to is written."""
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise OutputError(f"got {path!r:.40} as the place to write to: give the name of a {kind}")
    try:
        return Path(os.path.realpath(path))
    except (ValueError, TypeError, OSError) as error:  # a null byte, bytes, a loop of links
        raise OutputError(f"cannot write {path!r:.200}: {error}; give the name of a {kind}") from None


def _within(target: Path) -> Path:
    """A hidden name inside an existing folder, for that may be another file system than the one around it."""
    return _beside(target / target.name if os.path.isdir(target) else target)  # pathlib's own would raise


def _beside(target: Path) -> Path:
    """A hidden name next to `target` with the same suffix, by which encoders choose the format."""
    return target.parent / f".{target.stem[:24]}.{secrets.token_hex(4)}{target.suffix}"


def _check_folder(target: Path) -> None:
    if target.is_dir():
        return
    _check_parent(target)
    if target.exists():
        what = "a file of that name is in the way" if target.is_file() else "it is a device or a pipe"
        raise OutputError(f"cannot write the folder {str(target)!r}: {what}; give the name of a folder")


def _check_parent(target: Path) -> None:
    if target.parent.exists() and not target.parent.is_dir():
        raise OutputError(f"cannot write {str(target)!r}: {str(target.parent)!r} is not a folder")
    if not target.parent.is_dir():
        raise OutputError(f"cannot write {str(target)!r}: the folder {str(target.parent)!r} does not exist; make it")


def _check(target: Path) -> None:
    if target.is_dir():
        raise OutputError(f"cannot write {str(target)!r}: it is a folder; give the name of a file")
    _check_parent(target)
    if target.exists() and not target.is_file():
        raise OutputError(f"cannot write {str(target)!r}: it is a device or a pipe; give the name of a file")


@contextmanager
def _reported(target: Path, part: Path) -> Iterator[None]:
    """What the file system refuses as one line; every other error passes as it is."""
    try:
        yield
    except OutputError as error:
        # Of a file inside a folder that is being written: the user knows the folder, not its hidden twin.
        said = str(error).replace(_quoted(part), _quoted(target))
        if said == str(error):
            raise
        raise OutputError(said) from error
    except Exception as error:
        # By number, not by class: PyAV's error for a full disk is no OSError.
        number, name = getattr(error, "errno", None), getattr(error, "filename", None)
        ours = not name or str(part) in str(name) or str(target) in str(name)
        if not isinstance(number, int) or number not in _REFUSALS or not ours:
            raise
        raise OutputError(f"cannot write {str(target)!r}: {os.strerror(number).lower()}") from error


def _quoted(path: Path) -> str:
    """`path` as it looks between the quotes of a message."""
    return repr(str(path))[1:-1]


def _settle(part: Path, target: Path) -> None:
    """Force the bytes to the disk: some file systems say only now that it is full."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    if part.stat().st_size == 0:
        raise OutputError(f"cannot write {str(target)!r}: nothing was written into it")


def _gather(part: Path, target: Path) -> None:
    """Move what is in `part` into place."""
    files = sorted(part.iterdir())
    for file in files:
        if file.is_file():
            _settle(file, target / file.name)
    if not target.exists():
        part.rename(target)
        return
    blocked = next((file.name for file in files if (target / file.name).is_dir()), None)
    if blocked is not None:
        raise OutputError(f"cannot write {str(target / blocked)!r}: a folder of that name is in the way")
    for file in files:
        file.replace(target / file.name)
