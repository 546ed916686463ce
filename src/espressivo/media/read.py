"""`read`: anything that holds sound or pictures becomes a Clip."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, BinaryIO

import numpy as np

from espressivo.clip import Clip, Sound, Video
from espressivo.errors import InputError
from espressivo.media.audio import ArraySound, FileSound, telling_channel
from espressivo.media.probe import probe
from espressivo.media.source import origin_of, short_name
from espressivo.media.video import ArrayFrames, FileFrames

Source = str | os.PathLike[str] | bytes | BinaryIO | tuple[Any, float] | Clip

# Floating-point sound may overshoot 1 a little (resampling does that); beyond this it is on another scale.
_LOUDEST = 4.0
_MOST_CHANNELS = 32
_SCALES = {"int8", "int16", "int32", "uint8"}
_SAMPLE_RATES = (100.0, 1e6)
_FRAME_RATES = (0.001, 10_000.0)


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
        InputError: missing, a folder, empty, not media, damaged beyond use, or no such stretch in it.
    """
    clip = _whole(source, name)
    if start is None and end is None:
        return clip
    return clip.trim(0.0 if start is None else start, clip.duration if end is None else end)


def from_arrays(
    *,
    sound: tuple[Any, float] | None = None,
    video: tuple[Any, float] | None = None,
    name: str = "array",
) -> Clip:
    """A clip of arrays in memory: `sound=(samples, rate)`, `video=(frames, fps)`, or both.

    Args:
        sound: samples, shape (samples,) or (samples, channels) or (channels, samples), mixed to mono as
            `espressivo.media.audio` says. Floats lie in [-1, 1]; int8, int16, int32 and uint8 in their type's range.
        video: RGB pictures, uint8 (frames, height, width, 3), grey ones (frames, height, width), or one RGB picture
            (height, width, 3).

    Raises:
        InputError: nothing given, an empty array, a wrong shape or type, NaN, or a rate out of range.
    """
    heard = seen = None
    if sound is not None:
        rate = round(_rate(sound[1], "sample rate", _SAMPLE_RATES))
        heard = ArraySound(_samples(sound[0], rate), rate)
    if video is not None:
        seen = ArrayFrames(_pictures(video[0]), _rate(video[1], "frame rate", _FRAME_RATES))
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


def _dimensions(given: Any, most: int = 5) -> int:
    """The dimensions of an array, or of a list of arrays; `most` at most, for a list can hold itself."""
    if isinstance(given, (list, tuple)) and len(given) and most:
        return 1 + _dimensions(given[0], most - 1)
    return int(getattr(given, "ndim", 0))


def _rate(rate: Any, what: str, within: tuple[float, float]) -> float:
    low, high = within
    if not isinstance(rate, Real) or isinstance(rate, bool):
        raise InputError(f"got {rate!r:.40} as the {what}: give a positive number")
    try:
        number = float(rate)
    except OverflowError:
        number = np.inf
    if not low <= number <= high:
        raise InputError(f"got a {what} of {number:.6g}: it must be positive, from {low:g} to {high:.7g} a second")
    return number


def _array(given: Any, what: str) -> np.ndarray:
    try:
        return np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:
        # Lists of uneven length, or a foreign tensor that will not be turned into an array.
        why = " ".join(str(error).split())
        raise InputError(f"cannot make an array of the {what} given ({why:.100}): give a NumPy array") from None


def _samples(given: Any, rate: int) -> np.ndarray:
    """Mono float32 in [-1, 1], shape (samples,)."""
    array = _array(given, "sound")
    if array.ndim not in (1, 2) or array.size == 0:
        raise InputError(
            f"got sound of shape {array.shape}: give (samples,), (samples, channels) or (channels, samples)"
        )
    if array.ndim == 2:
        channels = int(np.argmin(array.shape))
        if array.shape[channels] > _MOST_CHANNELS:
            raise InputError(f"got sound of shape {array.shape}: neither side can be channels, there are too many")
        return _mixed(np.moveaxis(_scaled(array), channels, 0), rate)
    return _scaled(array)


def _mixed(channels: np.ndarray, rate: int) -> np.ndarray:
    """The mean of all, or of two that cancel the louder."""
    if len(channels) == 2:
        step = max(1, rate // 50)
        only = telling_channel((channels[:, at : at + step] for at in range(0, channels.shape[1], step)), rate)
        if only is not None:
            return np.ascontiguousarray(channels[only])
    return channels.mean(axis=0, dtype=np.float32)


def _scaled(array: np.ndarray) -> np.ndarray:
    """Float32 in [-1, 1]: integers by the range of their type."""
    if array.dtype.kind in "iu":
        if array.dtype.name not in _SCALES:
            # Python's own integers come as int64, whatever range they were meant in: guessing would give silence.
            raise InputError(f"got sound of type {array.dtype}: convert it to int16 or int32, or to floats in [-1, 1]")
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
    array = _stacked(given) if isinstance(given, (list, tuple)) else _array(given, "pictures")
    if array.ndim == 3 and array.shape[2] == 3:  # grey pictures three pixels wide are less likely
        array = array[None]
    elif array.ndim == 3:
        array = np.repeat(array[..., None], 3, axis=3)
    if array.ndim != 4 or array.shape[3] != 3 or array.size == 0:
        raise InputError(f"got pictures of shape {array.shape}: give (frames, height, width, 3)")
    if array.dtype != np.uint8:
        raise InputError(f"got pictures of type {array.dtype}: give uint8, 0 to 255")
    return array


def _stacked(given: Sequence[Any]) -> np.ndarray:
    try:
        return np.stack([_array(picture, "pictures") for picture in given])
    except ValueError:
        raise InputError("got pictures of different sizes, or none: give one size") from None
