"""Write sound and video files; the suffix chooses the format.

Video is H.264 with AAC in mp4, which every player takes. PyAV's wheel carries libx264 (GPL-2.0-or-later, loaded by
the LGPL FFmpeg beside it); where FFmpeg comes without it, the next of `_VIDEO_CODECS` is taken. Nothing of it is
linked into or shipped with espressivo.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from espressivo.errors import InputError, OutputError
from espressivo.media import resample
from espressivo.media.files import writing

# Which codec a suffix of a sound file means, best first.
_SOUND_CODECS = {
    ".wav": ("pcm_s16le",),
    ".flac": ("flac",),
    ".mp3": ("libmp3lame", "mp3"),
    ".m4a": ("aac",),
    ".ogg": ("libopus", "flac"),
    ".opus": ("libopus",),
}
_VIDEO_CODECS = ("libx264", "libopenh264", "mpeg4")
_VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv")
_BIT_RATES = {"libmp3lame": 128_000, "aac": 128_000, "libopus": 64_000}
_SECOND = 1  # sound is handed to the encoder in pieces of this many seconds


def write_sound(
    path: str | os.PathLike[str], samples: np.ndarray, rate: int, *, metadata: Mapping[str, str] | None = None
) -> None:
    """Write mono sound as wav, flac, mp3, m4a, ogg or opus, by the suffix of `path`.

    Args:
        samples: shape (samples,), floating point; what lies beyond [-1, 1] is clipped.
        metadata: tags such as `{"comment": …, "title": …}`; "comment" is kept by every one of these formats.

    Raises:
        InputError: a wrong shape, an empty sound, NaN.
        OutputError: an unknown suffix, or the file cannot be written; nothing half-written is left.
    """
    codec = _codec(path, _SOUND_CODECS)
    sound = _checked(samples, rate)
    with writing(path) as part, _muxer(part, metadata) as container:
        for _ in _encoded(container, _sound_stream(container, codec, rate), sound, rate):
            pass


def write_video(
    path: str | os.PathLike[str],
    frames: Iterable[np.ndarray],
    fps: float,
    sound: np.ndarray | None = None,
    rate: int | None = None,
    *,
    quality: float = 20,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write RGB pictures, with sound if given, as H.264 and AAC in mp4, m4v, mov or mkv.

    Args:
        frames: uint8 (height, width, 3), all of one size, taken one at a time. An odd side grows by one pixel.
        sound, rate: mono samples, shape (samples,), and their rate.
        quality: x264's constant rate factor: 18 looks like the original, 28 is small.
        metadata: as for `write_sound`.

    Raises:
        InputError: no frames, frames of different sizes or types, or a sound as `write_sound` refuses it.
        OutputError: an unknown suffix, or the file cannot be written; nothing half-written is left.
    """
    if Path(path).suffix.lower() not in _VIDEO_SUFFIXES:
        raise OutputError(f"cannot write {str(path)!r}: give a name that ends in {', '.join(_VIDEO_SUFFIXES)}")
    if (sound is None) != (rate is None):
        raise InputError("sound needs its rate, and a rate needs its sound: give both or neither")
    pictures = _even(frames)
    first = next(pictures, None)
    if first is None:
        raise InputError("got no pictures: give at least one")
    heard = None if sound is None or rate is None else _checked(sound, rate)
    with writing(path) as part, _muxer(part, metadata) as container:
        video = _video_stream(container, first.shape, fps, quality)
        audio: Iterator[float] = iter(())
        if heard is not None and rate is not None:
            audio = _encoded(container, _sound_stream(container, "aac", rate), heard, rate)
        spoken: float | None = 0.0
        for n, picture in enumerate(itertools.chain([first], pictures)):
            if picture.shape != first.shape:
                raise InputError(f"got pictures of shapes {first.shape} and {picture.shape}: give one size")
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format=video.pix_fmt, dst_colorspace="ITU709", dst_color_range="MPEG")
            frame.pts, frame.time_base = n, 1 / _ratio(fps)
            container.mux(video.encode(frame))
            # Sound goes in step with the pictures, or the muxer would have to hold one of them back.
            while spoken is not None and spoken <= n / fps:
                spoken = next(audio, None)
        container.mux(video.encode(None))
        for _ in audio:
            pass


