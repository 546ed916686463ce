"""Recordings that are left out: whoever leaves one out says so, and a command lists them all in a file."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from tempfile import TemporaryFile

from espressivo.errors import InputError
from espressivo.media.files import writing

Skipped = tuple[str, str]
"""The id or path of a recording, and why it is left out."""
_GATHERED: ContextVar[list[Skipped] | None] = ContextVar("gathered", default=None)
_PATH = re.compile(r"'([^']*/\.\./[^']*)'")


@contextmanager
def gathering() -> Iterator[list[Skipped]]:
    """A list that fills, while this lasts, with what is left out deep in a system."""
    gathered: list[Skipped] = []
    token = _GATHERED.set(gathered)
    try:
        yield gathered
    finally:
        _GATHERED.reset(token)


def leave_out(skipped: list[Skipped]) -> None:
    """Tells whoever is `gathering`."""
    gathered = _GATHERED.get()
    if gathered is not None:
        gathered.extend(skipped)


def told(name: str, why: str) -> str:
    """One line: the name, the reason without that name again, and paths without what leads nowhere ("a/../b")."""
    if why.startswith(f"{name} has "):
        why = why.removeprefix(name)
    why = why.removeprefix(repr(name)).strip().removeprefix(":").removesuffix(f" in {name}")
    why = _PATH.sub(lambda path: repr(os.path.normpath(path[1])), why)
    name = os.path.normpath(name) if "/../" in name else name
    return " ".join(f"{name}: {why}".split())


def left_out(skipped: Sequence[Skipped]) -> str:
    """'12 recordings were left out, the first: NAME: REASON'; "" where there are none."""
    if not skipped:
        return ""
    count = "1 recording was" if len(skipped) == 1 else f"{len(skipped)} recordings were"
    return f"{count} left out, the first: {told(*skipped[0])}"


class SkipList:
    """Takes down what is left out, and why: the `first` few lines, and all of them for the file `place`."""

    def __init__(self, place: Path, most: int = 1) -> None:
        self.place, self.skipped, self.noted = place, 0, 0
        self.first: list[str] = []
        self._most = most
        self._lines = TemporaryFile("w+", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115

    def __enter__(self) -> SkipList:
        return self

    def __exit__(self, *error: object) -> None:
        self._lines.close()

    def skip(self, name: str, why: str) -> None:
        self.skipped += 1
        line = self._write("skipped", name, why)
        if len(self.first) < self._most:
            self.first.append(line)

    def note(self, name: str, what: str) -> None:
        """Of a recording that is kept though something is odd about it."""
        self.noted += 1
        self._write("kept", name, what)

    def keep(self) -> Path | None:
        """Puts the file in its place, for one from before; None where there is nothing to tell, and no file then.

        Raises:
            OutputError: it cannot be written.
        """
        if not self.skipped and not self.noted:
            if self.place.is_file():
                self.place.unlink()
            return None
        self._lines.seek(0)
        with writing(self.place) as part, part.open("w", encoding="utf-8") as file:
            shutil.copyfileobj(self._lines, file)
        return self.place

    def _write(self, how: str, name: str, why: str) -> str:
        line = told(name, why)
        print(f"{how}: {line}", file=self._lines)
        return line


def none_left(skipped: Sequence[tuple[str, str]]) -> InputError:
    """To raise where no recording of the data can be used; names the first that was left out."""
    first = f"the first is {told(*skipped[0])}" if skipped else "there are none"
    return InputError(f"no recording can be used: {first}")
