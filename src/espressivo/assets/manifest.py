"""Folders that espressivo writes itself, out of pinned weights: what was written, and whether it still is that.

The manifest is the last file to be written and lists the others with size and SHA-256. As with pinned files, a stamp
remembers what was hashed, so that later starts only look at sizes and times.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from espressivo.assets import cache
from espressivo.assets.registry import PinnedFile

MANIFEST = "manifest.json"


def write(folder: Path, version: int, place: Path | None = None) -> None:
    """List the files in `folder` as written by `version` of their maker; `place` moves them there, the list last."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in (MANIFEST, cache.STAMP))
    listed = [{"name": p.name, "bytes": p.stat().st_size, "sha256": cache.sha256(p)} for p in paths]
    (folder / MANIFEST).write_text(json.dumps({"version": version, "files": listed}, indent=1), encoding="utf-8")
    place = place or folder
    if place != folder:
        for path in (*paths, folder / MANIFEST):
            os.replace(path, place / path.name)
    cache.write_stamp(place, {file.name: cache.mark(place, file) for file in _files(listed)})


def problem(folder: Path, version: int) -> str | None:
    """Why `folder` is not as `version` of its maker wrote it, in a few words; None if it is."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        written, files = manifest["version"], _files(manifest["files"])
    except OSError:
        return f"{MANIFEST} cannot be read"
    except (ValueError, TypeError, KeyError):
        return f"{MANIFEST} makes no sense"
    if written != version:
        return f"it is of format {written}, wanted {version}"
    wrong = cache.unsound(folder, files)
    told = (f"{file.name} is {why}" if why == cache.ABSENT else why for file, why in wrong.items())
    return "; ".join(told) or None


def _files(listed: list[dict[str, object]]) -> list[PinnedFile]:
    return [PinnedFile(parts=(), **fields) for fields in listed]  # type: ignore[arg-type]
