"""Which examples each step sees: a function of seed and step alone, so that a resumed run sees just the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from espressivo.errors import InputError
from espressivo.training.recipe import Recipe
from espressivo.training.task import Task

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

_ORDER, _BATCH = 0, 1  # what a generator is for: no two of them must draw alike


class Piece(NamedTuple):
    """One batch of one process: which examples, and where in the epoch's order they begin."""

    indices: np.ndarray
    epoch: int
    start: int


class Plan:
    """Cuts the endless row of shuffled epochs into steps, each step into processes, each share into batches.

    A step never crosses into the next epoch: the last of an epoch may be smaller. One with fewer examples than
    processes is left out.
    """

    def __init__(self, task: Task[Any], recipe: Recipe, processes: int = 1, rank: int = 0) -> None:
        self.task, self.recipe, self.processes, self.rank = task, recipe, processes, rank
        if len(task) < processes:
            raise InputError(f"got {len(task)} examples to train on: give at least one for each process ({processes})")
        self.size = recipe.batch_size * recipe.accumulate * processes
        whole, rest = divmod(len(task), self.size)
        self.steps_per_epoch = whole + (rest >= processes)
        self._epoch, self._order = -1, np.zeros(0, np.int64)

    def pieces(self, step: int) -> list[Piece]:
        """What this process takes through the model at `step` (0 is the first), in order."""
        epoch, place = divmod(step, self.steps_per_epoch)
        begin, end = place * self.size, min((place + 1) * self.size, len(self.task))
        bounds = np.linspace(begin, end, self.processes + 1).astype(int)
        first, last = int(bounds[self.rank]), int(bounds[self.rank + 1])
        order = self._ordered(epoch)
        return [
            Piece(order[at : min(at + self.recipe.batch_size, last)], epoch, at)
            for at in range(first, last, self.recipe.batch_size)
        ]

    def make(self, piece: Piece) -> Any:
        """The batch itself, with what is drawn for it depending only on seed, epoch and place."""
        random = np.random.default_rng((self.recipe.seed, _BATCH, piece.epoch, piece.start))
        return self.task.batch(piece.indices, random)

    def _ordered(self, epoch: int) -> np.ndarray:
        if epoch != self._epoch:
            order = self.task.order(epoch, np.random.default_rng((self.recipe.seed, _ORDER, epoch)))
            assert len(order) == len(self.task), f"an epoch of {len(self.task)} examples was ordered into {len(order)}"
            self._epoch, self._order = epoch, np.asarray(order)
        return self._order


class _Steps:
    """The plan as PyTorch's loader wants it: item `step` is all its batches. Sent to each worker once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __getitem__(self, step: int) -> list[tuple[Any, int]]:
        return [(self.plan.make(piece), len(piece.indices)) for piece in self.plan.pieces(step)]


def batches(plan: Plan, start: int, stop: int, pinned: bool = False) -> Iterator[Iterator[tuple[Any, int]]]:
    """For each step from `start` to `stop`, its batches, each with how many examples it holds.

    With workers they are made ahead, in other processes, and are the very same.
    """
    if plan.recipe.workers:
        yield from map(iter, _loader(plan, range(start, stop), pinned))
        return
    for step in range(start, stop):
        yield ((plan.make(piece), len(piece.indices)) for piece in plan.pieces(step))


def _loader(plan: Plan, steps: range, pinned: bool) -> DataLoader[Any]:
    from torch import Generator
    from torch.utils.data import DataLoader

    # One item of the loader is one step: nothing is put together twice, and the order stays ours.
    return DataLoader(
        _Steps(plan),  # type: ignore[arg-type]
        batch_size=None,
        sampler=steps,
        num_workers=plan.recipe.workers,
        pin_memory=pinned,
        generator=Generator(),  # else it would draw from the one that dropout draws from
    )
