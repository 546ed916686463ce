"""Decode a stream from a given moment on: jump to before it, decode up to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import av
from av.container import InputContainer
from av.stream import Discard, Stream

from espressivo.media.probe import Frame, decoded

# How far before the wanted moment to jump, in turn: a container may land after it (mpegts, open groups of pictures).
_BACK = (0.0, 3.0, 20.0)
# So near the beginning a jump costs more than it saves.
_NEAR = 1.0


def frames_from(container: InputContainer, stream: Stream, start: float, seekable: bool) -> Iterator[Frame]:
    """Frames of `stream`, the first of them at or before `start` on the container's clock if there is any so early."""
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    if stream.type == "video":
        stream.codec_context.thread_type = "AUTO"
    if seekable and start - float((stream.start_time or 0) * (stream.time_base or 0)) > _NEAR:
        for back in _BACK:
            frames = _jump(container, stream, start, back)
            if frames is not None:
                yield from frames
                return
        container.seek(container.start_time or 0)
    yield from decoded(stream, container.demux(stream))


def _jump(container: InputContainer, stream: Stream, start: float, back: float) -> Iterator[Frame] | None:
    """The frames after a jump to `back` seconds before `start`; none when that lands too late or nowhere."""
    try:
        container.seek(int((start - back) / (stream.time_base or 1)), stream=stream)
    except (av.FFmpegError, OSError):
        return None
    frames = decoded(stream, container.demux(stream))
    first = next(frames, None)
    if first is None or first.time is None or first.time > start:
        return None
    return itertools.chain([first], frames)
