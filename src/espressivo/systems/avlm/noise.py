"""Noise to hear speech in: what is mixed in, how loud, and always the same for the same clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from espressivo.clip import SPEECH_RATE, Sound
from espressivo.errors import ConfigError
from espressivo.media.read import from_arrays, read

TALKERS = 5
"""Voices that babble is made of."""


@dataclass(frozen=True)
class Noise:
    """What is mixed in.

    Attributes:
        name: of the noise in the feature cache: what it is, how loud, and from which part of its corpus.
        files: recordings that it is drawn from.
        decibel: of the speech above the noise, (lowest, highest); drawn between them.
        talkers: recordings that are laid over each other: TALKERS for babble, 1 for a noise.
        seed: of what is drawn.
    """

    name: str
    files: tuple[Path, ...]
    decibel: tuple[float, float]
    talkers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.files or self.talkers < 1 or self.decibel[0] > self.decibel[1]:
            raise ConfigError(f"the noise {self.name!r} needs files, a talker at least, and a range of decibels")


def mixed(sound: Sound, noise: Noise, clip: str) -> Sound:
    """`sound` in noise, at 16 kHz; which one, from where and how loud follows from `noise` and the name of the clip.

    Raises:
        InputError: a file of the noise is missing or broken.
    """
    speech = sound.at(SPEECH_RATE).samples
    told = sha256(f"{noise.name} {noise.seed} {clip}".encode()).digest()
    random = np.random.default_rng(np.frombuffer(told, np.uint32))
    wanted = random.uniform(*noise.decibel)
    files = random.choice(len(noise.files), noise.talkers, replace=len(noise.files) < noise.talkers)
    heard = sum(_stretch(_samples(noise.files[i]), len(speech), random) for i in files)
    return from_arrays(sound=(at_ratio(speech, np.asarray(heard), wanted), SPEECH_RATE)).sound  # type: ignore[return-value]


def at_ratio(speech: np.ndarray, noise: np.ndarray, decibel: float) -> np.ndarray:
    """Both together, (samples,) float32: powers over the whole clip stand in that ratio, and nothing clips."""
    power = float(np.mean(np.square(speech, dtype=np.float64))) / 10 ** (decibel / 10)
    gain = np.sqrt(power / max(float(np.mean(np.square(noise, dtype=np.float64))), 1e-12))
    both = speech + gain * noise
    return (both / max(1.0, float(np.abs(both).max()))).astype(np.float32)


def _stretch(samples: np.ndarray, length: int, random: np.random.Generator) -> np.ndarray:
    """So much of a recording, from anywhere, repeated if it is shorter; at an effective level of 1."""
    begin = int(random.integers(len(samples)))
    part = np.take(samples, np.arange(begin, begin + length), mode="wrap")
    return part / max(float(np.sqrt(np.mean(np.square(part, dtype=np.float64)))), 1e-4)


@lru_cache(maxsize=512)
def _samples(path: Path) -> np.ndarray:
    sound = read(path).sound
    assert sound is not None
    return sound.at(SPEECH_RATE).samples


def esc10(root: Path, folds: Sequence[int]) -> tuple[Path, ...]:
    """The recordings of ESC-10's `folds` below `root`: 1 to 5."""
    return tuple(sorted(path for path in root.rglob("*.*") if path.name.split("-")[0] in set(map(str, folds))))
