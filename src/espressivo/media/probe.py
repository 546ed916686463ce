"""What a medium holds: its streams, where each begins and ends on the container's clock, and how pictures lie.

What a header says is not believed: durations are missing (MediaRecorder's webm), guessed (mp3) or promise more than a
cut file holds. The last packets say where a stream ends; they are found by a jump to the end where the container has
a clock of its own, else by walking over all packets without decoding them.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from espressivo.errors import InputError
from espressivo.media.source import Origin, opened

Frame = AudioFrame | VideoFrame

# Less than this of a cut file is nothing to work with.
SHORTEST = 0.1
# Elementary streams number their packets by guess, so a jump into them lands nobody knows where.
_GENERIC_INDEX = 0x100
_OWN_CLOCK = {"wav", "w64", "flac", "ogg"}
# Packets kept from the end of a sound, decoded to learn how many samples the last one holds.
_TAIL = 24


@dataclass(frozen=True)
class SoundFacts:
    """One sound stream: native `rate`, first and last moment in seconds of the container's clock.

    `grid` is the number of samples of the first frame and of those after it: with it a frame's place is known to the
    sample even where the container rounds its times to milliseconds.
    """

    index: int
    rate: int
    start: float
    end: float
    grid: tuple[int, int]
    tick: float

    def place(self, time: float) -> int:
        """The number of samples from the start of the stream to `time`, put on the grid of frames if it is near."""
        place = (time - self.start) * self.rate
        head, step = self.grid
        on_grid = head + round((place - head) / step) * step if place > head / 2 else 0
        return on_grid if abs(on_grid - place) <= 0.6 * self.tick * self.rate else round(place)


@dataclass(frozen=True)
class PictureFacts:
    """One picture stream: `size` (width, height) as shown, `fps` on average, first and last moment in seconds."""

    index: int
    size: tuple[int, int]
    fps: float
    start: float
    end: float


@dataclass(frozen=True)
class Facts:
    """What a clip is made of. `origin` is the clip's zero: the first moment of whichever stream begins first."""

    sound: SoundFacts | None
    pictures: PictureFacts | None
    seekable: bool

    @property
    def origin(self) -> float:
        return min(part.start for part in (self.sound, self.pictures) if part is not None)


def probe(origin: Origin) -> Facts:
    """Look at `origin` without decoding more than its first frames and its last sounds.

    Raises:
        InputError: nothing in it decodes, or it is cut off after less than 0.1 s.
    """
    with opened(origin) as container:
        seekable = has_clock(container)
        streams = [s for s in (_best(container, "audio"), _best(container, "video")) if s is not None]
        heads = _heads(container, streams)
        streams = [stream for stream in streams if heads[stream.index]]
        if not streams:
            raise InputError(f"{origin.name} {_nothing(container)}")
        declared = _declared_end(container)
        ends = _ends(container, streams, declared if seekable else None)
        facts = Facts(
            next((_sound(s, heads[s.index], ends) for s in streams if s.type == "audio"), None),
            next((_pictures(s, heads[s.index], ends) for s in streams if s.type == "video"), None),
            seekable,
        )
    _note_cut(origin, declared if seekable else None, facts)
    return facts


def has_clock(container: InputContainer) -> bool:
    """Whether a jump into the container lands at a known time."""
    return container.format.name in _OWN_CLOCK or not container.format.flags & _GENERIC_INDEX


def decoded(stream: Stream, packets: Iterable[Packet]) -> Iterator[Frame]:
    """The frames of `stream` out of `packets`; broken packets are passed over, a broken end is an end."""
    try:
        for packet in packets:
            if packet.stream.index == stream.index:  # its own `stream_index` is 0 in the packets that flush
                try:
                    yield from packet.decode()
                except (av.error.InvalidDataError, av.error.PatchWelcomeError):
                    continue
    except (av.error.InvalidDataError, EOFError):
        return


def display_turn(frame: VideoFrame) -> tuple[bool, bool, bool]:
    """How to put the picture upright: transpose, then mirror left-right, then mirror upside down.

    A display matrix maps stored (x, y) to shown (a·x + c·y, b·x + d·y); turns by other than right angles are left.
    """
    side = frame.side_data.get("DISPLAYMATRIX")
    if side is None:
        return False, False, False
    a, b, _, c, d = np.frombuffer(bytes(side), np.int32)[:5].tolist()  # type: ignore[call-overload]
    if abs(b) > abs(a):
        return True, c < 0, b < 0
    return False, a < 0, d < 0


def shown_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """(width, height) as a player shows it: square pixels, upright."""
    width, height = frame.width, frame.height
    ratio = stream.sample_aspect_ratio
    if ratio and ratio != 1:
        width = max(1, round(width * float(ratio)))
    return (height, width) if display_turn(frame)[0] else (width, height)


def _best(container: InputContainer, kind: Literal["audio", "video"]) -> Stream | None:
    """The stream a player would choose; a cover picture is not video, and what has no decoder is passed over."""
    streams = getattr(container.streams, kind)
    fit = [s for s in streams if s.codec_context is not None and not s.disposition & av.stream.Disposition.attached_pic]
    best = container.streams.best(kind)
    return next((s for s in fit if best is not None and s.index == best.index), fit[0] if fit else None)


