"""How the command line shows work and results: progress on stderr, results on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from espressivo.assets import reporting
from espressivo.systems.reply import Perception


@contextmanager
def stages() -> Iterator[Callable[[str], None]]:
    """A spinner that names the stage at work, and what is being downloaded; without a terminal, downloads only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        with reporting(_lines()):
            yield lambda stage: None
        return
    with console.status("starting …") as status:

        def fetched(name: str, done: int, total: int, message: str) -> None:
            share = f" ({done / 1e6:.0f} of {total / 1e6:.0f} MB)" if total else ""
            status.update(f"{name}: {message}{share} …")

        with reporting(fetched):
            yield lambda stage: status.update(f"{stage} …")


@contextmanager
def downloads() -> Iterator[Callable[[str, int, int, str], None]]:
    """A bar for each asset that is being fetched; without a terminal, a line for each step."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(name: str, done: int, total: int, message: str) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=None)
            bars.update(tasks[name], completed=done, total=total or None, description=f"{name}: {message}")

        yield tell


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar with the time left, from the first time it is told of any; nothing where stderr is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
    tasks: list[TaskID] = []

    def tell(done: int, total: int | None) -> None:
        if not tasks:
            bars.start()
            tasks.append(bars.add_task(what, total=None))
        bars.update(tasks[0], completed=done, total=total)
        if done == total:  # another display may come next, and two at a time would write over each other
            bars.remove_task(tasks.pop())
            bars.stop()

    try:
        yield tell
    finally:
        bars.stop()


def _lines() -> Callable[[str, int, int, str], None]:
    told: set[tuple[str, str]] = set()

    def tell(name: str, done: int, total: int, message: str) -> None:
        if (name, message) not in told:
            told.add((name, message))
            print(f"{name}: {message}", file=sys.stderr)

    return tell


def feeling(perception: Perception) -> str:
    """One line: "sad (fairly sure): sad 0.52, neutral 0.30 … [face sad, voice neutral]"."""
    senses = ", ".join(f"{name} {sense.scores.top}" for name, sense in perception.senses.items())
    return f"{perception.emotion.top} ({perception.sureness}): {perception.emotion}  [{senses}]"
