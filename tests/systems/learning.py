"""A few steps on the same batch, without a Trainer."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from espressivo.training import Task


def learning(
    made: Task[Any], model: nn.Module, batch: Any, steps: int, rate: float
) -> tuple[list[float], list[dict[str, float]]]:
    """The loss at each step, and its parts."""
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), rate)
    totals, parts = [], []
    for _ in range(steps):
        optimizer.zero_grad()
        cost = made.loss(model, batch)
        cost.total.backward()
        optimizer.step()
        totals.append(float(cost.total.detach()))
        parts.append({name: float(value.detach()) for name, value in cost.parts.items()})
    return totals, parts
