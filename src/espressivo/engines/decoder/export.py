"""From a transformers model to a folder that `Decoder.load` opens in well under two seconds; done once and kept."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from espressivo.assets import cache_dir, manifest
from espressivo.assets.cache import locked
from espressivo.assets.report import teller
from espressivo.engines.decoder.weights import LlamaShape, Tensors, from_model, read_folder
from espressivo.errors import AssetError, ConfigError, OutputError

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

FORMAT = 1
"""Changes whenever a new export differs from an old one: it is part of the name of what is kept."""

WEIGHTS = ("int8", "float32")
BESIDE = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json")


def export(model: Path | LlamaForCausalLM, out: Path, *, weights: str = "int8") -> Path:
    """Write `model` as a decoder into the folder `out`, whole or not at all.

    Args:
        model: a folder written by transformers, or a `LlamaForCausalLM` in memory. Adapters must be merged.
        weights: "int8" is fast; "float32" keeps every weight as it is, to compare with.

    Raises:
        ConfigError: not a plain Llama, or `weights` is not one we know.
        AssetError: the folder lacks files. OutputError: `out` cannot be written.
    """
    if weights not in WEIGHTS:
        raise ConfigError(f"unknown weights {weights!r}: choose one of {', '.join(WEIGHTS)}")
    shape, tensors = read_folder(model) if isinstance(model, Path) else from_model(model)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            _write(shape, tensors, work, weights)
            _copy_beside(model, work)
            manifest.write(work, FORMAT)
            _settle(work, out)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"cannot write the decoder to {out}: {error.strerror or error}") from error
    return out


def exported(name: str, source: Callable[[], Path], *, weights: str = "int8") -> Path:
    """The kept export under `name`, as it was written; made from the folder that `source` gives when it is not.

    One process at a time makes it, so that none takes the folder away from under another.
    """
    out = cache_dir() / "converted" / f"{name}-{weights}-v{FORMAT}"
    if manifest.problem(out, FORMAT):
        tell = teller(name)
        with locked(out.name, tell):
            if manifest.problem(out, FORMAT):
                folder = source()
                tell(0, 0, "preparing the language model for fast decoding, once")
                export(folder, out, weights=weights)
    return out


def check(folder: Path) -> Path:
    """`folder` itself, if every file in it is as `export` wrote it.

    Raises:
        AssetError: not an export, one of another format, or changed since.
    """
    wrong = manifest.problem(folder, FORMAT)
    if wrong:
        advice = "write it again with espressivo.engines.decoder.export.export(MODEL, FOLDER)"
        raise AssetError(f"{folder} holds no exported decoder as it was written ({wrong}): {advice}")
    return folder


def _write(shape: LlamaShape, tensors: Tensors, folder: Path, weights: str) -> None:
    from espressivo.engines.decoder.graph import build, save

    save(build(shape, tensors, weights), folder)
    np.save(folder / "embeddings.npy", tensors("model.embed_tokens.weight"))
    about = {"format": FORMAT, "weights": weights, "shape": asdict(shape)}
    (folder / "decoder.json").write_text(json.dumps(about, indent=2) + "\n")


def _copy_beside(model: Path | LlamaForCausalLM, folder: Path) -> None:
    if isinstance(model, Path):
        for name in BESIDE:
            if (model / name).is_file():
                shutil.copyfile(model / name, folder / name)


def _settle(work: Path, out: Path) -> None:
    """Rename into place; an older export goes, and where another process was first its result is as good as ours."""
    work.chmod(0o755)
    old = work.with_name(work.name + ".old")
    with contextlib.suppress(FileNotFoundError):
        os.replace(out, old)
    try:
        os.replace(work, out)
    except OSError:
        if not (out / "decoder.json").is_file():
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
