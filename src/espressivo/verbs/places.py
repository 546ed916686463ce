"""Where the results of changing sound files go: places that are checked before the work, and never the recordings."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from espressivo.corpora.readers.common import MEDIA, walk
from espressivo.errors import InputError, OutputError
from espressivo.media.files import check_folder, writing

SUFFIXES = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus")
"""What `Speech.save` can write."""


BEGUN = "converted.json"


def check_place(out: Path | str, *inputs: Path | str | None) -> None:
    """Finds out before the work, not after it, that the sound file `out` cannot be written, or is one of `inputs`.

    Raises:
        OutputError: either of the two.
    """
    target = Path(os.path.realpath(out))
    if target.is_dir():
        raise OutputError(f"cannot write {str(out)!r}: it is a folder; give the name of a file")
    if target.suffix.lower() not in SUFFIXES:
        raise OutputError(f"cannot write {str(out)!r}: give a name that ends in {', '.join(SUFFIXES)}")
    if not target.parent.is_dir():
        raise OutputError(f"cannot write {str(out)!r}: there is no folder {str(target.parent)!r}; make it")
    for given in inputs:
        if given is not None and _same(target, given):
            raise OutputError(f"the result would overwrite {str(given)!r} itself: choose another name")
    check_folder(target.parent)


def check_folders(out: Path | str, folder: Path | str) -> None:
    """The same for a folder `out` of what the recordings in `folder` become.

    Raises:
        OutputError: it cannot be written, is `folder` itself, or has the name of a sound file.
    """
    target = Path(os.path.realpath(out))
    if target.suffix.lower() in SUFFIXES and not target.is_dir():
        raise OutputError(f"{str(folder)!r} is a folder of recordings, {str(out)!r} a file: give a folder to write to")
    if _same(target, folder):
        raise OutputError(f"the results would lie among the recordings in {str(folder)!r}: choose another folder")
    check_folder(out)


def recordings(folder: Path | str, out: Path | str, skip: Callable[[Path, str], None]) -> Iterator[tuple[Path, Path]]:
    """Each recording below `folder`, and the .wav of the same name below `out` that it becomes, in order.

    Of several of one name one is taken; `out` itself is left out, should it lie in `folder`.

    Args:
        skip: told of files that are empty, those whose name another has, and folders that cannot be listed.

    Raises:
        InputError: there are none.
    """
    folder, out = Path(folder), Path(out)
    results, found = Path(os.path.realpath(out)), False
    for path in walk(folder, skip):
        if not Path(os.path.realpath(path)).is_relative_to(results):
            found = True
            for other in sorted(path.parent.glob(f"{glob.escape(path.stem)}.*")):
                if other != path and other.suffix.lower() in MEDIA:
                    skip(other, f"{path.name}, which is converted, would become the same file: give it another name")
            yield path, (out / path.relative_to(folder)).with_suffix(".wav")
    if not found:
        raise InputError(f"no recordings in {str(folder)!r}: give a folder of sound or video files")


def check_begun(out: Path | str, wish: Mapping[str, object]) -> None:
    """Finds out whether the folder `out` holds what something else was made of. Raises OutputError."""
    place, told = Path(out) / BEGUN, _told(wish)
    try:
        before = place.read_text(encoding="utf-8") if place.is_file() else told
    except (OSError, UnicodeDecodeError):
        before = "something that cannot be read"
    if before != told:
        raise OutputError(f"{str(out)!r} was begun with {before}, not {told}: give another folder, or the same wish")


def note_begun(out: Path | str, wish: Mapping[str, object]) -> None:
    """Notes in the folder `out` what its recordings are made with, once. Raises OutputError."""
    place = Path(out) / BEGUN
    if place.is_file():
        return
    make_folder(place.parent)
    with writing(place) as part:
        part.write_text(_told(wish), encoding="utf-8")


def _told(wish: Mapping[str, object]) -> str:
    return json.dumps(dict(wish), ensure_ascii=False)


def make_folder(folder: Path) -> None:
    """Makes `folder`, and those above it, unless it is there. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot make the folder {str(folder)!r}: {why}; give another one") from None


def _same(target: Path, given: Path | str) -> bool:
    try:
        return os.path.samefile(target, given)
    except (OSError, ValueError):  # one of them is not there, or an address
        return False
