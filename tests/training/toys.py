"""Made-up tasks that train in no time: blobs of points, each class around its own centre."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.training import Losses, Recipe, Task
from espressivo.training.checkpoint import save_model

CLASSES, INPUTS = 3, 6
Batch = tuple[Tensor, Tensor]


class ToyRecipe(Recipe):
    """A recipe with keys of its own."""

    name: str = "toy"
    licence: str = "Apache-2.0"
    steps: int = 20
    batch_size: int = 8
    learning_rate: float = 0.01
    threads: int = 1
    device: str = "cpu"  # type: ignore[assignment]
    hidden: int = 8
    dropout: float = 0.0
    noise: float = 0.0


class Blobs(Task[Batch]):
    """Tells blobs apart; `seen` keeps the numbers of the examples of every batch."""

    def __init__(self, recipe: ToyRecipe, examples: int = 52) -> None:
        self.recipe = recipe
        random = np.random.default_rng(7)
        self.y = torch.from_numpy(random.integers(CLASSES, size=examples))
        centres = torch.from_numpy(random.standard_normal((CLASSES, INPUTS))).float()
        self.x = centres[self.y] + torch.from_numpy(random.standard_normal((examples, INPUTS))).float()
        self.seen: list[list[int]] = []

    def __len__(self) -> int:
        return len(self.x)

    def build(self) -> nn.Module:
        return nn.Sequential(
            nn.Linear(INPUTS, self.recipe.hidden),
            nn.ReLU(),
            nn.Dropout(self.recipe.dropout),
            nn.Linear(self.recipe.hidden, CLASSES),
        )

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        self.seen.append(indices.tolist())
        rows = torch.from_numpy(indices)
        noise = torch.from_numpy(random.standard_normal((len(rows), INPUTS), np.float32))
        return self.x[rows] + self.recipe.noise * noise, self.y[rows]

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        x, y = batch
        logits = model(x)
        return Losses(F.cross_entropy(logits, y), {"wrong": (logits.argmax(1) != y).float().mean()})

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        right = (model(self.x).argmax(1) == self.y).float().mean()
        return {"score": float(right), "cost": float(F.cross_entropy(model(self.x), self.y))}

    def speakers(self) -> Mapping[str, set[str]]:
        return {"train": {"toy-b", "toy-a"}, "validation": set()}

    def export(self, model: nn.Module, folder: Path) -> None:
        config = {"system": "toy", "hidden": self.recipe.hidden, "licence": self.recipe.licence}
        save_model(folder, model, config, "# toy\n\nTells blobs apart.")
