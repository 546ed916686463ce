"""How the learning rate goes over the steps: a function of the step alone, so that nothing of it must be saved."""

from __future__ import annotations

import math


def share(step: int, steps: int, warmup: int = 0, schedule: str = "cosine") -> float:
    """The share of the highest learning rate that step `step` (0 is the first) of `steps` takes.

    It rises in a line over the first `warmup` steps, then falls to nothing along a cosine (Loshchilov and Hutter,
    "SGDR", ICLR 2017) or a line; "constant" stays.
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if schedule == "constant":
        return 1.0
    done = (step - warmup) / max(1, steps - warmup)
    return 1.0 - done if schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))
