"""What a training began with, kept in its output: recipe.yaml and data.json. With anything else it would be another."""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypedDict

from pydantic import BaseModel, ConfigDict, ValidationError

from espressivo.errors import ConfigError
from espressivo.media.files import writing
from espressivo.training.checkpoint import fingerprint
from espressivo.training.recipe import Recipe, check_same, read_recipe, write_recipe
from espressivo.training.state import reported
from espressivo.training.task import Task

RECIPE, DATA = "recipe.yaml", "data.json"
Prints = dict[str, dict[str, str]]
Speakers = dict[str, list[str | None]]
_TOLD = 5


class Examples(TypedDict):
    """What was made of the data: recordings may vanish while the file that lists them stays the same."""

    speakers: Speakers
    examples: int


class _Print(BaseModel):
    sha256: str


class _Noted(BaseModel):
    """data.json, as far as it says: older ones have fewer keys."""

    model_config = ConfigDict(strict=True)

    train: _Print | None = None
    validation: _Print | None = None
    speakers: Speakers | None = None
    examples: int | None = None


def prints_of(recipe: Recipe) -> Prints:
    """The fingerprints of the recipe's data, as far as they are there: {"train": {"name": …, "sha256": …}}."""
    data = {"train": recipe.train, "validation": recipe.validation}
    return {part: fingerprint(path) for part, path in data.items() if path is not None and path.exists()}


def examples_of(task: Task[Any]) -> Examples:
    """How many there are to train on, and whose."""
    speakers = {part: _listed(names) for part, names in task.speakers().items()}
    return {"speakers": speakers, "examples": len(task)}


def note_origin(output: Path, recipe: Recipe, prints: Prints, examples: Examples) -> None:
    """Writes both files into `output`, each whole or not at all: another process may be reading what is there.

    Raises:
        OutputError: they cannot be written.
    """
    with reported(output):
        output.mkdir(parents=True, exist_ok=True)
    with writing(output / RECIPE) as part:
        write_recipe(part, recipe)
    with writing(output / DATA) as part:
        part.write_text(json.dumps({**prints, **examples}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def check_origin(recipe: Recipe) -> Prints:
    """Makes sure that a training in the recipe's output can go on with this recipe and its data, and gives `prints_of`.

    Data that are not there now are left to whoever reads them. A training from before fingerprints were kept has none.

    Raises:
        ConfigError: nothing to go on with, another recipe, or data that have changed.
    """
    output = recipe.output
    if output is None or not (output / RECIPE).is_file():
        raise ConfigError(f"nothing to resume in {str(output)!r}: leave '--resume' out, or name the right output")
    check_same(recipe, read_recipe(type(recipe), output / RECIPE))
    before, now = _noted(output / DATA), prints_of(recipe)
    for part, was in {"train": before.train, "validation": before.validation}.items():
        if was is not None and part in now and now[part]["sha256"] != was.sha256:
            told = f"cannot resume: the data {part}={str(getattr(recipe, part))!r} are not those it began with"
            raise ConfigError(f"{told}; give them as they were, or another output to train anew")
    return now


def check_examples(output: Path, now: Examples) -> None:
    """Makes sure that the recordings behind the data are still all there.

    Raises:
        ConfigError: there are other examples, or other speakers, than when the training in `output` began.
    """
    before, changed = _noted(output / DATA), list[str]()
    if before.examples is not None and before.examples != now["examples"]:
        changed.append(f"{before.examples} examples when it began, {now['examples']} now")
    if before.speakers is not None:
        was, are = _pairs(before.speakers), _pairs(now["speakers"])
        changed += [
            f"speakers {how}: {_few(names)}" for how, names in (("missing", was - are), ("new", are - was)) if names
        ]
    if changed:
        told = f"cannot resume: {'; '.join(changed)}"
        raise ConfigError(f"{told}: give all recordings as they were, or another output to train anew")


def _noted(path: Path) -> _Noted:
    if not path.is_file():
        return _Noted()
    try:
        return _Noted.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        told = f"{path} is damaged: whether the data are those that the training began with cannot be checked"
        warnings.warn(told, stacklevel=3)
        return _Noted()


def _listed(names: Collection[str | None]) -> list[str | None]:
    """In order; None, somebody unknown, comes last."""
    known = sorted({name for name in names if name is not None})
    return [*known, None] if None in names else [*known]


def _pairs(speakers: Speakers) -> set[tuple[str, str]]:
    return {(part, name or "somebody unknown") for part, names in speakers.items() for name in names}


def _few(pairs: set[tuple[str, str]]) -> str:
    names = sorted({name for _, name in pairs})
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(names[:_TOLD]) + more
