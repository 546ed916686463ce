"""Pinned weights: `fetch(name)` gives a verified local file or folder. See docs/assets.md."""

from espressivo.assets.cache import cache_dir
from espressivo.assets.registry import Entry, entries, entry
from espressivo.assets.report import Progress, reporting
from espressivo.assets.resolver import OutOfReachError, Row, cached, describe, fetch, verify
from espressivo.assets.web import offline

__all__ = [
    "Entry",
    "OutOfReachError",
    "Progress",
    "Row",
    "cache_dir",
    "cached",
    "describe",
    "entries",
    "entry",
    "fetch",
    "offline",
    "reporting",
    "verify",
]
