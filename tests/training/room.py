"""A toy room: its recordings are points drawn from the item's name, around a centre for each emotion."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.assets.model import load_config, load_weights
from espressivo.corpora.data import Data, read_data
from espressivo.corpora.item import Item
from espressivo.emotion import EMOTIONS
from espressivo.errors import InputError
from espressivo.metrics.report import Evaluation, classified
from espressivo.training import Losses, Recipe, Task
from espressivo.training.checkpoint import save_model

RECIPE, RECIPES = Recipe, Path(__file__).parent / "recipes"
INPUTS = 6


def point(item: Item) -> Tensor:
    random = np.random.default_rng(zlib.crc32(item.path.name.encode()))
    centre = np.random.default_rng(EMOTIONS.index(item.emotion or "neutral")).standard_normal(INPUTS)
    return torch.from_numpy(2 * centre + random.standard_normal(INPUTS)).float()


class Points(Task[tuple[Tensor, Tensor]]):
    def __init__(self, recipe: Recipe) -> None:
        if recipe.train is None:
            raise InputError("there is nothing to train on: give train=DATA")
        self.recipe = recipe
        items, held = list(read_data(recipe.train)), list(read_data(recipe.validation)) if recipe.validation else []
        self.names = tuple(name for name in EMOTIONS if name in {item.emotion for item in items})
        self.x, self.y = torch.stack([point(item) for item in items]), self.classes(items)
        self.held = (torch.stack([point(item) for item in held]), self.classes(held)) if held else None
        self.heard = {"train": {item.speaker for item in items}, "validation": {item.speaker for item in held}}

    def classes(self, items: list[Item]) -> Tensor:
        return torch.tensor([self.names.index(item.emotion or "") for item in items])

    def __len__(self) -> int:
        return len(self.x)

    def build(self) -> nn.Module:
        return nn.Linear(INPUTS, len(self.names))

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        return self.x[indices], self.y[indices]

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Losses:
        return Losses(F.cross_entropy(model(batch[0]), batch[1]))

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        if self.held is None:
            return {}
        x, y = self.held
        return {"score": float((model(x).argmax(1) == y).float().mean())}

    def speakers(self) -> Mapping[str, set[str | None]]:
        return self.heard

    def export(self, model: nn.Module, folder: Path) -> None:
        save_model(folder, model, {"system": "toy", "emotions": self.names}, f"# {self.recipe.name}")


def make_task(recipe: Recipe) -> Points:
    return Points(recipe)


def shipped() -> Path | None:
    return None


def evaluate(checkpoint: Path, data: Data) -> Evaluation:
    names = load_config(checkpoint)["emotions"]
    model = load_weights(checkpoint, nn.Linear(INPUTS, len(names)))
    items = list(data)
    with torch.inference_mode():
        probabilities = model(torch.stack([point(item) for item in items])).softmax(1).numpy()
    return classified(names, [item.emotion for item in items], probabilities, [item.speaker for item in items])
