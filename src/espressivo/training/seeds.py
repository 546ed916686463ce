"""Python's, NumPy's and PyTorch's generators: seeded for a training, saved with it, and given back as they were."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """All generators begin at `seed`; afterwards they are where they were before."""
    before = snapshot()
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  the global one, for libraries that draw from it
    torch.manual_seed(seed)
    try:
        yield
    finally:
        restore(before)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """PyTorch computes with `count` threads on the CPU; 0 changes nothing. Set back afterwards."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count:
            torch.set_num_threads(before)


def snapshot() -> dict[str, Any]:
    """Where each generator is, in plain values and tensors."""
    name, key, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    return {
        "python": random.getstate(),
        "numpy": (str(name), [int(k) for k in key], int(position), int(has_gauss), float(gauss)),
        "torch": torch.get_rng_state(),
        # Only where it is in use: asking would start it, and another process' GPU is not ours to touch.
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None,
    }


def restore(saved: dict[str, Any]) -> None:
    """Puts each generator to where it was; a GPU that was not in use, or is gone, is left alone."""
    version, state, gauss = saved["python"]
    random.setstate((version, tuple(state), gauss))
    name, key, *rest = saved["numpy"]
    np.random.set_state((name, np.array(key, np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(saved["torch"])
    if saved["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(saved["cuda"])
