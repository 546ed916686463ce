"""What the tests of several rooms ask of a training that was stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from espressivo.training import Recipe, Trainer
from espressivo.training.log import read_log


def losses(folder: Path) -> list[tuple[int, float]]:
    return [(row["step"], row["loss"]) for row in read_log(folder) if "loss" in row]


def goes_on_as_if_never_stopped(
    make_task: Callable[[Any], Any], recipe: Callable[..., Recipe], folder: Path, stop: int, steps: int
) -> None:
    """Stopped after `stop` steps and resumed, or made in one go: the same losses, and weights to the last bit.

    Args:
        recipe: one that logs each step, with what is given as well.
    """

    def trained(name: str, count: int, *, resume: bool = False) -> dict[str, torch.Tensor]:
        plan = recipe(output=folder / name, steps=count)
        return Trainer(make_task(plan), plan).fit(resume=resume).model.state_dict()

    trained("resumed", stop)
    resumed, whole = trained("resumed", steps, resume=True), trained("whole", steps)
    assert losses(folder / "resumed") == losses(folder / "whole")
    assert len(losses(folder / "whole")) == steps
    for name, value in whole.items():
        assert torch.equal(resumed[name], value), name
