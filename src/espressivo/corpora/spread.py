"""The same work on many items: in this process, in several, or on a Ray cluster.

Items are taken from their iterator only as fast as they are worked on and results are given back in the items' order,
so memory stays flat however many there are and the same input gives the same output.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from espressivo.errors import ConfigError, EspressivoError, InputError

Given = TypeVar("Given")
Made = TypeVar("Made")

_AHEAD = 8  # items in flight for each worker: one slow item does not leave the others idle


class LostError(InputError):
    """The process that worked on the item died, twice: it may have needed more memory than there is."""


@dataclass(frozen=True)
class Done(Generic[Given, Made]):
    """An item and what came of it: `value`, or the `error` that is its own fault."""

    item: Given
    value: Made | None = None
    error: EspressivoError | None = None


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    function: Callable[[Given], Made], items: Iterable[Given], *, jobs: int = 1, ray: str | None = None
) -> Iterator[Done[Given, Made]]:
    """`function` of each item, in order, as `Done`.

    Args:
        function: with more than one process, something that can be pickled: a function of a module, not a lambda.
        jobs: processes on this machine; 1 works in this one. New processes begin by importing the main script, so a
            script that asks for several needs `if __name__ == "__main__":`.
        ray: address of a Ray cluster instead, "auto" for the one at hand, or "local" to start one on this machine with
            `jobs` processors. espressivo and the files must be there under the same paths.

    An EspressivoError is carried back and the work goes on, as it does when a worker process is killed (`LostError`);
    any other exception is a fault of `function` and ends it.

    Raises:
        ConfigError: jobs below 1, processes that cannot begin, Ray is not installed, or no cluster at that address.
    """
    if jobs < 1:
        raise ConfigError(f"got {jobs} processes to work in: give 1 or more")
    if ray is not None:
        from espressivo.corpora.spread_ray import on_ray

        return on_ray(function, items, jobs=jobs, address=ray)
    return _here(function, items) if jobs == 1 else _Pool(function, jobs).run(items)


def attempt(function: Callable[[Any], Made], item: object) -> tuple[Made | None, EspressivoError | None, list[str]]:
    """The value, or the item's own error, and the warnings on the way: what a worker sends back."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            value, error = function(item), None
        except EspressivoError as fault:
            value, error = None, fault
    return value, error, [str(w.message) for w in caught if issubclass(w.category, UserWarning)]


def told(item: Given, answer: tuple[Made | None, EspressivoError | None, list[str]]) -> Done[Given, Made]:
    """A worker's answer, its warnings given again in this process."""
    value, error, notes = answer
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return Done(item, value, error)


def lost(item: object) -> LostError:
    name = str(getattr(item, "id", item))
    return LostError(f"the process at work on {name:.200} was killed: out of memory? Use fewer jobs, or leave it out")


def _here(function: Callable[[Given], Made], items: Iterable[Given]) -> Iterator[Done[Given, Made]]:
    for item in items:
        try:
            yield Done(item, function(item))
        except EspressivoError as error:
            yield Done(item, error=error)


class _Pool(Generic[Given, Made]):
    """Worker processes that are replaced when one of them is killed."""

    def __init__(self, function: Callable[[Given], Made], jobs: int) -> None:
        self._function, self._jobs, self._threads = function, jobs, max(1, cores() // jobs)
        self._workers = self._start(jobs)
        self._alone: ProcessPoolExecutor | None = None

    def run(self, items: Iterable[Given]) -> Iterator[Done[Given, Made]]:
        flying: deque[tuple[Given, Future[Any]]] = deque()
        try:
            for item in items:
                flying.append((item, self._submit(item)))
                if len(flying) >= self._jobs * _AHEAD:
                    yield self._land(*flying.popleft())
            while flying:
                yield self._land(*flying.popleft())
        finally:
            for workers in (self._workers, self._alone):
                if workers is not None:
                    workers.shutdown(wait=True, cancel_futures=True)

    def _submit(self, item: Given) -> Future[Any]:
        with _deaf(self._threads):
            try:
                return self._workers.submit(_work, item)
            except BrokenProcessPool:
                self._workers = self._start(self._jobs)
                return self._workers.submit(_work, item)

    def _land(self, item: Given, future: Future[Any]) -> Done[Given, Made]:
        try:
            return told(item, future.result())
        except BrokenProcessPool:
            return self._again(item)

    def _again(self, item: Given) -> Done[Given, Made]:
        """One death takes all that is in flight along; tried again alone, an item shows whether it was the cause."""
        if self._alone is None:
            self._alone = self._living()
        with _deaf(self._threads):
            future = self._alone.submit(_work, item)
        try:
            return told(item, future.result())
        except BrokenProcessPool:
            self._alone = None
            return Done(item, error=lost(item))

    def _living(self) -> ProcessPoolExecutor:
        """One worker that has shown that it can begin: a death after that is the item's doing."""
        workers = self._start(1)
        with _deaf(self._threads):
            sign = workers.submit(os.getpid)
        try:
            sign.result()
        except BrokenProcessPool:
            advice = "put what the script does under 'if __name__ == \"__main__\":', or use one process"
            raise ConfigError(f"no worker process can begin (see above): {advice}") from None
        return workers

    def _start(self, count: int) -> ProcessPoolExecutor:
        # Not by fork: a copy of a process with threads (PyTorch, a progress bar) can hang for ever.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(count, context, initializer=_begin, initargs=(self._function,))


@contextmanager
def _deaf(threads: int) -> Iterator[None]:
    """For the moment in which a process may be started.

    Ctrl-C waits until the block ends, and in the process until `_begin`, or it would die with a word. The process
    inherits its share of the processors: libraries look for that when they are imported, which is before `_begin`.
    """
    told = "OMP_NUM_THREADS" in os.environ
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    masked = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masked else set()
    try:
        yield
    finally:
        if masked:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if not told:
            del os.environ["OMP_NUM_THREADS"]


_function: Callable[[Any], Any]
"""In a worker: what it does, sent once, so that a model which it loads at the first item serves all others."""


def _begin(function: Callable[[Any], Any]) -> None:
    """In a worker: its work, and no last words.

    Ctrl-C reaches every process; the one that started it all has its say, and the workers end at once. They end, too,
    when that one is gone without a word, as after kill -9.
    """
    global _function
    _function = function
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _end_with_parent() -> None:
    """Sleeps until the process that started this one is gone, then ends this one, whatever it is at.

    A worker would else wait for its next item for ever: each holds both ends of the pipe that they come through.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(item: object) -> tuple[Any, EspressivoError | None, list[str]]:
    return attempt(_function, item)
