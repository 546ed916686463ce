"""Where the time of a step goes: making batches, forward, backward, optimizer, and the Trainer itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch

from espressivo.training.recipe import Recipe
from espressivo.training.task import Task
from espressivo.training.trainer import Trainer

PARTS = ("data", "forward", "backward", "optimizer", "rest")


@dataclass(frozen=True)
class Profile:
    """Seconds of one step, on average, by part; `data` is making batches and moving them, `rest` the Trainer."""

    steps: int
    seconds: dict[str, float]

    @property
    def step(self) -> float:
        """Seconds of a whole step."""
        return sum(self.seconds.values())

    @property
    def arithmetic(self) -> float:
        """The share of forward, backward and optimizer."""
        return sum(self.seconds[part] for part in ("forward", "backward", "optimizer")) / self.step


class _Stopwatch:
    """Gives the time since the last mark to the part that just ended, in the steps that count."""

    def __init__(self, counted: range) -> None:
        self.counted, self.step = counted, 0
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.last = time.perf_counter()

    def __call__(self, part: str) -> None:
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()  # else the time would go to whoever waits first
        now = time.perf_counter()
        if self.step in self.counted:
            self.seconds[part] += now - self.last
        self.last = now
        self.step += part == "rest"


def profile(task: Task[Any], recipe: Recipe, steps: int = 100, warmup: int = 10) -> Profile:
    """Trains for `warmup` + `steps` steps without writing or validating anything, and times the parts of each step.

    On a GPU each part is waited for, so that the sum is more than a step takes when they overlap.
    """
    watch = _Stopwatch(range(warmup, warmup + steps))
    # The last step ends the run before its rest is marked, hence one more.
    total = {"steps": warmup + steps + 1, "output": None, "validate_every": 0, "patience": 0, "save_every": 0}
    Trainer(task, recipe.model_copy(update=total), mark=watch).fit()
    return Profile(steps, {part: seconds / steps for part, seconds in watch.seconds.items()})
