"""How a tree is made, and what a reader must give for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Tree:
    """What a reader must give for a tree: items by id with some of their values, and (file's name, words of reason)."""

    items: Mapping[str, Mapping[str, Any]]
    skipped: list[tuple[str, str]] = field(default_factory=list)


def put(root: Path, *names: str, text: str | bytes = b"x") -> None:
    """Files of that content, with the folders they lie in."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
