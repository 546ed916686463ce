"""A training in this process alone, and within another one: of the small models that calibrate a larger one.

The Trainer would not do: under torchrun it takes all processes, and where a model is exported only the first is there.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from espressivo.training.batches import Plan, batches
from espressivo.training.interrupt import Stopped, interruptions
from espressivo.training.recipe import Recipe
from espressivo.training.schedule import share
from espressivo.training.seeds import seeded, threads
from espressivo.training.step import Stepper
from espressivo.training.task import Task

if TYPE_CHECKING:
    from accelerate import Accelerator


def learned(task: Task[Any], recipe: Recipe, device: torch.device) -> nn.Module:
    """The model that the Trainer would make of `task` in one process, in fp32; nothing is validated or written.

    Raises:
        Stopped: Ctrl-C or SIGTERM.
    """
    with seeded(recipe.seed), threads(recipe.threads), interruptions() as asked:
        model = task.build().to(device)
        torch.manual_seed(recipe.seed)  # as the Trainer does
        stepper = Stepper(task, model, recipe, cast("Accelerator", Alone(device)), lambda part: None)
        model.train()
        for step, pieces in enumerate(batches(Plan(task, recipe), 0, recipe.steps)):
            stepper(pieces, share(step, recipe.steps, recipe.warmup, recipe.schedule))
            if asked():
                raise Stopped(f"stopped after step {step + 1} of {recipe.steps}")
        return model.eval()


class Alone:
    """What a Stepper asks of Accelerate, for one process, whoever else is there."""

    num_processes = 1

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def prepare(self, module: nn.Module) -> nn.Module:
        return module

    def no_sync(self, module: nn.Module) -> AbstractContextManager[None]:
        return nullcontext()

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def reduce(self, values: Tensor, how: str) -> Tensor:
        return values

    def clip_grad_norm_(self, parameters: list[nn.Parameter], most: float) -> Tensor:
        return nn.utils.clip_grad_norm_(parameters, most)
