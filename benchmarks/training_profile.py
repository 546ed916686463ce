"""Where the time of training goes, and what the Trainer costs beside a loop written by hand.

Two made-up tasks of the size of ours: a small perceptron on pooled features, and convolutions with attention over
sequences of frames. Both make their batches anew at each step: gather rows, and add noise to the sequences. Shares are
of the wall time of a step, in one thread. "by hand" is the same model, data and optimizer (AdamW, gradient clipping,
cosine) in the shortest PyTorch loop; the two take turns, and the fastest round of each counts. Then the rooms, by the
recipes that their shipped weights were made with, on random numbers in the shape of what they learned from.

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
from espressivo.emotion import EMOTIONS
from espressivo.systems import registry
from espressivo.systems.speech_units.frames import Frames as UnitFrames
from espressivo.systems.speech_units.model import STACK, UnitConfig
from espressivo.systems.speech_units.phones import PHONES
from espressivo.systems.speech_units.task import UnitTask
from espressivo.systems.voice_emotion.examples import Table
from espressivo.systems.voice_emotion.task import VoiceTask
from espressivo.training import Losses, Recipe, Task, Trainer, read_recipe
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


def rooms() -> dict[str, tuple[Task[Any], Recipe]]:
    """The systems that can be trained, each with its task and recipe."""
    random, found = np.random.default_rng(SEED), {}
    names = {"voice-emotion": "voice-emotion-nc", "face-emotion": "knowledge", "speech-units": "default"}
    for system, name in names.items():
        room = registry.room(system)
        plan: Any = read_recipe(room.RECIPE, name, ["threads=1", "device=cpu"], room.RECIPES)
        if system == "voice-emotion":
            rows = [np.array([f"{kind}{i % 20}" for i in range(2000)]) for kind in ("speaker", "corpus", "id")]
            feeling = np.array([EMOTIONS[i % 6] for i in range(2000)])
            task: Task[Any] = VoiceTask(plan, Table(numbers(random, 2000, 1163), feeling, *rows))
        elif system == "speech-units":
            frames = UnitFrames(numbers(random, 50_000, STACK * 512), random.integers(len(PHONES), size=50_000))
            config = UnitConfig("made-up", "none", plan.encoder, inputs=512, phones=len(PHONES))
            task = UnitTask(plan, config, UnitFrames.joined([frames]), set())
        else:
            task = room.make_task(plan)
        found[system] = (task, plan)
    return found


def numbers(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.standard_normal(shape, np.float32)


def shares(task: Task[Any], recipe: Recipe, steps: int) -> dict[str, Any]:
    """Where the time of a step goes."""
    parts = profile(task, recipe, steps=steps)
    found = {part: f"{100 * value / parts.step:.0f} %" for part, value in parts.seconds.items()}
    return {**found, "arithmetic": f"{100 * parts.arithmetic:.0f} %"}


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
    trainer, loop = min(ours) / recipe.steps, min(hand) / recipe.steps
    return {
        "ms a step": round(1000 * trainer, 3),
        "by hand": round(1000 * loop, 3),
        "ratio": round(trainer / loop, 2),
        "examples/s": round(recipe.batch_size / trainer),
        **shares(task, recipe, recipe.steps),
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
    ours = {name: shares(*made, 20 if quick else 100) for name, made in rooms().items()}
    torch.set_num_threads(threads)
    table(rows)
    table(ours)
    if not quick:
        save("training_profile", {"seed": SEED, "rounds": rounds, "threads": 1, "tasks": rows, "rooms": ours})


if __name__ == "__main__":
    main()
