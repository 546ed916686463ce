"""`read`: anything that holds sound or pictures becomes a Clip."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np

from espressivo.clip import Clip, Sound, Video
from espressivo.errors import InputError
from espressivo.media.audio import ArraySound, FileSound
from espressivo.media.probe import probe
from espressivo.media.source import origin_of, short_name
from espressivo.media.video import ArrayFrames, FileFrames

Source = str | os.PathLike[str] | bytes | BinaryIO | tuple[Any, float] | Clip

# Floating-point sound may overshoot 1 a little (resampling does that); beyond this it is on another scale.
_LOUDEST = 4.0
_MOST_CHANNELS = 32


def read(source: Source, *, name: str | None = None, start: float | None = None, end: float | None = None) -> Clip:
    """The clip in `source`, from `start` to `end` seconds of it; nothing is decoded but its first and last moments.

    Args:
        source: a path; the bytes of a file; an open binary file (read from its beginning, and needed as long as the
            clip is; one that cannot seek is copied to a temporary file); `(samples, rate)` or `(frames, fps)` arrays,
            see `from_arrays`; a Clip. An http(s) address is fetched by FFmpeg, and so leaves this machine.
        name: what to call the clip; by default the file's name.
        start, end: seconds; by default all of it. Both are exact to the sample and the frame.

    Sound comes as 16 kHz mono (`clip.sound.at(rate)` for another), pictures at 25 a second (`clip.video.at(fps)`),
    upright. Both count from the moment the first of the two begins, so they stay in step. A cover picture is not video.
    A file that is cut off is read up to there, with a warning.

    Raises:
        InputError: missing, a folder, empty, not media, damaged beyond use, or `start` past the end.
    """
    clip = _whole(source, name)
    if start is None and end is None:
        return clip
    if start is not None and start >= clip.duration:
        raise InputError(f"{clip.name} lasts {clip.duration:.2f} s: cannot begin at {start:.2f} s")
    return clip.trim(start or 0.0, clip.duration if end is None else end)


def from_arrays(
    *,
    sound: tuple[Any, float] | None = None,
    video: tuple[Any, float] | None = None,
    name: str = "array",
) -> Clip:
    """A clip of arrays in memory: `sound=(samples, rate)`, `video=(frames, fps)`, or both.

    Args:
        sound: samples of any number type, shape (samples,) or (samples, channels) or (channels, samples), mixed to
            mono. Floats lie in [-1, 1], integers in their type's range.
        video: RGB pictures, uint8 (frames, height, width, 3), or grey (frames, height, width).

    Raises:
        InputError: nothing given, an empty array, a wrong shape or type, NaN, or a rate that is not positive.
    """
    heard = None if sound is None else ArraySound(_samples(sound[0]), round(_rate(sound[1], "sample rate")))
    seen = None if video is None else ArrayFrames(_pictures(video[0]), _rate(video[1], "frame rate"))
    return Clip(
        name,
        None if heard is None else Sound(heard, 0.0, heard.duration),
        None if seen is None else Video(seen, 0.0, seen.duration, seen.size),
    )


def _whole(source: Source, name: str | None) -> Clip:
    if isinstance(source, Clip):
        return source if name is None else replace(source, name=name)
    if isinstance(source, tuple):
        if len(source) != 2:
            raise InputError(f"got a tuple of {len(source)}: give (samples, rate) or (frames, fps)")
        kind = "video" if _dimensions(source[0]) > 2 else "sound"
        return from_arrays(**{kind: source}, name=name or "array")
    if isinstance(source, np.ndarray):
        raise InputError("got an array alone: give (samples, rate) or (frames, fps)")
    origin = origin_of(source)
    facts = probe(origin)
    sound = None if facts.sound is None else FileSound(origin, facts)
    video = None if facts.pictures is None else FileFrames(origin, facts)
    return Clip(
        name or short_name(source),
        None if sound is None else Sound(sound, 0.0, sound.duration),
        None if video is None else Video(video, 0.0, video.duration, video.size),
    )


def _dimensions(given: Any) -> int:
    """The dimensions of an array, or of a list of arrays."""
    if isinstance(given, Sequence) and len(given):
        return 1 + _dimensions(given[0])
    return int(getattr(given, "ndim", 0))


def _rate(rate: float, what: str) -> float:
    if not np.isfinite(rate) or rate <= 0:
        raise InputError(f"got a {what} of {rate}: it must be positive")
    return float(rate)


def _samples(given: Any) -> np.ndarray:
    """Mono float32 in [-1, 1], shape (samples,)."""
    array = np.asarray(given)
    if array.ndim not in (1, 2) or array.size == 0:
        raise InputError(
            f"got sound of shape {array.shape}: give (samples,), (samples, channels) or (channels, samples)"
        )
    if array.ndim == 2:
        channels = int(np.argmin(array.shape))
        if array.shape[channels] > _MOST_CHANNELS:
            raise InputError(f"got sound of shape {array.shape}: neither side can be channels, there are too many")
        return _scaled(array).mean(axis=channels, dtype=np.float32)
    return _scaled(array)


def _scaled(array: np.ndarray) -> np.ndarray:
    """Float32 in [-1, 1]: integers by the range of their type."""
    if array.dtype.kind in "iu":
        info = np.iinfo(array.dtype)
        middle = 0 if info.min < 0 else (int(info.max) + 1) // 2
        return ((array.astype(np.float64) - middle) / (int(info.max) + 1 - middle)).astype(np.float32)
    if array.dtype.kind != "f":
        raise InputError(f"got sound of type {array.dtype}: give floating-point or integer numbers")
    if not np.isfinite(array).all():
        raise InputError("the sound holds samples that are not numbers (NaN or infinite)")
    peak = float(np.abs(array).max())
    if peak > _LOUDEST:
        raise InputError(f"got floating-point sound up to {peak:.3g}: scale it to [-1, 1], or give integers")
    return array.astype(np.float32)


def _pictures(given: Any) -> np.ndarray:
    """uint8 (frames, height, width, 3)."""
    array = np.asarray(given) if not isinstance(given, Sequence) else _stacked(given)
    if array.ndim == 3:
        array = np.repeat(array[..., None], 3, axis=3)
    if array.ndim != 4 or array.shape[3] != 3 or array.size == 0:
        raise InputError(f"got pictures of shape {array.shape}: give (frames, height, width, 3)")
    if array.dtype != np.uint8:
        raise InputError(f"got pictures of type {array.dtype}: give uint8, 0 to 255")
    return array


def _stacked(given: Sequence[Any]) -> np.ndarray:
    try:
        return np.stack([np.asarray(picture) for picture in given])
    except ValueError:
        raise InputError("got pictures of different sizes, or none: give one size") from None