def _heads(container: InputContainer, streams: list[Stream]) -> dict[int, list[Frame]]:
    """The first frame of each stream, two of a sound; none where nothing decodes."""
    heads: dict[int, list[Frame]] = {stream.index: [] for stream in streams}
    wanted = {stream.index: 2 if stream.type == "audio" else 1 for stream in streams}
    for packet in _packets(container, streams):
        head = heads[packet.stream.index]
        if len(head) < wanted[packet.stream.index]:
            head += [f for f in decoded(packet.stream, [packet]) if f.time is not None or not head]
        if all(len(heads[index]) >= wanted[index] for index in heads):
            break
    return heads


def _packets(container: InputContainer, streams: list[Stream]) -> Iterator[Packet]:
    """Packets of `streams` up to the end, or up to where the file breaks off."""
    try:
        yield from container.demux(*streams)
    except (av.error.InvalidDataError, EOFError):
        return


def _declared_end(container: InputContainer) -> float | None:
    """Where the header says that the container ends, on its own clock."""
    if not container.duration or container.duration <= 0:
        return None
    return ((container.start_time or 0) + container.duration) / av.time_base


def _ends(container: InputContainer, streams: list[Stream], declared: float | None) -> dict[int, float]:
    """The last moment of each stream, by its last packets."""
    jumps = [] if declared is None else [declared - back for back in (2.0, 30.0) if declared > back]
    for jump in [*jumps, None]:
        try:
            container.seek(round(jump * av.time_base) if jump is not None else container.start_time or 0)
        except (av.FFmpegError, OSError):
            if jump is not None:
                continue
            container.seek(0, any_frame=True)
        ends, tails = _last_packets(container, streams)
        if jump is None or len(ends) == len(streams):
            break
    for stream in streams:
        if stream.type == "audio":
            ends[stream.index] = _sound_end(stream, tails[stream.index]) or ends.get(stream.index, 0.0)
    return ends


def _last_packets(
    container: InputContainer, streams: list[Stream]
) -> tuple[dict[int, float], dict[int, deque[Packet]]]:
    """Where the packets from here on end, and the last few packets of each stream."""
    ends: dict[int, float] = {}
    tails: dict[int, deque[Packet]] = {stream.index: deque(maxlen=_TAIL) for stream in streams}
    bases = {stream.index: float(stream.time_base or 0) for stream in streams}
    gaps = {stream.index: 1 / _fps(stream) if isinstance(stream, VideoStream) else 0.0 for stream in streams}
    for packet in _packets(container, streams):
        stamp = packet.pts if packet.pts is not None else packet.dts
        index = packet.stream.index
        if packet.size and not packet.is_discard:
            tails[index].append(packet)
        if stamp is not None:
            end = stamp * bases[index] + (packet.duration * bases[index] if packet.duration else gaps[index])
            ends[index] = max(end, ends.get(index, end))
    return ends, tails


def _sound_end(stream: Stream, tail: Iterable[Packet]) -> float | None:
    """The moment after the last sample that decodes."""
    stream.codec_context.flush_buffers()
    end = None
    for frame in decoded(stream, tail):
        if isinstance(frame, AudioFrame) and frame.time is not None:
            end = frame.time + frame.samples / frame.sample_rate
    return end


def _sound(stream: Stream, head: list[Frame], ends: dict[int, float]) -> SoundFacts:
    frames = [frame for frame in head if isinstance(frame, AudioFrame)]
    rate, start = frames[0].sample_rate, frames[0].time or 0.0
    end = max(ends.get(stream.index, start), start + sum(frame.samples for frame in frames) / rate)
    grid = (frames[0].samples, frames[-1].samples)
    return SoundFacts(stream.index, rate, start, end, grid, float(stream.time_base or 0))


def _pictures(stream: Stream, head: list[Frame], ends: dict[int, float]) -> PictureFacts:
    first = head[0]
    assert isinstance(first, VideoFrame)
    start = first.time or 0.0
    assert isinstance(stream, VideoStream)
    end = max(ends.get(stream.index, start), start + 1 / _fps(stream))
    return PictureFacts(stream.index, shown_size(first, stream), _fps(stream), start, end)


def _fps(stream: VideoStream) -> float:
    """Pictures a second on average, where the container knows."""
    return float(stream.average_rate or stream.guessed_rate or 25)


def _nothing(container: InputContainer) -> str:
    """Why there is neither sound nor video."""
    kinds = [s for s in container.streams if s.type in ("audio", "video")]
    unknown = [s for s in kinds if s.codec_context is None]
    if unknown:
        return f"is {unknown[0].type} in a coding that FFmpeg cannot decode: convert it to mp4 or wav"
    if kinds:
        return "has no sound or pictures that decode: it is empty, cut off or damaged"
    return "has no sound and no video: give a media file"


def _note_cut(origin: Origin, declared: float | None, facts: Facts) -> None:
    """Say so when less is there than the header promises; refuse when next to nothing is."""
    end = max(part.end for part in (facts.sound, facts.pictures) if part is not None)
    if declared is None or declared - end < max(0.25, 0.01 * (declared - facts.origin)):
        return
    there, promised = end - facts.origin, declared - facts.origin
    if there < SHORTEST:
        raise InputError(f"{origin.name} is cut off after {there:.2f} s of {promised:.2f} s: copy or record it again")
    warnings.warn(f"{origin.name} is cut off: {there:.2f} s of {promised:.2f} s are there", stacklevel=4)
