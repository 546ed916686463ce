"""A training as it goes, on stderr: a live line in a terminal, else a plain line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Protocol

EVERY = 10.0
"""Seconds between two plain lines."""


class Display(Protocol):
    """Told of each row of the log."""

    def __enter__(self) -> Display: ...
    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
    def show(self, row: dict[str, Any]) -> None: ...


def display(name: str, steps: int, step: int = 0) -> Display:
    """The display that suits where stderr goes."""
    from rich.console import Console

    console = Console(stderr=True)
    return _Live(name, steps, step, console) if console.is_terminal else Lines(name, steps, step)


class Silent:
    """Says nothing."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *failed: object) -> None:
        pass

    def show(self, row: dict[str, Any]) -> None:
        pass


class Lines(Silent):
    """For logs and pipes: `voice: step 120 of 2000, loss 0.51, 380 examples/s, 1:20 left, score 0.55`."""

    def __init__(self, name: str, steps: int, step: int = 0) -> None:
        self.name, self.steps, self.begun_at = name, steps, step
        self.begun = self.said = time.perf_counter()
        self.score = ""

    def show(self, row: dict[str, Any]) -> None:
        now = time.perf_counter()
        if "validation" in row:
            self.score = _score(row["validation"])
            return
        if row["step"] < self.steps and now - self.said < EVERY:
            return
        self.said = now
        left = (now - self.begun) / max(row["step"] - self.begun_at, 1) * (self.steps - row["step"])
        parts = (_figures(row), f"{_clock(left)} left" if left else "", self.score)
        told = ", ".join(part for part in parts if part)
        print(f"{self.name}: step {row['step']} of {self.steps}, {told}", file=sys.stderr, flush=True)


class _Live:
    """A bar with step, losses, score, speed and time left."""

    def __init__(self, name: str, steps: int, step: int, console: Any) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, TextColumn("{task.fields[figures]}"), console=console)
        self.task = self.bar.add_task(name, total=steps, completed=step, figures="")
        self.figures = self.score = ""

    def __enter__(self) -> _Live:
        self.bar.start()
        return self

    def __exit__(self, *failed: object) -> None:
        self.bar.stop()

    def show(self, row: dict[str, Any]) -> None:
        if "validation" in row:
            self.score = _score(row["validation"])
        else:
            self.figures = _figures(row)
        figures = ", ".join(part for part in (self.figures, self.score) if part)
        self.bar.update(self.task, completed=row["step"], figures=figures)


def _figures(row: dict[str, Any]) -> str:
    if "loss" not in row:
        return ""
    speed = row["examples_per_second"]
    return f"loss {row['loss']:.4g}, {f'{speed:,.0f}' if speed >= 10 else f'{speed:.2g}'} examples/s"


def _score(metrics: dict[str, float]) -> str:
    return f"score {metrics['score']:.3f}" if "score" in metrics else ""


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
