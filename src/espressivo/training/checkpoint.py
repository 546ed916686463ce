"""Model folders, as they are shipped: config.json, model.safetensors, README.md (the card), training.json."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import BaseModel, TypeAdapter, ValidationError
from torch import nn

from espressivo.errors import AssetError
from espressivo.media.files import writing_folder
from espressivo.training.recipe import explained

CONFIG, WEIGHTS, CARD, TRAINING = "config.json", "model.safetensors", "README.md", "training.json"
PACKAGES = ("espressivo", "accelerate", "numpy", "torch")
M = TypeVar("M", bound=nn.Module)
C = TypeVar("C")


def save_model(folder: Path, model: nn.Module, config: Any, card: str, *, half: bool = False) -> None:
    """Writes config, weights and card: all of them, or none.

    Args:
        config: a mapping, dataclass or pydantic model; all that is needed to build the model again.
        card: Markdown: what it is, what it learned from, its licence, how good it is, what it cannot do.
        half: store in fp16; loading gives the precision of the model that takes them.

    Raises:
        OutputError: the folder cannot be written.
    """
    from safetensors.torch import save

    weights = {}
    for name, value in model.state_dict().items():
        value = value.detach().clone().cpu().contiguous()
        weights[name] = value.half() if half and value.is_floating_point() else value
    with writing_folder(folder) as place:
        (place / CONFIG).write_text(_json(_plain(config)), encoding="utf-8")
        (place / WEIGHTS).write_bytes(save(weights))
        (place / CARD).write_text(card.rstrip("\n") + "\n", encoding="utf-8")


def load_config(folder: Path) -> dict[str, Any]:
    """What config.json says.

    Raises:
        AssetError: no such folder, no config, or not JSON.
    """
    return _read(folder, CONFIG)


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
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = Path(folder) / WEIGHTS
    try:
        weights = load_file(path)
        broken = next((n for n, v in weights.items() if v.is_floating_point() and not v.isfinite().all()), None)
        if broken is not None:
            raise ValueError(f"{broken} is not finite")
        model.load_state_dict(weights)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise AssetError(f"{path} does not hold this model's weights ({reason}): fetch or train it again") from error
    return model.eval()


def load_training(folder: Path) -> dict[str, Any]:
    """What training.json says: recipe, speakers, data, versions. Raises AssetError as `load_config`."""
    return _read(folder, TRAINING)


def load_speakers(folder: Path) -> dict[str, list[str | None]]:
    """Whom the model heard, by part, as training.json says; nobody where it does not.

    Raises:
        AssetError: as `load_config`; or the speakers are not lists of names.
    """
    said = {"speakers": load_training(folder).get("speakers", {})}
    try:
        return TypeAdapter(dict[str, dict[str, list[str | None]]]).validate_python(said, strict=True)["speakers"]
    except ValidationError as error:
        wrong = explained(error.errors()[0])
    raise AssetError(f"{str(folder)!r} is not a model's folder: {TRAINING}: {wrong:.200}; train or fetch one")


def write_training(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes training.json, with the versions of what it was made with."""
    versions = {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    (folder / TRAINING).write_text(_json({**facts, "versions": versions}), encoding="utf-8")


def fingerprint(path: Path) -> dict[str, str]:
    """Data by their name and SHA-256; where they lie is nobody's business.

    Of a folder (shards) the names and sizes of its files are hashed: their content may be terabytes.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        found = sorted((file.name, file.stat().st_size) for file in path.iterdir() if file.is_file())
        digest.update(json.dumps(found).encode())
        return {"name": path.name, "sha256": digest.hexdigest()}
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return {"name": path.name, "sha256": digest.hexdigest()}


def cpu_copy(model: nn.Module) -> dict[str, torch.Tensor]:
    """The weights as they are now, on the CPU."""
    return {name: value.detach().clone().cpu() for name, value in model.state_dict().items()}


def _read(folder: Path, name: str) -> dict[str, Any]:
    path = Path(folder) / name
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or f"not JSON: {error}"
        raise AssetError(f"{str(folder)!r} is not a model's folder: {name}: {reason.lower()}") from error
    if not isinstance(facts, dict):
        raise AssetError(f"{str(folder)!r} is not a model's folder: {name} holds no object")
    return facts


def _plain(config: Any) -> Any:
    if isinstance(config, BaseModel):
        return config.model_dump(mode="json")
    if is_dataclass(config) and not isinstance(config, type):
        return asdict(config)
    return dict(config)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
