"""Beginnings that are read once: kept in memory, and on disk for the next start."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import numpy as np

from espressivo.engines.decoder.decoder import Decoder
from espressivo.engines.decoder.state import State

RECENT = 3
"""How many prompts that nobody asked to keep stay read."""


class Memory:
    """States that have read some beginning, found again by their longest common beginning with a new prompt.

    Args:
        folder: where fixed beginnings are kept; None keeps them in memory only. A folder that cannot be written
            costs time at the next start, nothing else.
    """

    def __init__(self, decoder: Decoder, folder: Path | None = None) -> None:
        self.decoder = decoder
        self.folder = folder
        self._fixed: dict[tuple[int, ...], State] = {}
        self._recent: list[tuple[tuple[int, ...], State]] = []

    def fixed(self, ids: list[int]) -> State:
        """The state that has read `ids`, to be left unchanged: fork it."""
        key = tuple(ids)
        if key not in self._fixed:
            self._fixed[key] = self._restored(key) or self._learnt(key)
        return self._fixed[key]

    def begin(self, ids: list[int], room: int) -> State:
        """A state of its own that has read `ids`, with space for `room` more tokens."""
        known = [*self._fixed.items(), *self._recent]
        shared, state = max(((_shared(ids, key), state) for key, state in known), key=lambda p: p[0], default=(0, None))
        # The last token is always read again: its logits are what comes next.
        shared = min(shared, len(ids) - 1)
        space = len(ids) + room
        fresh = self.decoder.state(space) if state is None else state.fork(length=shared, room=space - shared)
        self.decoder.read(fresh, ids[shared:])
        self._recent = [(tuple(ids), fresh.fork()), *self._recent][:RECENT]
        return fresh

    def _file(self, key: tuple[int, ...]) -> Path | None:
        name = hashlib.sha256(np.array(key, np.int64).tobytes()).hexdigest()[:16]
        return None if self.folder is None else self.folder / f"{name}.npy"

    def _restored(self, key: tuple[int, ...]) -> State | None:
        file = self._file(key)
        if file is None or not file.is_file():
            return None
        try:
            return State.restored(self.decoder.shape, np.load(file), len(key))
        except (OSError, ValueError, EOFError):
            return None

    def _learnt(self, key: tuple[int, ...]) -> State:
        state = self.decoder.state(len(key))
        self.decoder.read(state, list(key))
        file = self._file(key)
        if file is not None:
            part = file.with_name(f".{file.name}.{os.getpid()}")
            with contextlib.suppress(OSError):
                file.parent.mkdir(exist_ok=True)
                try:
                    with part.open("wb") as stream:
                        np.save(stream, state.packed())
                    os.replace(part, file)
                finally:
                    part.unlink(missing_ok=True)
        return state


def _shared(first: list[int], second: tuple[int, ...]) -> int:
    """How many tokens two prompts have in common at their beginning."""
    differ = (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    return next(differ, min(len(first), len(second)))
