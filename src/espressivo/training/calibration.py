"""Temperature scaling: probabilities as sure as they are right.

Source: Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from espressivo.errors import InputError

LOWEST, HIGHEST = 0.05, 20.0


def fit_temperature(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> float:
    """What to divide held-out logits by, for the probabilities of the true classes to be highest.

    The mean log-likelihood has one top over the temperature's inverse, so that a golden-section search finds it.

    Shapes: `logits` (n, classes), `target` (n,) class numbers, `weight` (n,) or none: all weigh the same.

    Returns:
        0.05 to 20; the ends mean that the logits are nearly always right, or say nothing.

    Raises:
        InputError: nothing to fit on, or logits that are not finite.
    """
    logits = logits.detach().double()
    if not len(logits) or not bool(torch.isfinite(logits.logsumexp(-1)).all()):
        raise InputError(f"cannot calibrate on {len(logits)} rows of logits: give at least one, and finite ones")
    weight = torch.ones(len(logits), dtype=torch.float64) if weight is None else weight.double()

    def cost(log_temperature: float) -> float:
        losses = F.cross_entropy(logits / math.exp(log_temperature), target, reduction="none")
        return float((losses * weight).sum() / weight.sum())

    return math.exp(_lowest(cost, math.log(LOWEST), math.log(HIGHEST)))


def warn_uncalibrated(remedy: str) -> None:
    """Of a model whose temperature nothing could be fitted on."""
    told = "nothing is held out to calibrate on: how sure it is means little"
    warnings.warn(f"{told}; give validation=DATA, or {remedy}", stacklevel=3)


def _lowest(cost: Callable[[float], float], low: float, high: float, tolerance: float = 1e-4) -> float:
    """Where `cost`, which falls and then rises, is lowest between `low` and `high`."""
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = cost(left), cost(right)
    while high - low > tolerance:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = cost(right)
    return (low + high) / 2
