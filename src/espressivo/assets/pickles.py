"""The one place where a pickle is read: weights that only exist as PyTorch files.

Always with `weights_only=True`: data, no code. A name means pinned weights, whose hash is checked before; a path is
read only because whoever calls has been given it. Each takes less than 0.2 s, so none is converted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from espressivo.assets.report import Progress
from espressivo.assets.resolver import fetch
from espressivo.errors import AssetError


def load_pickle(source: str | Path, progress: Progress | None = None) -> dict[str, Any]:
    """The dictionary inside a PyTorch file, on the CPU.

    Args:
        source: the name of pinned weights ("hifigan-universal", "resemblyzer" …), or a `Path` that a user gave.

    Raises:
        AssetError: what `fetch` raises; the file is not such a dictionary, or holds more than plain data.
    """
    import torch

    path = source if isinstance(source, Path) else fetch(source, progress)
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle and zip errors all mean the same to whoever gave the file
        raise AssetError(f"{path} is not a PyTorch checkpoint of plain tensors: fetch it again") from error
    if not isinstance(loaded, dict):
        raise AssetError(f"{path} is not a PyTorch checkpoint with names in it: fetch it again")
    return loaded
