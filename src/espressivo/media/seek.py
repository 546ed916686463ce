"""Decode a stream from a given moment on: jump to before it where the container can, else walk there by packets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Stream

from espressivo.media.packets import Frame, decoded, moment, packets_of
from espressivo.media.source import Origin, opened

# How far before the wanted moment to jump, in turn: a container may land after it (mpegts, open groups of pictures).
_BACK = (0.0, 3.0, 20.0)
# So near the beginning a jump costs more than it saves.
_NEAR = 1.0


def frames_from(origin: Origin, index: int, start: float, begin: float, seekable: bool) -> Iterator[Frame]:
    """Frames of stream `index`, the first of them at or before `start` if there is any so early.

    `start` and the stream's own `begin` are seconds on the container's clock; `seekable` says whether it has one.
    """
    if seekable and start - begin > _NEAR:
        with opened(origin) as container:
            stream = _alone(container, index)
            for back in _BACK:
                frames = _jump(container, stream, start - back, start)
                if frames is not None:
                    yield from frames
                    return
    # A container that refused to jump is of no use any more, not even to rewind it.
    with opened(origin) as container:
        stream = _alone(container, index)
        yield from decoded(stream, _walk(container, stream, start))


def _alone(container: InputContainer, index: int) -> Stream:
    """The stream, with the others' packets dropped before they are copied."""
    for stream in container.streams:
        if stream.index != index:
            stream.discard = Discard.all
    wanted = container.streams[index]
    if wanted.type == "video":
        wanted.codec_context.thread_type = "AUTO"
    return wanted


def _jump(container: InputContainer, stream: Stream, aim: float, start: float) -> Iterator[Frame] | None:
    """The frames after a jump to `aim`; none when that fails or lands after `start`."""
    try:
        container.seek(int(aim / (stream.time_base or 1)), stream=stream)
        frames = decoded(stream, packets_of(container, stream))
        first = next(frames, None)
    except av.FFmpegError:
        return None
    if first is None or first.time is None or first.time > start:
        return None
    return itertools.chain([first], frames)


def _walk(container: InputContainer, stream: Stream, start: float) -> Iterator[Packet]:
    """Packets from the last key packet at or before `start` on; those before it are read but never decoded."""
    packets = packets_of(container, stream)
    kept: list[Packet] = []
    for packet in packets:
        time = moment(packet)
        if packet.is_keyframe and time is not None and time <= start:
            kept.clear()
        kept.append(packet)
        if time is None or time > start:
            break
    yield from kept
    yield from packets
