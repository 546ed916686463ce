"""How weights come off the disk: onnxruntime sessions that behave alike, and PyTorch checkpoints read without code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from espressivo.errors import AssetError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from torch import Tensor


def open_session(path: Path, threads: int = 0) -> InferenceSession:
    """An onnxruntime session on the CPU that is quiet and gives its cores back between calls.

    Args:
        path: the model.
        threads: size of its own thread pool; 0 takes OMP_NUM_THREADS, or else one for each physical core.

    Raises:
        AssetError: the file is not a model that onnxruntime can run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads or int(os.environ.get("OMP_NUM_THREADS") or 0)
    # Workers that spin while they wait would slow down whatever runs next: torch, the decoder, the face tracker.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no public base class
        reason = str(error).splitlines()[0]
        raise AssetError(f"{path} is not an ONNX model that can be run: {reason}") from error


def read_checkpoint(source: str | Path, key: str) -> dict[str, Tensor]:
    """The tensors under `key` of a PyTorch checkpoint, on the CPU. Nothing in the file can run.

    Args:
        source: the name of pinned weights, or a path: one that `fetch` gave, or a user's own.

    Raises:
        AssetError: the file is not such a checkpoint, or the weights of that name are out of reach.
    """
    from espressivo.assets.pickles import load_pickle

    tensors = load_pickle(source).get(key)
    if not isinstance(tensors, dict):
        raise AssetError(f"{source} is not a PyTorch checkpoint with {key!r} in it: fetch it again")
    return tensors
