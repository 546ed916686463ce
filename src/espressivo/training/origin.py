"""What a training began with, kept in its output: recipe.yaml and data.json. With anything else it would be another."""

from __future__ import annotations

import json
from pathlib import Path

from espressivo.errors import ConfigError
from espressivo.media.files import writing
from espressivo.training.checkpoint import fingerprint
from espressivo.training.recipe import Recipe, check_same, read_recipe, write_recipe
from espressivo.training.state import reported

RECIPE, DATA = "recipe.yaml", "data.json"
Prints = dict[str, dict[str, str]]


def prints_of(recipe: Recipe) -> Prints:
    """The fingerprints of the recipe's data, as far as they are there: {"train": {"name": …, "sha256": …}}."""
    data = {"train": recipe.train, "validation": recipe.validation}
    return {part: fingerprint(path) for part, path in data.items() if path is not None and path.exists()}


def note_origin(output: Path, recipe: Recipe, prints: Prints) -> None:
    """Writes both files into `output`, each whole or not at all: another process may be reading what is there.

    Raises:
        OutputError: they cannot be written.
    """
    with reported(output):
        output.mkdir(parents=True, exist_ok=True)
    with writing(output / RECIPE) as part:
        write_recipe(part, recipe)
    with writing(output / DATA) as part:
        part.write_text(json.dumps(prints, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def check_origin(recipe: Recipe, prints: Prints | None = None) -> None:
    """Makes sure that a training in the recipe's output can go on with this recipe and its data.

    Data that are not there now are left to whoever reads them. A training from before fingerprints were kept has none.

    Raises:
        ConfigError: nothing to go on with, another recipe, or data that have changed.
    """
    output = recipe.output
    if output is None or not (output / RECIPE).is_file():
        raise ConfigError(f"nothing to resume in {str(output)!r}: leave '--resume' out, or name the right output")
    check_same(recipe, read_recipe(type(recipe), output / RECIPE))
    before, now = _noted(output / DATA), prints_of(recipe) if prints is None else prints
    for part, was in before.items():
        if part in now and now[part]["sha256"] != was["sha256"]:
            told = f"cannot resume: the data {part}={str(getattr(recipe, part))!r} are not those it began with"
            raise ConfigError(f"{told}; give them as they were, or another output to train anew")


def _noted(path: Path) -> Prints:
    try:
        found: Prints = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
