"""Keeps an eye on a training: losses still finite, rows for the log and the display, and how fast it goes."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from espressivo.errors import ConfigError
from espressivo.training.log import Log
from espressivo.training.progress import Display
from espressivo.training.recipe import Recipe
from espressivo.training.step import Measured

GLANCE = 1.0
"""Seconds after which losses are looked at, even if no row is due."""


class DivergedError(ConfigError):
    """The loss, the gradient or the score is not a number any more."""


class Watch:
    """What happened since the last look stays on the device: looking waits for a GPU, so it is done now and then.

    Args:
        seconds: that were trained before, if this run goes on from a state.
        processes: that each see as many examples as this one.
    """

    def __init__(
        self, recipe: Recipe, log: Log | None, display: Display, seconds: float = 0.0, processes: int = 1
    ) -> None:
        self.recipe, self.log, self.display, self.seconds = recipe, log, display, seconds
        self.processes = processes
        self._since = time.perf_counter()
        self._examples = 0
        self._pending: list[tuple[int, float, Measured]] = []

    def add(self, step: int, rate: float, measured: Measured) -> None:
        """Step `step`, taken at the learning rate `rate`."""
        self._pending.append((step, rate, measured))
        self._examples += measured.examples * self.processes

    def due(self, step: int) -> bool:
        return step % self.recipe.log_every == 0 or time.perf_counter() - self._since > GLANCE

    def look(self) -> None:
        """Tells of the steps since the last look.

        Raises:
            DivergedError: a loss or a gradient is not finite.
            OutputError: the log cannot be written.
        """
        pace = self._examples / max(time.perf_counter() - self._since, 1e-9)
        self.restart()
        for step, rate, measured in self._pending:
            figures = {"loss": float(measured.loss)}
            if measured.gradient is not None:
                figures["gradient"] = float(measured.gradient)
            self.check(step, figures)
            if step % self.recipe.log_every == 0 or step == self.recipe.steps:
                figures |= {name: float(part) for name, part in measured.parts.items()}
                figures |= {"learning_rate": rate, "examples_per_second": pace, "seconds": self.seconds}
                self._tell({"step": step, **figures})
        self._pending.clear()

    def validated(self, step: int, metrics: Mapping[str, float]) -> None:
        """Tells of a validation. Raises as `look`."""
        self.check(step, {"score": metrics["score"]})
        self._tell({"step": step, "validation": dict(metrics)})

    def restart(self) -> None:
        """The clock of the pace begins anew: after a look, and after what is not learning, such as saving."""
        now = time.perf_counter()
        self.seconds += now - self._since
        self._since, self._examples = now, 0

    def check(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            if not math.isfinite(value):
                raise DivergedError(
                    f"the {name} is {value} at step {step}: try a learning_rate below {self.recipe.learning_rate:g}, "
                    "a longer warmup, or look for broken values in the data"
                )

    def _tell(self, row: dict[str, Any]) -> None:
        if self.log is not None:
            self.log.write(row)
        self.display.show(row)
