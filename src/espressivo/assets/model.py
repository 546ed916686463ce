"""Reading model folders: the config and the weights that training wrote there, checked before anything uses them."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from espressivo.errors import AssetError, explained

if TYPE_CHECKING:
    from torch import Tensor, nn

    M = TypeVar("M", bound=nn.Module)

CONFIG, WEIGHTS = "config.json", "model.safetensors"
C = TypeVar("C")


def load_config(folder: Path) -> dict[str, Any]:
    """What config.json says.

    Raises:
        AssetError: no such folder, no config, or not JSON.
    """
    return read_object(folder, CONFIG)


def read_config(folder: Path, cls: type[C], system: str) -> C:
    """config.json as `cls`, a frozen dataclass: each key known, each value of its type, lists as tuples.

    Raises:
        AssetError: as `load_config`; or the folder holds another system's model, or none that `cls` describes.
    """
    values = load_config(folder)
    found = values.get("system", system)
    if found != system:
        told = f"{str(folder)!r} holds a {found!s:.40} model, not {system}"
        raise AssetError(f"{told}: give the folder of a {system} model")
    known = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    wrong = next((f"unknown key {key!r:.40}" for key in values if key not in known), None)
    try:
        if wrong is None:
            # As JSON: strict, and yet lists become tuples.
            return TypeAdapter(cls).validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        wrong = explained(error.errors()[0])
    raise AssetError(f"{str(folder)!r} holds no {system} model: config.json: {wrong:.200}; train or fetch one")


def load_weights(folder: Path, model: M) -> M:
    """`model` with the weights of the folder, ready to use: every weight must be there, in its shape, and finite.

    Raises:
        AssetError: missing, damaged, or another model's.
    """
    try:
        model.load_state_dict(read_weights(folder))
    except RuntimeError as error:
        raise _not_these(folder, error) from error
    return model.eval()


def read_weights(folder: Path) -> dict[str, Tensor]:
    """All weights of the folder, by name.

    Raises:
        AssetError: missing or damaged, or one is not finite.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(Path(folder) / WEIGHTS)
        broken = next((n for n, v in weights.items() if v.is_floating_point() and not v.isfinite().all()), None)
        if broken is not None:
            raise ValueError(f"{broken} is not finite")
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise _not_these(folder, error) from error
    return weights


def _not_these(folder: Path, error: Exception) -> AssetError:
    reason = " ".join(str(error).split())[:200]
    told = f"{Path(folder) / WEIGHTS} does not hold this model's weights ({reason})"
    return AssetError(f"{told}: fetch or train it again")


def read_object(folder: Path, name: str) -> dict[str, Any]:
    """The object in a JSON file of the folder. Raises AssetError as `load_config`."""
    path = Path(folder) / name
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or f"not JSON: {error}"
        raise AssetError(f"{str(folder)!r} is not a model's folder: {name}: {reason.lower()}") from error
    if not isinstance(facts, dict):
        raise AssetError(f"{str(folder)!r} is not a model's folder: {name} holds no object")
    return facts
