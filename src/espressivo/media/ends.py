"""Where streams really end.

What a header says is not believed: durations are missing (MediaRecorder's webm), guessed (mp3) or promise more than a
cut file holds. The last packets say where a stream ends; they are found by a jump to the end where the container has
a clock of its own, else by walking over all packets without decoding them.
"""

from __future__ import annotations

from collections import deque

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from espressivo.media.packets import decoded, moment, packets_of
from espressivo.media.source import Origin, opened

# Packets kept from the end of each stream: more than pictures are ever reordered, and a run-up for sound decoders.
_TAIL = 24


def declared_end(container: InputContainer, streams: list[Stream]) -> tuple[float | None, bool]:
    """Where the header says that `streams` end, and whether that can be relied on.

    The container as a whole may last longer, for the sake of subtitles or a camera's data; and where its clock does
    not begin at zero, some mean by its duration the end.
    """
    spans = [((s.start_time or 0) + s.duration) * s.time_base for s in streams if s.duration and s.time_base]
    if len(spans) == len(streams):
        return float(max(spans)), True
    if not container.duration or container.duration <= 0:
        return None, False
    start = (container.start_time or 0) / av.time_base
    certain = len(container.streams) == len(streams) and abs(start) < 0.1
    return start + container.duration / av.time_base, certain


def ends(origin: Origin, container: InputContainer, indexes: list[int], declared: float | None) -> dict[int, float]:
    """The last moment of each stream of `indexes` that has packets.

    `declared` is where the container should end if it can be jumped in, else None.
    """
    if declared is not None:
        for back in (2.0, 30.0):
            try:
                container.seek(max(container.start_time or 0, round((declared - back) * av.time_base)))
                found = _last_moments(container, indexes)
            except av.FFmpegError:
                break
            if len(found) == len(indexes):
                return found
    # A container that refused to jump is of no use any more, not even to rewind it.
    with opened(origin) as fresh:
        return _last_moments(fresh, indexes)


def fps(stream: VideoStream) -> float:
    """Pictures a second on average, where the container knows."""
    return float(stream.average_rate or stream.guessed_rate or 25)


def _last_moments(container: InputContainer, indexes: list[int]) -> dict[int, float]:
    """Where the streams end, by the packets from here on."""
    tails: dict[int, deque[Packet]] = {index: deque(maxlen=_TAIL) for index in indexes}
    counts = dict.fromkeys(indexes, 0)
    for packet in packets_of(container, *(container.streams[index] for index in indexes)):
        if packet.size and not packet.is_discard:
            tails[packet.stream.index].append(packet)
            counts[packet.stream.index] += 1
    found: dict[int, float | None] = {}
    for index, tail in tails.items():
        stream = container.streams[index]
        if isinstance(stream, VideoStream):
            found[index] = _pictures_end(stream, tail, counts[index])
        else:
            found[index] = _sound_end(stream, tail)
    return {index: end for index, end in found.items() if end is not None}


def _pictures_end(stream: VideoStream, tail: deque[Packet], count: int) -> float | None:
    """When the last picture has been shown for as long as its packet says, or else as long as the one before.

    A bare stream of pictures has no times at all: their number says how long it lasts.
    """
    lasting = [(moment(packet), float((packet.duration or 0) * packet.time_base)) for packet in tail]
    shown = sorted((time, duration) for time, duration in lasting if time is not None)
    if not shown:
        return count / fps(stream) if count else None
    last, duration = shown[-1]
    before = last - shown[-2][0] if len(shown) > 1 else 0.0
    return last + (duration or before or 1 / fps(stream))


def _sound_end(stream: Stream, tail: deque[Packet]) -> float | None:
    """The moment after the last sample that decodes."""
    stream.codec_context.flush_buffers()
    frames = [frame for frame in decoded(stream, tail) if isinstance(frame, AudioFrame) and frame.time is not None]
    if not frames:
        return None
    length = frames[-1].samples / frames[-1].sample_rate
    end = (frames[-1].time or 0.0) + length
    if stream.duration and stream.time_base:
        promised = float(((stream.start_time or 0) + stream.duration) * stream.time_base)
        if 0 < end - promised < length:
            return promised  # an encoder fills up its last frame; mp4 says by how much
    return end