def _codec(path: str | os.PathLike[str], known: Mapping[str, tuple[str, ...]]) -> str:
    """The codec to write `path` with."""
    choices = known.get(Path(path).suffix.lower())
    if choices is None:
        raise OutputError(f"cannot write {str(path)!r}: give a name that ends in {', '.join(known)}")
    return _available(choices)


def _available(choices: Iterable[str]) -> str:
    for name in choices:
        if name in av.codecs_available:
            try:
                return av.Codec(name, "w").name
            except av.codec.codec.UnknownCodecError:
                continue
    raise OutputError(f"this FFmpeg can write none of {', '.join(choices)}: install PyAV from its wheel")


@contextmanager
def _muxer(part: Path, metadata: Mapping[str, str] | None) -> Iterator[OutputContainer]:
    """An open container on `part`; faststart puts the index first, so that a browser plays before all has come."""
    options = {"movflags": "+faststart"} if part.suffix.lower() in (".mp4", ".m4v", ".m4a", ".mov") else {}
    with av.open(str(part), "w", options=options) as container:
        container.metadata.update(metadata or {})
        yield container


def _checked(samples: np.ndarray, rate: int) -> np.ndarray:
    sound = np.asarray(samples)
    if sound.ndim != 1 or sound.size == 0 or sound.dtype.kind != "f":
        raise InputError(f"got sound of shape {sound.shape} and type {sound.dtype}: give floats of shape (samples,)")
    if rate <= 0:
        raise InputError(f"got a sample rate of {rate}: it must be positive")
    if not np.isfinite(sound).all():
        raise InputError("the sound holds samples that are not numbers (NaN or infinite)")
    return sound


def _sound_stream(container: OutputContainer, codec: str, rate: int) -> AudioStream:
    """A stream at `rate` or the next that the codec takes: not every one takes every rate."""
    allowed = av.Codec(codec, "w").audio_rates
    fitting = rate
    if allowed and rate not in allowed:
        fitting = min((r for r in allowed if r >= rate), default=max(allowed))
    stream = container.add_stream(codec, rate=fitting, layout="mono")
    assert isinstance(stream, AudioStream)
    if codec in _BIT_RATES:
        stream.bit_rate = _BIT_RATES[codec]
    return stream


def _encoded(container: OutputContainer, stream: AudioStream, sound: np.ndarray, rate: int) -> Iterator[float]:
    """Encode `sound` a second at a time; yields how many seconds are in."""
    starts = range(0, len(sound), rate * _SECOND)
    pieces = (np.clip(sound[at : at + rate * _SECOND], -1.0, 1.0).astype(np.float32) for at in starts)
    at, end = 0, max(len(sound) / rate, 1 / stream.rate)  # one sample at the least
    for piece in resample.stretch(lambda *_: pieces, rate, 0.0, end, stream.rate):
        frame = av.AudioFrame.from_ndarray(piece[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = stream.rate, at, Fraction(1, stream.rate)
        container.mux(stream.encode(frame))
        at += len(piece)
        yield at / stream.rate
    container.mux(stream.encode(None))


def _video_stream(container: OutputContainer, shape: tuple[int, ...], fps: float, quality: float) -> VideoStream:
    codec = _available(_VIDEO_CODECS)
    options = {"libx264": {"crf": str(quality), "preset": "veryfast"}, "mpeg4": {"q:v": "3"}}.get(codec, {})
    stream = container.add_stream(codec, rate=_ratio(fps), options=options)
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = "yuv420p"
    # Say which colours these are: players guess by size otherwise, and faces turn greener or redder.
    stream.colorspace = stream.color_primaries = stream.color_trc = 1  # BT.709
    stream.color_range = 1  # limited
    return stream


def _ratio(fps: float) -> Fraction:
    """29.97 is 30000/1001 to a container."""
    exact = Fraction(fps).limit_denominator(1001)
    if exact <= 0:
        raise InputError(f"got a frame rate of {fps}: it must be positive")
    return exact


def _even(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Frames with even sides, as 4:2:0 needs: the last row or column is repeated."""
    for frame in frames:
        picture = np.asarray(frame)
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise InputError(f"got a picture of shape {picture.shape}, {picture.dtype}: give uint8 (height, width, 3)")
        odd = [(0, side % 2) for side in picture.shape[:2]]
        yield np.ascontiguousarray(np.pad(picture, [*odd, (0, 0)], mode="edge") if any(map(any, odd)) else picture)
