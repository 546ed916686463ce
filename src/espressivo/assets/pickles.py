"""The one place where a pickle is read: pinned weights that only exist as PyTorch files.

Read with `weights_only=True` and only after the hash was checked, each takes less than 0.2 s, so none is converted.
"""

from __future__ import annotations

from typing import Any

from espressivo.assets.resolver import Progress, fetch


def load_pickle(name: str, progress: Progress | None = None) -> dict[str, Any]:
    """The dictionary inside the pinned PyTorch file `name` ("hifigan-universal", "resemblyzer" …), on the CPU.

    Raises what `fetch` raises; never reads a file that is not pinned.
    """
    import torch

    loaded: dict[str, Any] = torch.load(fetch(name, progress), map_location="cpu", weights_only=True)
    return loaded
