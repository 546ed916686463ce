"""Recipes: all that decides a training, apart from the data, in one strictly checked value.

A room has its own class with more keys. A recipe is a YAML file; single values can be set on the command line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from espressivo.errors import ConfigError, explained

Count = Annotated[int, Field(ge=0)]
Some = Annotated[int, Field(gt=0)]
FREE = {"output", "save_every", "log_every", "workers", "threads", "steps", "patience"}
"""Keys that a resumed run may change."""
Place = Annotated[Path | None, Field(strict=False)]
Key = tuple[str, ...]


class Recipe(BaseModel):
    """What every training has.

    Attributes:
        name: of the model that comes out.
        licence: of its weights, which follows from the data.
        seed: of the first weights, the order of the examples, and all else that is drawn.
        steps: of the optimizer. At each it sees batch_size × accumulate × processes examples.
        batch_size: examples that one process takes through the model at once.
        accumulate: how many such batches make a step.
        learning_rate: the highest; `warmup` steps lead up to it, `schedule` down from it.
        weight_decay: of matrices; biases and scales are left alone.
        clip: longest gradient; 0 leaves it as it is.
        precision: "bf16" computes in it where that is safe (autocast); the weights stay fp32.
        validate_every: steps; 0 validates at the end only.
        patience: validations without a better score before it stops; 0 goes on to the end.
        save_every: steps between two saved states; 0 saves at the end, and when stopped.
        log_every: steps between two rows of the log.
        workers: processes that make batches; 0 makes them in the training process.
        device: "auto" takes a GPU if there is one.
        threads: of PyTorch on the CPU; 0 leaves them as they are. Tiny networks are fastest with 1.
        train, validation: data, as CutSet or CSV.
        output: folder for the log, the states and the model.
        allow_shared_speakers: whether a speaker may be in both train and validation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    name: Annotated[str, Field(min_length=1)]
    licence: str
    seed: Count = 0
    steps: Some
    batch_size: Some
    accumulate: Some = 1
    learning_rate: float = Field(gt=0)
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: Count = 0
    weight_decay: float = Field(default=0.01, ge=0)
    clip: float = Field(default=1.0, ge=0)
    precision: Literal["fp32", "bf16"] = "fp32"
    validate_every: Count = 0
    patience: Count = 0
    save_every: Count = 0
    log_every: Some = 10
    workers: Count = 0
    device: Literal["auto", "cpu"] = "auto"
    threads: Count = 0
    train: Place = None
    validation: Place = None
    output: Place = None
    allow_shared_speakers: bool = False


R = TypeVar("R", bound=Recipe)


def read_recipe(cls: type[R], recipe: str | Path, settings: Iterable[str] = (), folder: Path | None = None) -> R:
    """The recipe in a YAML file, with single values set anew.

    Args:
        cls: the room's class.
        recipe: path of a YAML file, or the name of one in `folder`.
        settings: "key=value"; the value is read as YAML, and a key may reach into another: "encoder.width=32".
        folder: the room's recipes.

    Raises:
        ConfigError: missing, not YAML, or a key or value that no recipe of this class has; one line, which names the
            setting where that is wrong, else the file.
    """
    path = find_recipe(recipe, folder)
    try:
        values = _parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is not a recipe: {_line(error)}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} is not a recipe: wanted lines of 'key: value'")
    typed = {_set(values, setting): setting for setting in settings}
    try:
        # As JSON: strict, and yet lists become tuples and strings become paths.
        return cls.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        raise ConfigError(_blamed(cls, error.errors(), path, typed)) from error


def find_recipe(recipe: str | Path, folder: Path | None) -> Path:
    """The file that is meant: a path that exists, else a name in `folder`. Raises ConfigError, with all names there."""
    path = Path(recipe)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise ConfigError(f"no recipe at {str(path)!r}: give a YAML file or a recipe's name")
        return path
    names = sorted(p.stem for p in folder.glob("*.yaml")) if folder else []
    if folder is None or str(recipe) not in names:
        raise ConfigError(f"unknown recipe {str(recipe)!r}: choose one of {', '.join(names)}, or give a YAML file")
    return folder / f"{recipe}.yaml"


def write_recipe(path: Path, recipe: Recipe) -> None:
    """As YAML that `read_recipe` reads."""
    path.write_text(yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False), encoding="utf-8")


def check_same(given: Recipe, before: Recipe) -> None:
    """Raises ConfigError if a run that began with `before` would not be the same with `given`."""
    now, then = (recipe.model_dump(mode="json", exclude=FREE) for recipe in (given, before))
    changed = next((key for key in then if now[key] != then[key]), None)
    if changed is not None:
        told = f"cannot resume with {changed}={now[changed]!r}: it began with {then[changed]!r}"
        raise ConfigError(f"{told}; give the same, or another output")


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: 1e-3 is a number (YAML 1.1 wants 1.0e-3), and no key stands there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for i, key in enumerate(keys) if key in keys[:i]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"{twice!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+[eE][-+]?\d+$"), list("-+0123456789"))


def _parsed(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # a SafeLoader: plain values only


def _set(values: dict[str, Any], setting: str) -> Key:
    """Sets a value; returns the key, part by part."""
    key, equals, text = setting.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"got {setting!r} as a setting: give KEY=VALUE, for example steps=100")
    *parents, last = key.strip().split(".")
    for parent in parents:
        below = values.get(parent)
        values[parent] = values = dict(below) if isinstance(below, dict) else {}
    try:
        values[last] = _parsed(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"got {setting!r} as a setting: {_line(error)}") from error
    return (*parents, last)


def _blamed(cls: type[BaseModel], errors: Sequence[ErrorDetails], path: Path, typed: Mapping[Key, str]) -> str:
    """The first thing that is wrong with what was typed, else with the file."""
    for error in errors:
        where = tuple(map(str, error["loc"]))
        for key, setting in typed.items():
            if key == where[: len(key)] or (where and where == key[: len(where)]):  # within what was set, or around it
                return f"got {setting!r}: {_unknown(cls, error) or explained(error, told=False)}"
    return f"{path}: {_unknown(cls, errors[0]) or explained(errors[0])}"


def _unknown(cls: type[BaseModel], error: ErrorDetails) -> str | None:
    """Of a key that there is not: the one that was meant, where one is near."""
    if error["type"] != "extra_forbidden":
        return None
    *parents, key = map(str, error["loc"])
    known = _keys(cls, parents)
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return f"unknown key {'.'.join([*parents, key])!r}: {hint}"


def _keys(cls: Any, parents: list[str]) -> list[str]:
    """The keys that may stand under `parents`, one model within another."""
    fields: Mapping[str, Any] = getattr(cls, "model_fields", {})
    if not parents:
        return list(fields)
    inner = fields[parents[0]].annotation if parents[0] in fields else None
    return _keys(inner, parents[1:])


def _line(error: object) -> str:
    return " ".join(str(error).split())
