"""Llama-shaped language models as plain arrays: what an export needs to know, and weights in blocks of 8 bits.

Any folder that transformers wrote for a `LlamaForCausalLM` will do: SmolLM2, a larger relative, one with LoRA merged,
one with new tokens. Tensors are read one at a time, so an export needs little more memory than its largest matrix.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from espressivo.errors import AssetError, ConfigError

BLOCK = 32


@dataclass(frozen=True)
class LlamaShape:
    """The sizes of a Llama-shaped decoder; `width` is the dimension of an embedding."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    inner: int
    vocabulary: int
    positions: int
    rope_theta: float
    norm_eps: float
    tied: bool

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LlamaShape:
        """Read a transformers `config.json`.

        Raises:
            ConfigError: not a plain Llama: another architecture, biases, scaled rotary positions, sizes not in blocks.
        """
        rope = {"rope_theta": config.get("rope_theta", 10_000.0), **(config.get("rope_parameters") or {})}
        _require(config, rope)
        heads = config["num_attention_heads"]
        shape = cls(
            layers=config["num_hidden_layers"],
            width=config["hidden_size"],
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            head_dim=config.get("head_dim") or config["hidden_size"] // heads,
            inner=config["intermediate_size"],
            vocabulary=config["vocab_size"],
            positions=config["max_position_embeddings"],
            rope_theta=float(rope["rope_theta"]),
            norm_eps=float(config["rms_norm_eps"]),
            tied=bool(config.get("tie_word_embeddings", False)),
        )
        if any(size % BLOCK for size in (shape.width, shape.inner, shape.heads * shape.head_dim)):
            raise ConfigError(f"the decoder wants widths that are multiples of {BLOCK}, got {asdict(shape)}")
        return shape


def _require(config: Mapping[str, Any], rope: Mapping[str, Any]) -> None:
    """Refuse what the graph would compute wrongly."""
    wanted = {
        "model_type": (config.get("model_type"), "llama"),
        "hidden_act": (config.get("hidden_act", "silu"), "silu"),
        "attention_bias": (bool(config.get("attention_bias", False)), False),
        "mlp_bias": (bool(config.get("mlp_bias", False)), False),
        "rope_type": (rope.get("rope_type", "default"), "default"),
        "rope_scaling": (bool((config.get("rope_scaling") or {}).get("factor")), False),
    }
    wrong = [f"{key} {got!r} instead of {want!r}" for key, (got, want) in wanted.items() if got != want]
    if wrong:
        raise ConfigError(f"only plain Llama models can be exported, this one has {', '.join(wrong)}")


Tensors = Callable[[str], np.ndarray]
"""Gives the float32 array of a tensor's name; raises AssetError where there is none."""


def read_folder(folder: Path) -> tuple[LlamaShape, Tensors]:
    """The shape and the tensors of a folder written by transformers' `save_pretrained` (one file or shards).

    Raises:
        AssetError: files are missing. ConfigError: not a model we can export.
    """
    config = folder / "config.json"
    files = sorted(folder.glob("*.safetensors"))
    if not config.is_file() or not files:
        raise AssetError(f"{folder} is not a model folder: config.json and *.safetensors are wanted")
    from safetensors import safe_open

    handles = [safe_open(file, framework="pt") for file in files]
    where = {name: handle for handle in handles for name in handle.keys()}  # noqa: SIM118

    def tensor(name: str) -> np.ndarray:
        if name not in where:
            raise AssetError(f"{folder} has no tensor {name}")
        return where[name].get_tensor(name).float().numpy()

    return LlamaShape.from_config(json.loads(config.read_text())), tensor


def from_model(model: Any) -> tuple[LlamaShape, Tensors]:
    """The same of a transformers `LlamaForCausalLM` in memory (adapters already merged)."""
    state = model.state_dict()

    def tensor(name: str) -> np.ndarray:
        if name not in state:
            raise AssetError(f"the model has no tensor {name}")
        return state[name].detach().float().cpu().numpy()

    return LlamaShape.from_config(model.config.to_dict()), tensor


def to_blocks(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round a (rows, columns) matrix to 8 bits, each run of 32 along a row with its own scale, zero at 128.

    Returns codes (rows, blocks, 32) uint8 and scales (rows, blocks) float32: `matrix ≈ (codes - 128) * scales`.
    Symmetric, since the kernel for zero points is several times slower; exact for weights that were Q8_0 before, and
    some thirty times finer than the 4 bits that SmolLM2 comes in.
    """
    rows, columns = matrix.shape
    runs = matrix.reshape(rows, columns // BLOCK, BLOCK)
    peak = np.take_along_axis(runs, np.abs(runs).argmax(-1, keepdims=True), -1)
    scales = np.abs(peak) / 127
    codes = np.rint(runs / np.where(scales == 0, 1, scales)) + 128
    return codes.astype(np.uint8), scales[..., 0].astype(np.float32)
