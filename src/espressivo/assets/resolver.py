"""From the name of an asset to a verified file or folder on this machine.

Cache first; then every source in turn, file by file, until one gives bytes with the pinned hash. A full cache needs
no network and no lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from espressivo.assets import cache, registry
from espressivo.assets.cache import ABSENT, RefusedError, Tell, UnavailableError
from espressivo.assets.registry import Entry, PinnedFile
from espressivo.assets.report import Progress, teller
from espressivo.assets.shipped import Shipped, shipped
from espressivo.assets.sources import Source, sources
from espressivo.errors import AssetError, OutputError


class OutOfReachError(AssetError):
    """Nothing wrong was found, but no source that could be reached has the weights."""


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The verified file, or folder of files, of the pinned weights `name`, downloaded if it is not in the cache.

    Without `progress`, whoever called `reporting` is told.

    Safe to call from many processes at once. Raises AssetError when the name is unknown, when what was found has
    another hash than the pinned one, or (OutOfReachError) when no source has it; OutputError when the cache cannot
    be written.
    """
    item = registry.entry(name)
    place = cache.folder(name)
    if cache.unsound(place, item.files):
        tell = teller(name, progress)
        with cache.locked(name, tell):
            _fill(item, place, cache.unsound(place, item.files), tell)
    return item.path(place)


def cached(name: str) -> Path | None:
    """The verified file or folder if it is in the cache, else None; never uses the network."""
    item = registry.entry(name)
    place = cache.folder(name)
    return None if cache.unsound(place, item.files) else item.path(place)


def verify(name: str) -> Path:
    """Hash every file of `name` in the cache again. Raises AssetError, after removing it, if one is not as pinned."""
    item = registry.entry(name)
    place = cache.folder(name)
    problems = cache.unsound(place, item.files, trust_stamp=False)
    wrong = [file for file, reason in problems.items() if (place / file.name).exists()]
    for file in wrong:
        with cache.writing(place):
            (place / file.name).unlink()
    if wrong:
        what = "; ".join(problems[file] for file in wrong)
        raise AssetError(f"{name}: {what}; removed: get it again with `espressivo assets fetch {name}`")
    if problems:
        files = ", ".join(file.name for file in problems)
        raise AssetError(f"{name}: {files} not in the cache; get it with `espressivo assets fetch {name}`")
    return item.path(place)


@dataclass(frozen=True)
class Row:
    """One line of `espressivo assets list`."""

    name: str
    what: str
    used_for: str
    licence: str
    permissive: bool
    megabytes: float
    here: bool
    note: str
    kind: str = "pinned"
    """"pinned": fetched when needed; "shipped": comes with the package."""


def describe(permissive: bool | None = None) -> list[Row]:
    """What `espressivo assets list` shows: the pinned weights, then the checkpoints that come with the package.

    `here` looks at names and sizes only: `verify` is what hashes.
    """
    pinned = [
        Row(e.name, e.what, e.used_for, e.licence, e.permissive, round(e.bytes / 1e6, 1), _present(e), e.note)
        for e in registry.entries(permissive)
    ]
    return pinned + [row for row in map(_shipped_row, shipped()) if permissive in (None, row.permissive)]


def _shipped_row(item: Shipped) -> Row:
    # A licence that takes a sentence is a note; only a name fits its column.
    short, note = (item.licence, "") if " " not in item.licence else ("see note", item.licence + ".")
    size = round(item.bytes / 1e6, 1)
    return Row(
        item.folder.name, item.what, "the system it is named after", short, item.permissive, size, True, note, "shipped"
    )


def _present(item: Entry) -> bool:
    paths = [(cache.folder(item.name) / file.name, file.bytes) for file in item.files]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


def _fill(item: Entry, place: Path, missing: dict[PinnedFile, str], tell: Tell) -> None:
    if not missing:
        return  # another process has fetched it while this one waited
    with cache.workplace(place) as work:
        wanted = {part.archive for file in missing for part in file.parts}
        cache.need_room(place, sum(file.bytes for file in missing) + sum(archive.bytes for archive in wanted))
        asked = sources(item, work, tell)
        for file, reason in missing.items():
            _obtain(item, file, place, work, reason, asked, tell)
    cache.unsound(place, item.files)  # leaves the stamp


def _obtain(
    item: Entry, file: PinnedFile, place: Path, work: Path, reason: str, asked: list[tuple[str, Source]], tell: Tell
) -> None:
    """Take `file` from the first source that has it as pinned; remember what the others said for the message."""
    refused = reason != ABSENT
    said = [f"cache: {reason}"] if refused else []
    for label, source in asked:
        try:
            cache.store(_ask(source, file), file, place, work, tell)
            return
        except UnavailableError as error:
            said += [f"{label}: {error}"] if str(error) else []
        except RefusedError as error:
            refused = True
            said.append(f"{label}: {error}, so it was refused")
            tell(0, 0, said[-1])
    archives = " and ".join(dict.fromkeys(part.archive.file for part in file.parts))
    message = (
        f"no good copy of {file.name} for {item.name} ({file.bytes / 1e6:,.1f} MB): {'; '.join(said)}; "
        f"to provide it by hand, put {archives} or the file itself in a folder and set ESPRESSIVO_ASSETS to that folder"
    )
    raise (AssetError if refused else OutOfReachError)(message)


def _ask(source: Source, file: PinnedFile) -> Iterator[bytes]:
    """The bytes a source has; what the system refuses while they are read is that source's trouble, not the cache's."""
    try:
        yield from source(file)
    except OutputError:
        raise
    except OSError as error:
        raise UnavailableError(f"it cannot be read ({error.strerror or type(error).__name__})") from error
