"""Made-up people with made-up feelings, as a tracker would see them: the school of the weights that ship.

The tracker's numbers behave like probabilities: a resting smile may be .002 and a full one .9. So everything adds up on
their log-odds: how a person's face rests + how real neutral talk moves it + the action units of a feeling, each with
its strength and its course in time. Ranges are by hand, from what is known of faces and of the tracker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from espressivo.errors import InputError
from espressivo.systems.face_emotion.examples import Examples
from espressivo.systems.face_emotion.facs import EFFECTS, EMOTIONS, HABITS, LIVELINESS, OBSERVED, READ, TOPS
from espressivo.systems.face_emotion.stream import CHANNELS, SHAPES, resampled

if TYPE_CHECKING:
    from jaxtyping import Float

_NOTHING = np.log(0.005)  # in log-odds
LEAST = 1e-4  # what a blendshape is taken for at least: log-odds of 0 would be endless
RATE = 25
_SHAPE = np.arange(len(CHANNELS)) < len(SHAPES)
_MOUTH = np.array([name.startswith(("mouth", "jaw", "cheekPuff")) for name in CHANNELS])


@dataclass(frozen=True)
class World:
    """How much made-up people differ, and how strongly they feel.

    Attributes:
        rest: range, over people, of how far their muscles at rest may seem contracted; 1 is fully.
        strength: range of how strong a feeling is, of the most a face can do.
        reach: how far full contraction takes a blendshape, of the way to its top.
        published: share of the feelings that follow how often AUs were observed; the others are a combination that was
            read as that emotion.
    """

    rest: tuple[float, float] = (0.2, 1.0)
    strength: tuple[float, float] = (0.4, 1.0)
    reach: tuple[float, float] = (0.7, 1.05)
    published: float = 0.5


HARDER = World(strength=(0.25, 0.8), reach=(0.5, 1.0), published=0.0)
"""Weaker feelings, and by the other table only: what a model that has seen World is judged by."""


@dataclass(frozen=True, eq=False)
class Talk:
    """Real neutral talk, or none: what moves when somebody speaks without feeling.

    Attributes:
        rest: (54,) log-odds, and pose: what the middle of all faces is taken for.
        moves: (frames, 54) each, differences from it.
    """

    rest: np.ndarray
    moves: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, streams: Sequence[Float[np.ndarray, "_ channels"]]) -> Talk:
        """Raises InputError: no streams."""
        if not streams:
            raise InputError("there is no neutral talk to build on: give clips with faces")
        odds = [to_odds(stream) for stream in streams]
        rest = np.median(np.concatenate(odds), axis=0)
        rest[len(SHAPES) :] = 0  # where the camera stood is nobody's habit
        return cls(rest, tuple(one - np.median(one, axis=0) for one in odds))

    @classmethod
    def made_up(cls, random: np.random.Generator) -> Talk:
        """For want of real talk: everything drifts a little, and the jaw opens four times a second."""
        time = np.arange(100) / RATE
        rest = np.where(_SHAPE, -4.0, 0.0)
        jaw = np.array([name == "jawOpen" for name in CHANNELS])
        moves = []
        for _ in range(20):
            drift = np.cumsum(random.normal(0, 0.02, (len(time), len(CHANNELS))), axis=0)
            moves.append(drift + jaw * np.sin(2 * np.pi * 4 * time + random.uniform(0, 6))[:, None])
        return cls(rest, tuple(moves))


def make(talk: Talk, people: int, clips: int, random: np.random.Generator, world: World) -> Examples:
    """`clips` streams of each of EMOTIONS by each of `people` made-up people."""
    made = Examples()
    for number in range(people):
        person = Person(talk, random, world)
        for label, emotion in enumerate(EMOTIONS):
            for _ in range(clips):
                made.streams.append(person(emotion))
                made.labels.append(label)
                made.people.append(f"made-up-{number}")
    return made


class Person:
    """Somebody made up: a resting face, habits, and how strongly each muscle shows."""

    def __init__(self, talk: Talk, random: np.random.Generator, world: World) -> None:
        self.talk, self.random, self.world = talk, random, world
        self.rest = _resting(talk, random, random.uniform(*world.rest))
        self.tremble = random.uniform(0, 0.25)  # of the tracker, on this camera
        self.liveliness = random.uniform(0.6, 1.4)
        # A muscle that pulls weakly, or that the tracker sees badly on this face.
        self.reach = {unit: random.uniform(*world.reach) for unit in EFFECTS}
        self.way = np.maximum(_TOP - self.rest, 0.5)

    def __call__(self, emotion: str) -> Float[np.ndarray, "time channels"]:
        """A clip of 1.2 to 4.8 s."""
        random, move = self.random, self._talking(emotion)
        for unit, strength in self._units(emotion).items():
            move = move + strength * self._course(len(move))[:, None] * self._effect(unit)
        noise = random.normal(0, self.tremble, move.shape) * _SHAPE
        return from_odds(self.rest + move + noise)

    def _talking(self, emotion: str) -> np.ndarray:
        random = self.random
        move = self.talk.moves[random.integers(len(self.talk.moves))]
        move = resampled(move.astype(np.float32), random.uniform(0.75, 1.4))
        start = random.integers(max(1, len(move) - 30))
        move = move[start : start + random.integers(30, 120)]
        move = move * self.liveliness * random.uniform(*LIVELINESS[emotion])
        return np.where(_MOUTH, move * random.uniform(0.0, 0.4), move) if random.random() < 0.2 else move  # silent

    def _units(self, emotion: str) -> dict[str, float]:
        """The action units of this clip and how strong each is."""
        random, found = self.random, dict[str, float]()
        strength = random.uniform(*self.world.strength)
        for together, often in HABITS.items():
            if random.random() < often:
                found |= dict.fromkeys(together.split("+"), random.uniform(0.05, 0.4))
        if emotion in OBSERVED:
            if random.random() < self.world.published:
                shown = [unit for unit, often in OBSERVED[emotion].items() if random.random() < often]
            else:
                shown = READ[emotion][random.integers(len(READ[emotion]))].split("+")
            found |= {unit: strength * random.uniform(0.7, 1.0) for unit in shown}
        return found

    def _course(self, frames: int) -> np.ndarray:
        """(frames,) 0 to 1: held all along, or onset, apex and offset."""
        random, time = self.random, np.arange(frames) / RATE
        if random.random() < 0.5:
            wobble = np.sin(2 * np.pi * (time * random.uniform(0.2, 0.8) + random.random()))
            return 1 - random.uniform(0.0, 0.3) * (1 + wobble) / 2
        onset, offset = random.uniform(0.15, 0.8), random.uniform(0.3, 1.0)
        begin = random.uniform(-0.5, 0.4 * time[-1])
        end = begin + onset + random.uniform(0.5, 1.0) * time[-1]
        rise, fall = (time - begin) / onset, (end + offset - time) / offset
        return np.sin(np.pi / 2 * np.clip(np.minimum(rise, fall), 0, 1)) ** 2

    def _effect(self, unit: str) -> np.ndarray:
        """(54,) what full contraction adds, a little more on one side."""
        tilt, added = self.random.normal(0, 0.12), np.zeros(len(CHANNELS))
        for place, (base, sign) in enumerate(SIDES):
            added[place] = EFFECTS[unit].get(base, 0.0) * (1 + sign * tilt) * self.reach[unit] * self.way[place]
        if unit == "64":  # the head goes down with the eyes
            added[CHANNELS.index("pitch")] = -self.random.uniform(0.0, 0.6)
        return added


def to_odds(stream: Float[np.ndarray, "time channels"]) -> Float[np.ndarray, "time channels"]:
    """Blendshapes as log-odds; pose as it is."""
    shapes, pose = np.split(stream, [len(SHAPES)], axis=1)
    shapes = np.clip(shapes, LEAST, 1 - LEAST)
    return np.concatenate([np.log(shapes / (1 - shapes)), pose], axis=1)


def from_odds(odds: Float[np.ndarray, "time channels"]) -> Float[np.ndarray, "time channels"]:
    """The inverse of `to_odds`, float32."""
    shapes, pose = np.split(odds, [len(SHAPES)], axis=1)
    return np.concatenate([1 / (1 + np.exp(-shapes)), pose], axis=1).astype(np.float32)


def _resting(talk: Talk, random: np.random.Generator, most: float) -> np.ndarray:
    """(54,) a resting face, and where head and camera are.

    The man whose talk this is has one resting face of many. Others may lie anywhere between a muscle that shows nothing
    and one that seems contracted, up to `most` of the way.
    """
    low, high = np.minimum(talk.rest - 0.5, _NOTHING), talk.rest + most * np.maximum(_TOP - talk.rest, 0)
    share = {base: random.random() for base, _ in SIDES}
    for base in ("browInnerUp", "browOuterUp"):  # brows that are high are high all along
        share[base] = (share[base] + 2 * share["browOuterUp"]) / 3
    at = np.array([share[base] for base, _ in SIDES])
    rest = low + at * (high - low) + random.normal(0, 0.25, len(SIDES))
    rest[len(SHAPES) :] = random.normal(0, (0.15, 0.2, 0.08))
    return rest


def _side(name: str) -> tuple[str, int]:
    for side, sign in (("Left", 1), ("Right", -1)):
        if name.endswith(side):
            return name[: -len(side)], sign
    return name, 0


SIDES = tuple(_side(name) for name in CHANNELS)
_TOP = np.array([np.log(TOPS.get(base, 0.5) / (1 - TOPS.get(base, 0.5))) for base, _ in SIDES])
