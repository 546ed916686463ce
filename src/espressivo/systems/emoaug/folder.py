"""The folder that `augment` fills: what was asked for, the clips, and how each came about, line by line.

Work that is stopped, by Ctrl-C or a power cut, goes on where it was when the same is asked for again.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from espressivo.errors import ConfigError, OutputError
from espressivo.media.files import check_folder, writing
from espressivo.systems.emoaug.maker import Row

SETTINGS, PROVENANCE, CLIPS, NOTE = "augment.json", "provenance.jsonl", "clips", "README.md"
MADE, ALL, SKIPPED = "made.jsonl.gz", "all.jsonl.gz", "skipped.txt"
_LOCK = ".lock"


class Work:
    """What is there already, by the tag of each clip, and room for more."""

    def __init__(self, place: Path) -> None:
        self.place, self.clips = place, place / CLIPS
        self.rows = _kept(place)
        self._file: IO[str] | None = None

    def __contains__(self, tag: object) -> bool:
        return tag in self.rows

    def add(self, tag: str, rows: Sequence[Row]) -> None:
        """All attempts at a clip in one go; on the disk when this returns."""
        self.rows[tag] = list(rows)
        if self._file is None:
            self._file = (self.place / PROVENANCE).open("a", encoding="utf-8")
        self._file.write("".join(_line(row) for row in rows))
        self._file.flush()
        os.fsync(self._file.fileno())

    def tidy(self, tags: Sequence[str] | None = None) -> None:
        """Writes all lines anew, in the order of `tags`, and no others; however often the work was stopped."""
        self.close()
        if tags is not None:
            for tag in self.rows.keys() - set(tags):  # of recordings that have come or gone since
                (self.place / self.rows[tag][-1].get("clip", tag)).unlink(missing_ok=True)
            self.rows = {tag: self.rows[tag] for tag in tags if tag in self.rows}
        lines = "".join(_line(row) for rows in self.rows.values() for row in rows)
        if lines:
            with writing(self.place / PROVENANCE) as part:
                part.write_text(lines, encoding="utf-8")
        else:
            (self.place / PROVENANCE).unlink(missing_ok=True)

    def made(self) -> list[Row]:
        return [rows[-1] for rows in self.rows.values() if rows[-1]["made"]]

    def refused(self) -> list[Row]:
        return [row for rows in self.rows.values() for row in rows if not row["made"]]

    def missing(self) -> Counter[str]:
        """Clips of each emotion that no attempt made."""
        return Counter(rows[-1]["emotion"] for rows in self.rows.values() if not rows[-1]["made"])

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None


def check(place: Path, settings: Mapping[str, Any]) -> None:
    """Finds out before anything else whether `working` could begin in `place`; leaves nothing behind.

    Raises:
        ConfigError, OutputError: as `working`.
    """
    check_folder(place)
    if not place.is_dir():
        return
    if (place / SETTINGS).is_file():
        _same(place, settings)
    elif next((path for path in place.iterdir() if path.name != _LOCK), None) is not None:
        raise OutputError(f"{str(place)!r} holds something else already: give a new folder, or delete it first")


@contextmanager
def working(place: Path, settings: Mapping[str, Any]) -> Iterator[Work]:
    """The work in the folder `place`, whose parent exists, which nobody else does meanwhile.

    Args:
        settings: all that decides what is made.

    Raises:
        ConfigError: what lies there was made with other settings.
        OutputError: the folder cannot be written, holds something else, or another process works there.
    """
    from filelock import FileLock, Timeout

    check(place, settings)
    (place / CLIPS).mkdir(parents=True, exist_ok=True)
    lock = FileLock(place / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputError(f"another 'espressivo augment' is at work in {str(place)!r}: wait for it") from None
    try:
        if not (place / SETTINGS).is_file():
            with writing(place / SETTINGS) as part:
                part.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for half in (place / CLIPS).glob(".*"):  # of a process that was killed
            half.unlink(missing_ok=True)
        work = Work(place)
        work.tidy()
        try:
            yield work
        finally:
            work.close()
    finally:
        lock.release()


def _same(place: Path, settings: Mapping[str, Any]) -> None:
    path = place / SETTINGS
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [name for name in settings if before.get(name) != settings[name]]
    except (OSError, ValueError, AttributeError) as error:
        raise OutputError(f"{str(path)!r} is damaged ({error}): give a new folder") from None
    if changed:
        told = ", ".join(f"{name} ({_told(before.get(name))} there, {_told(settings[name])} now)" for name in changed)
        raise ConfigError(f"{str(place)!r} was begun with another {told}: give the same again, or another folder")


def _told(value: object) -> str:
    """A hash says more when it is short."""
    return value["sha256"][:8] if isinstance(value, dict) and "sha256" in value else str(value)


def _kept(place: Path) -> dict[str, list[Row]]:
    """Attempts at each clip that was made and is still there, or given up; half a line at the end is nothing."""
    rows: dict[str, list[Row]] = {}
    if (place / PROVENANCE).is_file():
        for line in (place / PROVENANCE).read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
                rows.setdefault(row["tag"], []).append(row)
            except (ValueError, LookupError, TypeError):
                break
    return {tag: found for tag, found in rows.items() if _finished(place, found)}


def _finished(place: Path, rows: Sequence[Row]) -> bool:
    last = rows[-1]
    return (place / last["clip"]).is_file() if last.get("made") else bool(last.get("given_up"))


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
