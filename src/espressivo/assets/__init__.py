"""Pinned weights: `fetch(name)` gives a verified local file or folder. See docs/assets.md."""

from espressivo.assets.cache import cache_dir
from espressivo.assets.registry import Entry, entries, entry
from espressivo.assets.resolver import OutOfReachError, Progress, Row, cached, describe, fetch, verify

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
    "verify",
]
