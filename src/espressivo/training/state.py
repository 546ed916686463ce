"""The full state of a training on disk: whole or not there, the last two kept, and nothing in it can run.

    state/step-00000200/{state.json, tensors.safetensors}

A state is written under a hidden name and renamed when it is whole, so a kill at any moment leaves the one before.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

from espressivo.errors import AssetError, OutputError

KEPT = 2
_TENSOR = "__tensor__"


def save_state(folder: Path, step: int, tree: dict[str, Any]) -> Path:
    """Writes `tree`, nested dictionaries and lists of plain values and tensors, as the state of `step`.

    Raises:
        OutputError: the folder cannot be written, or the disk is full; the states before stay.
    """
    from safetensors.torch import save_file

    tensors: dict[str, Tensor] = {}
    plain = _without_tensors(tree, tensors)
    target, part = folder / f"step-{step:08d}", folder / f".step-{step:08d}"
    with reported(folder):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_file(tensors, part / "tensors.safetensors")
        (part / "state.json").write_text(json.dumps(plain), encoding="utf-8")
        for file in part.iterdir():
            _settle(file)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
        _settle(folder)
        for old in _states(folder)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    return target


def load_state(folder: Path) -> dict[str, Any] | None:
    """The newest state that is whole; None if there is none at all.

    Raises:
        AssetError: there are some, and every one is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    found = _states(folder)[::-1]
    for path in found:
        try:
            plain = json.loads((path / "state.json").read_text(encoding="utf-8"))
            tree: dict[str, Any] = _with_tensors(plain, load_file(path / "tensors.safetensors"))
            return tree
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            warnings.warn(f"{path} is damaged and left out: {str(error).splitlines()[0]}", stacklevel=2)
    if found:
        raise AssetError(f"no state in {str(folder)!r} can be read: delete the folder around it and train anew")
    return None


@contextmanager
def reported(folder: Path) -> Iterator[None]:
    """What the file system refuses, as one line."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise OutputError(f"cannot write into {str(folder)!r}: {reason.lower()}") from error


def _states(folder: Path) -> list[Path]:
    """Oldest first; hidden ones are half-written."""
    return sorted(path for path in folder.glob("step-*") if path.is_dir())


def _settle(path: Path) -> None:
    """Forces it to the disk, so that the new name never stands for content that is not there yet."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _without_tensors(tree: Any, tensors: dict[str, Tensor]) -> Any:
    """The tree with each tensor moved into `tensors`, and its place marked."""
    if isinstance(tree, Tensor):
        key = str(len(tensors))
        tensors[key] = tree.detach().clone().contiguous().cpu()  # tied weights are two tensors here
        return {_TENSOR: key}
    if isinstance(tree, dict):
        return {str(key): _without_tensors(value, tensors) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_without_tensors(value, tensors) for value in tree]
    return tree


def _with_tensors(plain: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(plain, dict):
        if plain.keys() == {_TENSOR}:
            return tensors[plain[_TENSOR]]
        return {key: _with_tensors(value, tensors) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_with_tensors(value, tensors) for value in plain]
    return plain
