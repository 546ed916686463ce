"""From data and a recipe to a model."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from espressivo.corpora.skips import left_out, told
from espressivo.errors import ConfigError, InputError
from espressivo.systems.registry import Room, room

if TYPE_CHECKING:
    from espressivo.corpora.skips import Skipped
    from espressivo.corpora.survey import Survey
    from espressivo.training import Outcome, Recipe, Task

RUNS = Path("runs")
SKIPPED = "skipped.txt"


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
        ConfigError: unknown system, recipe, key, value; output in use; not the recipe, data, examples it began with.
        InputError: data that cannot be used, hold an id twice, or share a speaker.
        OutputError: the output cannot be written.
        Stopped: Ctrl-C or SIGTERM; the message says how to go on.
    """
    home = room(system)
    from espressivo.training import Trainer, read_recipe
    from espressivo.training.origin import check_origin

    plan = read_recipe(home.RECIPE, recipe, settings, home.RECIPES)
    plan = _filled(plan, RUNS / f"{system}-{Path(recipe).stem}", allow_shared_speakers)
    first = os.environ.get("RANK", "0") == "0"  # under torchrun it writes, and the others find what it wrote
    if first:
        _check_output(plan, resume, Path(recipe))
    prints = check_origin(plan) if resume else None
    facts = _licences(plan, _surveyed(plan), first)
    try:
        return Trainer(_make_task(home, plan, first), plan, show=show, facts=facts, prints=prints).fit(resume)
    finally:
        _part()


def _filled(recipe: Recipe, output: Path, allow: bool) -> Recipe:
    """With an output, and with what the caller allows."""
    allow = recipe.allow_shared_speakers or allow
    return recipe.model_copy(update={"output": recipe.output or output, "allow_shared_speakers": allow})


def _make_task(home: Room, recipe: Recipe, tell: bool) -> Task[Any]:
    """The room's task; what it leaves out is listed, also where nothing is left to learn from."""
    from espressivo.corpora.skips import gathering

    with gathering() as skipped:
        try:
            task = home.make_task(recipe)
        except InputError as error:
            if not skipped or told(*skipped[0]) in str(error):  # the room may have said why itself
                raise
            raise InputError(f"{error}; {left_out(skipped)}") from error
        finally:
            listed = _list_skipped(recipe, skipped) if tell else None
    if listed is not None:
        warnings.warn(listed, stacklevel=3)
    return task


def _check_output(recipe: Recipe, resume: bool, source: Path) -> None:
    """A run that failed before anything of it was kept may be written over; whatever else is there may not.

    `source` is where the recipe was read: that of a finished run names the run's own output.
    """
    from espressivo.training.origin import DATA, RECIPE

    output, traces = recipe.output, (RECIPE, DATA, SKIPPED, "log.jsonl", "events.out.tfevents.")
    if output is None:
        return
    if output.exists() and not output.is_dir():
        raise ConfigError(f"output={str(output)!r} is a file: give a folder, or a name that is free")
    if resume or not output.is_dir():
        return
    kept = [path.name for path in output.iterdir() if not path.name.startswith(traces)]
    if kept and source.is_file() and source.parent.samefile(output):
        what = f"{str(source)!r} names the output of its own run, {str(output)!r}"
        raise ConfigError(f"{what}: give output=NEW to train again, or add --resume to go on there")
    if kept:
        raise ConfigError(f"{str(output)!r} is in use: add --resume to go on there, or give another output=FOLDER")


def _surveyed(recipe: Recipe) -> dict[str, Survey]:
    """What the data hold, by part, before anything that takes long. Raises InputError where a speaker is shared."""
    from espressivo.corpora.data import read_data
    from espressivo.corpora.splits import check_disjoint
    from espressivo.corpora.survey import survey

    named = {"train": recipe.train, "validation": recipe.validation}
    seen = {part: survey(read_data(path)) for part, path in named.items() if path is not None}
    if len(seen) == 2:
        check_disjoint({part: each.speakers for part, each in seen.items()}, recipe.allow_shared_speakers)
    return seen


def _licences(recipe: Recipe, seen: dict[str, Survey], tell: bool) -> dict[str, Any]:
    """The corpora that the weights learn from, with their terms; warns where the recipe's licence is more permissive.

    Validation counts: it decides which weights are kept. So does what the model that it goes on from had learned.
    """
    from espressivo.corpora.licences import objection, terms

    counts = sum((each.corpora for each in seen.values()), Counter[str]()) | _before(getattr(recipe, "begin", None))
    against = objection(recipe.licence, counts)
    if against is not None and tell:
        warnings.warn(f"{against}; set licence= to what all of them allow, or leave them out", stacklevel=3)
    return {"corpora": terms(counts)}


def _before(begin: Path | None) -> Counter[str]:
    """How many items of each corpus the model in `begin` learned from, as far as it says."""
    from espressivo.training.checkpoint import TRAINING, load_training

    if begin is None or not (begin / TRAINING).is_file():  # the room says so where nothing is there at all
        return Counter()
    return Counter({name: int(facts["items"]) for name, facts in load_training(begin).get("corpora", {}).items()})


def _list_skipped(recipe: Recipe, skipped: list[Skipped]) -> str | None:
    """Into a file of the output, from the start; gives what is to be said: the count and the first."""
    from espressivo.corpora.skips import SkipList
    from espressivo.training.state import reported

    if recipe.output is None:
        return None
    with SkipList(recipe.output / SKIPPED) as log:
        for name, why in skipped:
            log.skip(name, why)
        if skipped:
            with reported(recipe.output):
                recipe.output.mkdir(parents=True, exist_ok=True)
        if log.keep() is None:
            return None
        count = f"{log.skipped} recording{'s' if log.skipped > 1 else ''} left out, listed in {log.place}"
        return f"{count}; the first is {log.first[0]}"


def _part() -> None:
    """Several processes take leave of each other, or the last one would complain that nobody did."""
    import torch.distributed

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
