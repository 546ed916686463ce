"""From data and a recipe to a model."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from espressivo.errors import ConfigError
from espressivo.systems.registry import room

if TYPE_CHECKING:
    from espressivo.training import Outcome, Recipe

RUNS = Path("runs")
TRACES = ("recipe.yaml", "log.jsonl", "events.out.tfevents.")
"""What a training writes before the first state."""


def train(
    system: str,
    settings: Iterable[str] = (),
    *,
    recipe: str | Path = "default",
    resume: bool = False,
    allow_shared_speakers: bool = False,
    show: bool = False,
) -> Outcome:
    """Trains a system by a recipe; the model lies in the recipe's output (runs/SYSTEM-RECIPE if it names none).

    Args:
        system: by name.
        settings: "key=value" that differ from the recipe: "steps=100", "train=ravdess.jsonl.gz".
        recipe: one of the system's, by name, or a path.
        resume: go on where it was stopped.
        allow_shared_speakers: train even though a speaker is in both train and validation.
        show: a live display on stderr.

    Raises:
        ConfigError: unknown system, recipe, key or value; output in use; another recipe than it began with.
        InputError: data that cannot be used, or share a speaker.
        OutputError: the output cannot be written.
        Stopped: Ctrl-C or SIGTERM; the message says how to go on.
    """
    home = room(system)
    from espressivo.training import Trainer, read_recipe

    plan = read_recipe(home.RECIPE, recipe, settings, home.RECIPES)
    plan = plan.model_copy(
        update={
            "output": plan.output or RUNS / f"{system}-{Path(recipe).stem}",
            "allow_shared_speakers": plan.allow_shared_speakers or allow_shared_speakers,
        }
    )
    if os.environ.get("RANK", "0") == "0":  # under torchrun, the first process writes: the others find what it wrote
        _check_output(plan, resume)
    _check_speakers(plan)
    try:
        return Trainer(home.make_task(plan), plan, show=show).fit(resume)
    finally:
        _part()


def _check_output(recipe: Recipe, resume: bool) -> None:
    """A run that failed before anything of it was kept may be written over; whatever else is there may not."""
    output = recipe.output
    if output is None:
        return
    if output.exists() and not output.is_dir():
        raise ConfigError(f"output={str(output)!r} is a file: give a folder, or a name that is free")
    if resume or not output.is_dir():
        return
    kept = [path.name for path in output.iterdir() if not path.name.startswith(TRACES)]
    if kept:
        raise ConfigError(f"{str(output)!r} is in use: add --resume to go on there, or give another output=FOLDER")


def _check_speakers(recipe: Recipe) -> None:
    """Before anything that takes long."""
    from espressivo.corpora.data import read_data
    from espressivo.corpora.splits import check_disjoint

    named = {"train": recipe.train, "validation": recipe.validation}
    data = {part: read_data(path) for part, path in named.items() if path is not None}
    if len(data) == 2:
        check_disjoint({part: each.speakers() for part, each in data.items()}, recipe.allow_shared_speakers)


def _part() -> None:
    """Several processes take leave of each other, or the last one would complain that nobody did."""
    import torch.distributed

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
