"""Whose face is whose over time, and whose track is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from espressivo.clip import Sound
from espressivo.errors import ConfigError
from espressivo.media.facetrack import mouth_opening
from espressivo.media.tracker import Face

REACH = 1.0
FOLLOWS_SOUND = 0.2
_LAG = 0.12
_QUIETEST = 1e-3


@dataclass
class Person:
    """The frames in which one person was seen, and the face in each: about 6 kB a frame."""

    frames: list[int] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)

    @property
    def points(self) -> np.ndarray:
        """(n, 478, 3) float32 in picture widths, heights and widths."""
        return np.stack([face.points for face in self.faces])

    def size_and_centre(self) -> tuple[float, np.ndarray]:
        """Where the face was last seen, in picture sizes."""
        flat = self.faces[-1].points[:, :2]
        return float(np.ptp(flat, axis=0).max()), (flat.min(axis=0) + flat.max(axis=0)) / 2


def assign(people: list[Person], frame: int, faces: list[Face]) -> None:
    """Adds each face of a frame to the person last seen nearest to it, or to a new one if none is within reach.

    Nearest pairs first; within reach means that the centre moved less than the bigger face is long.
    """
    found = [Person([frame], [face]) for face in faces]
    pairs = sorted((_apart(old, new), i, j) for (i, old), (j, new) in product(enumerate(people), enumerate(found)))
    taken: set[int] = set()
    placed: set[int] = set()
    for distance, i, j in pairs:
        if distance <= REACH and i not in taken and j not in placed:
            people[i].frames.append(frame)
            people[i].faces.append(faces[j])
            taken.add(i)
            placed.add(j)
    people.extend(new for j, new in enumerate(found) if j not in placed)


def _apart(one: Person, other: Person) -> float:
    (size, centre), (other_size, other_centre) = one.size_and_centre(), other.size_and_centre()
    return float(np.linalg.norm(centre - other_centre)) / max(size, other_size, 1e-6)


Choice = Callable[[list[Person], float, Sound | None], Person]
CHOICES: dict[str, Choice] = {}


def choice(name: str) -> Choice:
    """The way of that name to choose a person.

    Raises:
        ConfigError: no way of that name.
    """
    if name not in CHOICES:
        raise ConfigError(f"unknown face {name!r}: choose one of {', '.join(CHOICES)}")
    return CHOICES[name]


def register(name: str) -> Callable[[Choice], Choice]:
    """Makes a function known to `choice` under that name."""

    def add(function: Choice) -> Choice:
        CHOICES[name] = function
        return function

    return add


@register("largest")
def largest(people: list[Person], fps: float, sound: Sound | None = None) -> Person:
    """The face with the biggest area, added up over the clip: big and there for long."""
    return max(people, key=lambda person: float(np.prod(np.ptp(person.points[..., :2], axis=1), axis=1).sum()))


@register("speaking")
def speaking(people: list[Person], fps: float, sound: Sound | None = None) -> Person:
    """The face whose mouth opens with the loudness of the sound; if none clearly does, the one that moves it most."""
    frames = 1 + max(person.frames[-1] for person in people)
    loudness = None if sound is None else envelope(sound, fps, frames)
    if loudness is not None and np.ptp(loudness) > 0:
        follows = [_agreement(person, loudness, fps) for person in people]
        if max(follows) >= FOLLOWS_SOUND:
            return people[int(np.argmax(follows))]
    return max(people, key=lambda person: float(np.abs(np.diff(mouth_opening(person.points))).sum()))


def envelope(sound: Sound, fps: float, frames: int) -> np.ndarray:
    """(frames,): the loudness of each picture's share of the sound, as the logarithm of its root mean square."""
    power, counts = np.zeros(frames), np.zeros(frames)
    for start, block in _placed(sound):
        slots = ((start + np.arange(len(block))) * (fps / sound.rate)).astype(np.int64)
        inside = slots < frames
        power += np.bincount(slots[inside], block[inside].astype(np.float64) ** 2, frames)
        counts += np.bincount(slots[inside], minlength=frames)
    return np.log(np.sqrt(power / np.maximum(counts, 1)) + _QUIETEST)


def _placed(sound: Sound) -> Iterator[tuple[int, np.ndarray]]:
    start = 0
    for block in sound.blocks():
        yield start, block
        start += len(block)


def _agreement(person: Person, loudness: np.ndarray, fps: float) -> float:
    """Best correlation of mouth opening and loudness with the sound up to 0.12 s early or late, times presence.

    A frame in which the person is not seen counts as a mean mouth: it speaks neither for nor against.
    """
    mouth = np.zeros(len(loudness))
    opening = mouth_opening(person.points)
    mouth[person.frames] = opening - opening.mean()
    centred = loudness - loudness.mean()
    scale = float(np.linalg.norm(mouth) * np.linalg.norm(centred))
    if scale < 1e-9:
        return 0.0
    lags = range(-round(_LAG * fps), round(_LAG * fps) + 1)
    return max(float(np.dot(mouth, _shifted(centred, lag))) for lag in lags) / scale


def _shifted(values: np.ndarray, lag: int) -> np.ndarray:
    moved = np.zeros_like(values)
    if lag >= 0:
        moved[lag:] = values[: len(values) - lag]
    else:
        moved[:lag] = values[-lag:]
    return moved
