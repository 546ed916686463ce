"""The one value that flows through the house: a clip of sound and pictures, and what is known about it.

Nothing here decodes: a `Sound` or a `Video` is a window on a source and asks it for just that stretch, so that
an hour-long file costs no more memory than a short one until someone asks for all its samples at once.
All values are immutable; `trim` and `at` return new ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from numbers import Real
from typing import Protocol

import numpy as np

from espressivo.errors import InputError

SPEECH_RATE = 16_000
VIDEO_RATE = 25.0


class SoundSource(Protocol):
    """Where samples come from: a file, or an array."""

    @property
    def duration(self) -> float: ...

    def blocks(self, start: float, end: float, rate: int) -> Iterator[np.ndarray]:
        """Mono float32 blocks of `start`…`end` seconds at `rate` Hz, in order, of any length."""
        ...


class FrameSource(Protocol):
    """Where pictures come from: a file, or an array."""

    @property
    def duration(self) -> float: ...

    @property
    def size(self) -> tuple[int, int]: ...

    def frames(self, start: float, end: float, fps: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
        """One uint8 (height, width, 3) RGB picture of `size` for each tick of `fps` in `start`…`end` seconds."""
        ...


@dataclass(frozen=True)
class Sound:
    """A window on a sound source: mono, `rate` Hz, `start`…`end` seconds of the source."""

    source: SoundSource
    start: float
    end: float
    rate: int = SPEECH_RATE

    @property
    def duration(self) -> float:
        return self.end - self.start

    def __len__(self) -> int:
        return round(self.duration * self.rate)

    def blocks(self) -> Iterator[np.ndarray]:
        """Float32 blocks in [-1, 1], in order; memory stays flat however long the sound is."""
        return self.source.blocks(self.start, self.end, self.rate)

    @property
    def samples(self) -> np.ndarray:
        """All samples, shape (samples,), float32, exactly `len(self)` of them."""
        whole = np.concatenate([np.zeros(0, np.float32), *self.blocks()])[: len(self)]
        return np.pad(whole, (0, len(self) - len(whole)))

    def at(self, rate: int) -> Sound:
        return replace(self, rate=rate)

    def trim(self, start: float, end: float) -> Sound:
        return replace(self, start=min(self.end, self.start + start), end=min(self.end, self.start + end))


@dataclass(frozen=True)
class Video:
    """A window on a frame source: `fps` pictures a second of `size` (width, height), `start`…`end` seconds."""

    source: FrameSource
    start: float
    end: float
    size: tuple[int, int]
    fps: float = VIDEO_RATE

    @property
    def duration(self) -> float:
        return self.end - self.start

    def __len__(self) -> int:
        return max(1, round(self.duration * self.fps))

    def frames(self) -> Iterator[np.ndarray]:
        """RGB pictures, uint8 (height, width, 3), one at a time; memory stays flat."""
        return self.source.frames(self.start, self.end, self.fps, self.size)

    def at(self, fps: float) -> Video:
        return replace(self, fps=fps)

    def within(self, longest: int) -> Video:
        """The same pictures scaled down so that the longer side is at most `longest` pixels; never up."""
        scale = min(1.0, longest / max(self.size))
        width, height = (max(2, 2 * round(side * scale / 2)) for side in self.size)
        return self if scale == 1.0 else replace(self, size=(width, height))

    def trim(self, start: float, end: float) -> Video:
        return replace(self, start=min(self.end, self.start + start), end=min(self.end, self.start + end))


@dataclass(frozen=True)
class Word:
    """A word and when it was said, in seconds from the clip's start."""

    text: str
    start: float
    end: float
    probability: float = 1.0


@dataclass(frozen=True)
class Transcript:
    """The words of a clip, the language (ISO 639-1) they were heard in, and how sure the recogniser is."""

    text: str
    language: str
    language_probability: float
    confidence: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Clip:
    """Sound, pictures, and what is known about them. Either of `sound` and `video` may be absent, never both."""

    name: str
    sound: Sound | None = None
    video: Video | None = None
    text: str | None = None
    speaker: str | None = None
    emotion: str | None = None

    def __post_init__(self) -> None:
        if self.sound is None and self.video is None:
            raise InputError(f"{self.name} has neither sound nor pictures")

    @property
    def duration(self) -> float:
        """Seconds of the longer of sound and pictures."""
        return max(part.duration for part in (self.sound, self.video) if part is not None)

    def trim(self, start: float, end: float) -> Clip:
        """The stretch from `start` to `end` seconds.

        Raises:
            InputError: not numbers, before zero, past the end, or an end that does not lie after the start.
        """
        start, end = _seconds("start", start), _seconds("end", end)
        wrong = _wrong(start, end, self.duration)
        if wrong:
            raise InputError(f"{self.name} lasts {self.duration:.2f} s: {wrong}")
        sound = None if self.sound is None else self.sound.trim(start, end)
        video = None if self.video is None else self.video.trim(start, end)
        # Sound and pictures rarely end together: where one is over, the other is what there is.
        return replace(
            self,
            sound=sound if sound is not None and len(sound) else None,
            video=video if video is not None and video.duration > 0 else None,
        )

    def __str__(self) -> str:
        parts = [f"{self.duration:.2f} s"]
        if self.sound is not None:
            parts.append(f"sound at {self.sound.rate / 1000:g} kHz")
        if self.video is not None:
            width, height = self.video.size
            count = len(self.video)
            parts.append(f"{count} frame{'s' if count > 1 else ''} of {width}×{height} at {self.video.fps:g}/s")
        return f"{self.name}: " + ", ".join(parts)


def _seconds(which: str, given: object) -> float:
    if not isinstance(given, Real) or isinstance(given, bool):
        raise InputError(f"got {given!r:.40} as the {which}: give seconds, a number")
    try:
        return float(given)
    except OverflowError:
        raise InputError(f"got a {which} that no number of seconds reaches: give seconds within the clip") from None


def _wrong(start: float, end: float, duration: float) -> str:
    """Why a clip of `duration` seconds has no such stretch; nothing if it has."""
    if math.isnan(start) or math.isnan(end):
        return "cannot cut at what is not a number (NaN); give seconds"
    if start < 0:
        return f"cannot begin at {_short(start)} s, before its beginning; give 0 or more"
    if start >= duration:
        return f"cannot begin at {_short(start)} s; begin before its end"
    if end <= start:
        return f"cannot take {_short(start)}–{_short(end)} s of it; the end must lie after the start"
    return ""


def _short(seconds: float) -> str:
    return f"{seconds:.2f}" if abs(seconds) < 1e6 else f"{seconds:.6g}"
