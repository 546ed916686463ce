"""A rig in latent space: poses of one person, found so that the landmarks go where they are wanted.

Hundreds of random faces show how latents and landmarks hang together (ridge regression on the latents' principal
components). Its inverse is a first guess of how to open this person's mouth and change nothing else; a few Newton
steps with Broyden's update correct the guess on the face itself. The mouth's inside, the folds of a smile: all of
that comes out of the generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from generator import Generator
from landmarks import Watcher
from rich.progress import track

COMPONENTS = 64
LAYERS = slice(4, 10)  # 16 and 32 pixels: expression; coarser ones turn the head, finer ones paint
SPREAD = 0.8  # truncation of the faces learned from: wide, to see open mouths

PULL = 0.15  # towards no change: it keeps the person who she is

# How far off each number may be, in the units of `measure`.
TOLERANCE = {
    "lips apart": 0.015,
    "mouth corners": 0.012,
    "mouth width": 0.025,
    "inner brows": 0.03,
    "outer brows": 0.03,
    "eyes open": 0.02,
    "turn": 0.02,
    "nod": 0.02,
    "tilt": 0.006,
    "chin": 0.03,
    "size": 0.04,
    "across": 0.02,
    "down": 0.02,
    "nose width": 0.01,
    "light on cheeks": 0.03,
    "light under eyes": 0.03,
    "light on chin": 0.04,
    "light on brow": 0.03,
}


@dataclass(frozen=True)
class Pose:
    """What is to `change`, what is `free` to change with it, and the pose to `begin` looking from.

    The mouth's poses are found `over` the expression they are used with, as a frown bends a mouth differently.
    """

    change: dict[str, float]
    free: tuple[str, ...] = ()
    begin: str | None = None
    over: str | None = None


POSES = {
    "sad": Pose({"mouth corners": -0.025, "inner brows": 0.04}, free=("outer brows",)),
    "smile": Pose({"mouth corners": 0.03, "mouth width": 0.05}, free=("eyes open",)),
    "aa": Pose({"lips apart": 0.15, "chin": 0.08, "mouth width": 0.03}, over="sad"),
    "ee": Pose({"lips apart": 0.12, "chin": 0.04, "mouth width": 0.06}, begin="aa", over="sad"),
    "oo": Pose({"lips apart": 0.11, "chin": 0.05, "mouth width": -0.06}, begin="aa", over="sad"),
}


@dataclass(frozen=True)
class Space:
    """How latents move landmarks: `axes` (components, 512), `slopes` (numbers, components)."""

    axes: np.ndarray
    slopes: np.ndarray

    def save(self, path: Path) -> None:
        np.savez(path, axes=self.axes, slopes=self.slopes)

    @classmethod
    def load(cls, path: Path) -> Space:
        with np.load(path) as arrays:
            return cls(arrays["axes"], arrays["slopes"])


@dataclass(frozen=True)
class Rig:
    """One person: the latent at rest, shape (layers, 512), and a code of shape (components,) for each pose."""

    rest: np.ndarray
    axes: np.ndarray
    poses: dict[str, np.ndarray]

    def latents(self, weights: dict[str, float]) -> np.ndarray:
        """The latents of a mixture of poses."""
        moved = self.rest.copy()
        moved[LAYERS] += sum(weight * self.poses[name] for name, weight in weights.items()) @ self.axes
        return moved

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {"rest": self.rest, "axes": self.axes, **self.poses}
        np.savez(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> Rig:
        with np.load(path) as arrays:
            return cls(arrays["rest"], arrays["axes"], {name: arrays[name] for name in POSES})


def survey(generator: Generator, watcher: Watcher, faces: int, seed: int) -> Space:
    """Look at `faces` random people and learn how the latents move the numbers of `measure`."""
    latents, numbers = [], []
    for n in track(range(faces), f"looking at {faces} made-up faces"):
        latent = generator.person(seed + n, SPREAD)
        seen = watcher.numbers(generator.draw(np.tile(latent, (generator.layers, 1))))
        if seen is not None:
            latents.append(latent)
            numbers.append(list(seen.values()))
    found = np.array(numbers)
    left, scale, axes = np.linalg.svd(np.array(latents) - np.mean(latents, 0), full_matrices=False)
    count = len(latents)
    codes = left[:, :COMPONENTS] * np.sqrt(count)
    slopes = [_ridge(codes, found[:, i], found[:, 0] > 0.03 if i == 0 else None) for i in range(found.shape[1])]
    return Space(axes[:COMPONENTS] * scale[:COMPONENTS, None] / np.sqrt(count), np.stack(slopes))


def _ridge(codes: np.ndarray, values: np.ndarray, only: np.ndarray | None) -> np.ndarray:
    """Slopes of `values` on `codes`; closed lips say nothing about how to open them, hence `only`."""
    keep = np.ones(len(values), bool) if only is None else only
    x, y = codes[keep] - codes[keep].mean(0), values[keep] - values[keep].mean()
    return np.linalg.solve(x.T @ x + 0.3 * len(x) * np.eye(x.shape[1]), x.T @ y)


def build(generator: Generator, watcher: Watcher, space: Space, person: np.ndarray) -> Rig:
    """The rig of the person with the latent `person`, shape (512,)."""
    rest = np.tile(person, (generator.layers, 1))
    rig = Rig(rest, space.axes, {})
    none = np.zeros(len(space.axes))
    for name, pose in POSES.items():
        under = rig.poses[pose.over] if pose.over else none
        begin = rig.poses[pose.begin] if pose.begin else none
        rig.poses[name] = _search(generator, watcher, space, rest, under, begin, pose)
    return rig


def _search(
    generator: Generator,
    watcher: Watcher,
    space: Space,
    rest: np.ndarray,
    under: np.ndarray,
    begin: np.ndarray,
    pose: Pose,
    steps: int = 9,
) -> np.ndarray:
    """The code that, added to the code `under`, changes the numbers as `pose` wants and leaves the others alone."""

    def seen(code: np.ndarray) -> np.ndarray:
        numbers = watcher.numbers(generator.draw(Rig(rest, space.axes, {"": under + code}).latents({"": 1.0})))
        if numbers is None:
            raise RuntimeError("the generator lost the face: choose another seed")
        return np.array(list(numbers.values()))

    wanted = seen(np.zeros_like(under)) + [pose.change.get(name, 0.0) for name in TOLERANCE]
    weight = np.array([0.0 if name in pose.free else 1 / TOLERANCE[name] for name in TOLERANCE])
    code, slopes, numbers = begin, space.slopes.copy(), seen(begin)
    best, best_error = code, np.inf
    for _ in range(steps):
        tall, error = slopes * weight[:, None], weight * (wanted - numbers)
        step = np.linalg.solve(tall.T @ tall + (0.1 + PULL) * np.eye(len(code)), tall.T @ error - PULL * code)
        step *= min(1.0, 2.5 / np.linalg.norm(step))
        code = code + step
        now = seen(code)
        surprise = now - numbers - slopes @ step
        surprise[0] *= now[0] > 0.04  # lips that still touch do not mean that the direction is wrong
        slopes, numbers = slopes + np.outer(surprise, step) / (step @ step), now
        total = np.sum((weight * (wanted - numbers)) ** 2) + PULL * code @ code
        if total < best_error:
            best, best_error = code, total
    return best
