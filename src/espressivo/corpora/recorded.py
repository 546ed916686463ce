"""What a recording holds, found out once, so that nobody has to open it again to know how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from espressivo.clip import SPEECH_RATE
from espressivo.corpora.item import Item
from espressivo.errors import InputError
from espressivo.media.probe import Facts, probe
from espressivo.media.source import origin_of


@dataclass(frozen=True)
class Picture:
    """The pictures of a recording: how many a second, how many in all, how large."""

    fps: float
    num_frames: int
    height: int
    width: int


@dataclass(frozen=True)
class Medium:
    """What a recording holds.

    Attributes:
        duration: seconds of its sound, of its pictures where it is silent.
        rate, samples, channels: of its sound; no channels where it is silent.
        picture: None where there is nothing to see.
    """

    duration: float
    rate: int
    samples: int
    channels: int
    picture: Picture | None = None


@dataclass(frozen=True, kw_only=True)
class Recorded(Item):
    """An item whose recording has been looked at."""

    medium: Medium


def examine(item: Item) -> Recorded:
    """`item` with what its recording holds; opens the file but decodes next to nothing.

    Raises:
        InputError: missing, empty, broken, or no such stretch in it.
    """
    medium = _medium(_look(item.path))
    if item.start >= medium.duration:
        raise InputError(f"{str(item.path)!r} lasts {medium.duration:.2f} s, {item.id} begins at {item.start:.2f} s")
    if item.face is not None and _look(item.face).pictures is None:
        raise InputError(f"{str(item.face)!r} is to show the face and has no pictures")
    return Recorded(**{**vars(item), "medium": medium})


def seconds_of(item: Item) -> float | None:
    """How long the item lasts, where that is known without opening its file."""
    end = item.medium.duration if isinstance(item, Recorded) else None
    if item.end is not None:
        end = item.end if end is None else min(item.end, end)
    return None if end is None else max(0.0, end - item.start)


def _look(path: Path) -> Facts:
    origin: Any = origin_of(path)  # with the file's size and time of change in it
    return _facts(origin)


@lru_cache(maxsize=32)
def _facts(origin: Any) -> Facts:
    """Kept for a while: the utterances of one long recording follow one another."""
    return probe(origin)


def _medium(facts: Facts) -> Medium:
    sound, seen = facts.sound, facts.pictures
    picture = None
    if seen is not None:
        frames = max(1, round((seen.end - seen.start) * seen.fps))
        picture = Picture(float(seen.fps), frames, seen.size[1], seen.size[0])
    part = sound or seen
    assert part is not None
    rate = SPEECH_RATE if sound is None else sound.rate
    samples = max(1, round((part.end - part.start) * rate))
    return Medium(samples / rate, rate, samples, 0 if sound is None else sound.channels, picture)
