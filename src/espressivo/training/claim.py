"""One output, one training: a second one would write its states and its log among those of the first."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from espressivo.assets.cache import held
from espressivo.errors import OutputError


@contextmanager
def claimed(output: Path) -> Iterator[None]:
    """While this lasts, no other process of this user trains into `output`; it is let go even if this one is killed.

    Raises:
        OutputError: another one does already, or the cache cannot be written.
    """

    def busy() -> None:
        told = f"another training writes to {str(output)!r} now"
        raise OutputError(f"{told}: wait for it, or give another one")

    with held(f"train-{hashlib.sha256(os.path.realpath(output).encode()).hexdigest()[:16]}", busy):
        yield
