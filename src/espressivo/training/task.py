"""The contract between a room and the Trainer: the room says what is learned, the Trainer does the rest.

The Trainer owns the order of the examples and all that is drawn, so that a run that is killed goes on as if nothing
had happened. A task therefore takes its randomness from the generator it is given, never from a global one; what the
model itself draws (dropout) comes from PyTorch's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from torch import Tensor, nn

B = TypeVar("B")


class Losses(NamedTuple):
    """What one batch costs.

    Attributes:
        total: what is minimised: a mean over the batch, 0-dimensional.
        parts: other 0-dimensional tensors for the log, each a mean over the batch too.
        weight: how many things the means are over: frames, say. None counts the examples. Batches of a step weigh so.
    """

    total: Tensor
    parts: Mapping[str, Tensor] = {}
    weight: float | Tensor | None = None


class Task(ABC, Generic[B]):
    """What a room gives the Trainer: examples by number, a model, its loss, and how good it is."""

    @abstractmethod
    def __len__(self) -> int:
        """How many examples there are to train on."""

    @abstractmethod
    def build(self) -> nn.Module:
        """The model with its first weights, drawn from PyTorch's seeded generator."""

    @abstractmethod
    def batch(self, indices: np.ndarray, random: np.random.Generator) -> B:
        """The examples `indices` (n,) as one batch on the CPU: tensors, in dictionaries, tuples or named tuples.

        Whatever is drawn, such as augmentation, is drawn from `random`. May run in another process.
        """

    @abstractmethod
    def loss(self, model: nn.Module, batch: B) -> Losses:
        """What `batch`, now on the model's device, costs."""

    def validate(self, model: nn.Module) -> Mapping[str, float] | None:
        """How good the model is, without gradients, on the main process only.

        "score" decides which weights are kept and when to stop: higher is better. Nothing at all (the default) keeps
        the last weights; None says that it is too early to tell.
        """
        return {}

    def order(self, epoch: int, random: np.random.Generator) -> np.ndarray:
        """The examples of an epoch in the order they are seen: always `len(self)` of them.

        The default is each of them once, shuffled; a room may draw rare classes more often, or pair equal lengths.
        """
        return random.permutation(len(self))

    @abstractmethod
    def speakers(self) -> Mapping[str, Collection[str | None]]:
        """Whom the model hears: {"train": …, "validation": …}. `evaluate` refuses to measure it on them.

        None stands for somebody unknown.
        """

    @abstractmethod
    def export(self, model: nn.Module, folder: Path) -> None:
        """Writes the trained model into `folder` (see `checkpoint.save_model`)."""
