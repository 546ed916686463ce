"""Writing model folders, as they are shipped: config.json, model.safetensors, README.md (the card), training.json."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, TypeAdapter, ValidationError
from torch import nn

from espressivo.assets.model import CONFIG, WEIGHTS, read_object
from espressivo.errors import AssetError, explained
from espressivo.media.files import writing_folder

CARD, TRAINING = "README.md", "training.json"
PACKAGES = ("espressivo", "accelerate", "numpy", "torch")


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


def load_training(folder: Path) -> dict[str, Any]:
    """What training.json says: recipe, speakers, data, versions. Raises AssetError as `load_config`."""
    return read_object(folder, TRAINING)


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


def _plain(config: Any) -> Any:
    if isinstance(config, BaseModel):
        return config.model_dump(mode="json")
    if is_dataclass(config) and not isinstance(config, type):
        return asdict(config)
    return dict(config)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
