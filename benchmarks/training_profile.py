"""Where the time of training goes, and what the Trainer costs beside a loop written by hand.

Two made-up tasks of the size of ours: a small perceptron on pooled features, and convolutions with attention over
sequences of frames. Both make their batches anew at each step: gather rows, and add noise to the sequences. Shares are
of the wall time of a step, in one thread. "by hand" is the same model, data and optimizer (AdamW, gradient clipping,
cosine) in the shortest PyTorch loop; the two take turns, and the fastest round of each counts.

    python benchmarks/training_profile.py [--quick]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common import save, table
from espressivo.training import Losses, Recipe, Task, Trainer
from espressivo.training.profile import profile

SEED, CLASSES = 0, 7
Batch = tuple[Tensor, Tensor]


class Pooled(Task[Batch]):
    """A perceptron on one vector of statistics for each clip."""

    examples, inputs = 1400, 600

    def __init__(self) -> None:
        random = np.random.default_rng(SEED)
        self.x = torch.from_numpy(random.standard_normal((self.examples, self.inputs), np.float32))
        self.y = torch.from_numpy(random.integers(CLASSES, size=self.examples))

    def __len__(self) -> int:
        return self.examples

    def build(self) -> nn.Module:
        return nn.Sequential(nn.Linear(self.inputs, 128), nn.GELU(), nn.Dropout(0.2), nn.Linear(128, CLASSES))

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        rows = torch.from_numpy(indices)
        return self.x[rows], self.y[rows]

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        return Losses(F.cross_entropy(model(batch[0]), batch[1]))

    def speakers(self) -> Mapping[str, set[str]]:
        return {}

    def export(self, model: nn.Module, folder: Path) -> None:
        raise NotImplementedError("nothing to keep of made-up data")


class Frames(nn.Module):
    """Two strided convolutions, one layer of self-attention, mean over time."""

    def __init__(self, inputs: int, width: int = 96) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv1d(inputs, width, 5, stride=2, padding=2),
            nn.GELU(),
            nn.Conv1d(width, width, 5, stride=2, padding=2),
            nn.GELU(),
        )
        self.attention = nn.TransformerEncoderLayer(width, 4, 2 * width, batch_first=True)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frames, inputs) to (batch, classes)."""
        return self.head(self.attention(self.convolutions(x.mT).mT).mean(1))


class Sequences(Pooled):
    """Frames of features, 3 s at 50 a second, with noise added to each batch."""

    examples, inputs, frames = 400, 80, 150

    def __init__(self) -> None:
        super().__init__()
        random = np.random.default_rng(SEED)
        self.x = torch.from_numpy(random.standard_normal((self.examples, self.frames, self.inputs), np.float32))

    def build(self) -> nn.Module:
        return Frames(self.inputs)

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        rows = torch.from_numpy(indices)
        noise = torch.from_numpy(random.standard_normal(self.x.shape[1:], np.float32))
        return self.x[rows] + 0.1 * noise, self.y[rows]


def recipe(batch_size: int, steps: int, device: str) -> Recipe:
    names = {"name": "made-up", "licence": "none"}
    return Recipe(**names, steps=steps, batch_size=batch_size, learning_rate=1e-3, threads=1, device=device)  # type: ignore[arg-type]


def by_hand(task: Pooled, recipe: Recipe) -> None:
    """What the Trainer does, without it."""
    device = "cuda" if recipe.device == "auto" and torch.cuda.is_available() else "cpu"
    model = task.build().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), recipe.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps)
    random, begin, order = np.random.default_rng(SEED), len(task), np.zeros(0)
    for _ in range(recipe.steps):
        if begin >= len(task):
            begin, order = 0, random.permutation(len(task))
        x, y = task.batch(order[begin : begin + recipe.batch_size], random)
        begin += recipe.batch_size
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x.to(device)), y.to(device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        schedule.step()
    loss.item()  # a GPU is waited for


def seconds(job: Any) -> float:
    begun = time.perf_counter()
    job()
    return time.perf_counter() - begun


def measure(task: Pooled, recipe: Recipe, rounds: int) -> dict[str, Any]:
    """Profile, and both loops in turns."""
    ours, hand = [], []
    for _ in range(rounds):
        ours.append(seconds(lambda: Trainer(task, recipe).fit()))
        hand.append(seconds(lambda: by_hand(task, recipe)))
    parts = profile(task, recipe, steps=recipe.steps)
    shares = {part: f"{100 * value / parts.step:.0f} %" for part, value in parts.seconds.items()}
    trainer, loop = min(ours) / recipe.steps, min(hand) / recipe.steps
    return {
        "ms a step": round(1000 * trainer, 3),
        "by hand": round(1000 * loop, 3),
        "ratio": round(trainer / loop, 2),
        "examples/s": round(recipe.batch_size / trainer),
        **shares,
        "arithmetic": f"{100 * parts.arithmetic:.0f} %",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer steps and rounds")
    quick = parser.parse_args().quick
    rounds, threads = (2 if quick else 5), torch.get_num_threads()
    torch.set_num_threads(1)  # the loop by hand, too
    rows = {}
    for device in ("cpu", "auto") if torch.cuda.is_available() else ("cpu",):
        where = torch.cuda.get_device_name() if device == "auto" else "CPU"
        for name, task, size, steps in (("pooled", Pooled(), 64, 500), ("sequences", Sequences(), 16, 60)):
            rows[f"{name}, {where}"] = measure(task, recipe(size, steps // 5 if quick else steps, device), rounds)
    torch.set_num_threads(threads)
    table(rows)
    if not quick:
        save("training_profile", {"seed": SEED, "rounds": rounds, "threads": 1, "tasks": rows})


if __name__ == "__main__":
    main()
