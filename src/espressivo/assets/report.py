"""Who is told how a fetch goes: whoever is passed to it, else whoever has asked to be told with `reporting`.

A fetch may start deep inside a model, in a worker thread, where nobody can pass a callback down.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from espressivo.assets.cache import Tell

Progress = Callable[[str, int, int, str], None]
"""Told while a fetch works: the asset, bytes done, bytes in all (0 if unknown), what is happening."""

# A context's own listener comes first; threads start with an empty context and find the latest of the process.
_OWN: ContextVar[Progress | None] = ContextVar("espressivo.assets.progress", default=None)
_EVERYONE: list[Progress] = []
_LOCK = threading.Lock()


@contextmanager
def reporting(progress: Progress) -> Iterator[None]:
    """While this lasts, `progress` is told of each fetch that was not given another callback, in any thread.

    It is called by one thread at a time. The innermost `reporting` of a context wins.
    """
    turn = threading.RLock()

    def one_at_a_time(name: str, done: int, total: int, message: str) -> None:
        with turn:
            progress(name, done, total, message)

    with _LOCK:
        _EVERYONE.append(one_at_a_time)
    token = _OWN.set(one_at_a_time)
    try:
        yield
    finally:
        _OWN.reset(token)
        with _LOCK:
            _EVERYONE.remove(one_at_a_time)


def teller(name: str, progress: Progress | None = None) -> Tell:
    """What the steps of a fetch of `name` report to: `progress`, else who asked to be told; without any, silence."""

    def tell(done: int, total: int, message: str) -> None:
        listener = progress or _listener()
        if listener is not None:
            listener(name, done, total, message)

    return tell


def _listener() -> Progress | None:
    with _LOCK:
        return _OWN.get() or (_EVERYONE[-1] if _EVERYONE else None)
