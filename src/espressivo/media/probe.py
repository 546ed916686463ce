"""What a medium holds: its streams, where each begins and ends on the container's clock, and how pictures lie."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from espressivo.errors import InputError
from espressivo.media.ends import declared_end, ends, fps
from espressivo.media.packets import Frame, decoded, packets_of
from espressivo.media.source import Origin, opened, raw

# Less than this of a cut file is nothing to work with.
SHORTEST = 0.1
# Elementary streams number their packets by guess, so a jump into them lands nobody knows where.
_GENERIC_INDEX = 0x100
_OWN_CLOCK = {"wav", "w64", "flac", "ogg"}
# From here on the size in a wav's header says that its writer did not know it (a pipe), or that it lies elsewhere.
_UNKNOWN_SIZE = 0x7FFF0000
_MOST_CHUNKS = 100


@dataclass(frozen=True)
class SoundFacts:
    """One sound stream: native `rate` and `channels`, first and last moment in seconds of the container's clock.

    `grid` is the number of samples of the first frame and of those after it: with it a frame's place is known to the
    sample even where the container rounds its times to a `tick` of a millisecond.
    """

    index: int
    rate: int
    channels: int
    start: float
    end: float
    grid: tuple[int, int]
    tick: float

    def place(self, time: float) -> tuple[int, bool]:
        """How many samples `time` lies after the start of the stream, and whether that is exact."""
        place = (time - self.start) * self.rate
        blur = self.tick * self.rate  # both ends of the difference may be rounded by half a tick
        if blur <= 1:
            return round(place), True
        head, step = self.grid
        on_grid = head + round((place - head) / step) * step if place > head / 2 else 0
        return (on_grid, True) if abs(on_grid - place) <= blur else (round(place), False)


class Turn(NamedTuple):
    """How to put a stored picture upright: swap rows and columns, then mirror left-right, then upside down."""

    transpose: bool = False
    mirror: bool = False
    flip: bool = False


@dataclass(frozen=True)
class PictureFacts:
    """One picture stream: `size` (width, height) as shown, `fps` on average, first and last moment in seconds."""

    index: int
    size: tuple[int, int]
    fps: float
    start: float
    end: float
    turn: Turn


@dataclass(frozen=True)
class Facts:
    """What a clip is made of. `origin` is the clip's zero: the first moment of whichever stream begins first."""

    sound: SoundFacts | None
    pictures: PictureFacts | None
    seekable: bool

    @property
    def origin(self) -> float:
        return min(part.start for part in (self.sound, self.pictures) if part is not None)

    @property
    def end(self) -> float:
        return max(part.end for part in (self.sound, self.pictures) if part is not None)


def probe(origin: Origin) -> Facts:
    """Look at `origin` without decoding more than its first frames and its last sounds.

    Raises:
        InputError: nothing in it decodes, or it is cut off after less than 0.1 s.
    """
    with opened(origin) as container:
        streams = [s for s in (_best(container, "audio"), _best(container, "video")) if s is not None]
        heads = _heads(container, streams)
        found = [stream for stream in streams if heads[stream.index]]
        if not found:
            raise InputError(f"{origin.name} {_nothing(container)}")
        seekable = _has_clock(container)
        declared, certain = declared_end(container, found) if seekable else (None, False)
        last = ends(origin, container, [stream.index for stream in found], declared)
        parts = [_facts(stream, heads[stream.index], last.get(stream.index, 0.0)) for stream in found]
        sound = next((part for part in parts if isinstance(part, SoundFacts)), None)
        pictures = next((part for part in parts if isinstance(part, PictureFacts)), None)
        wav = container.format.name == "wav"
    facts = Facts(sound, pictures, seekable)
    if wav:  # FFmpeg believes the file and forgets the header
        _note_cut(origin, facts.origin + (facts.end - facts.origin) * _promised(origin), facts, 0.01)
    elif certain and declared is not None:
        _note_cut(origin, declared, facts, max(0.25, 0.01 * (declared - facts.origin)))
    return facts


def _turn(frame: VideoFrame) -> Turn:
    """How the container says that the stored picture is to be shown.

    A display matrix maps stored (x, y) to shown (a·x + c·y, b·x + d·y); turns by other than right angles are left.
    Asked of one frame only: a frame that was asked for its side data refers to itself, and so outlives its use until
    Python's collector comes by, which for 4K is a gigabyte later.
    """
    side = frame.side_data.get("DISPLAYMATRIX")
    if side is None:
        return Turn()
    a, b, _, c, d = np.frombuffer(bytes(side), np.int32)[:5].tolist()  # type: ignore[call-overload]
    return Turn(True, c < 0, b < 0) if abs(b) > abs(a) else Turn(False, a < 0, d < 0)


def _shown_size(frame: VideoFrame, stream: VideoStream, turn: Turn) -> tuple[int, int]:
    """(width, height) as a player shows it: square pixels, upright."""
    width, height = frame.width, frame.height
    if stream.sample_aspect_ratio:
        width = max(1, round(width * float(stream.sample_aspect_ratio)))
    return (height, width) if turn.transpose else (width, height)


def _has_clock(container: InputContainer) -> bool:
    """Whether a jump into the container lands at a known time."""
    return container.format.name in _OWN_CLOCK or not container.format.flags & _GENERIC_INDEX


def _best(container: InputContainer, kind: Literal["audio", "video"]) -> Stream | None:
    """The stream a player would choose; a cover picture is not video, and what has no decoder is passed over."""
    streams = container.streams.audio if kind == "audio" else container.streams.video
    fit = [s for s in streams if s.codec_context is not None and not s.disposition & Disposition.attached_pic]
    best = container.streams.best(kind)
    return next((s for s in fit if best is not None and s.index == best.index), fit[0] if fit else None)


def _heads(container: InputContainer, streams: list[Stream]) -> dict[int, list[Frame]]:
    """The first frame of each stream, two of a sound; none where nothing decodes."""
    heads: dict[int, list[Frame]] = {stream.index: [] for stream in streams}
    wanted = {stream.index: 2 if stream.type == "audio" else 1 for stream in streams}
    for packet in packets_of(container, *streams):
        index = packet.stream.index
        if len(heads[index]) < wanted[index]:
            heads[index] += decoded(packet.stream, [packet])
        if all(len(heads[index]) >= wanted[index] for index in heads):
            break
    return heads


def _facts(stream: Stream, head: list[Frame], end: float) -> SoundFacts | PictureFacts:
    start = head[0].time or 0.0
    if isinstance(stream, VideoStream):
        assert isinstance(head[0], VideoFrame)
        rate, turn = fps(stream), _turn(head[0])
        size = _shown_size(head[0], stream, turn)
        return PictureFacts(stream.index, size, rate, start, max(end, start + 1 / rate), turn)
    frames = [frame for frame in head if isinstance(frame, AudioFrame)]
    first, rate, channels = frames[0].samples, frames[0].sample_rate, frames[0].layout.nb_channels
    tick, last = float(stream.time_base or 0), max(end, start + first / rate)
    return SoundFacts(stream.index, rate, channels, start, last, (first, frames[-1].samples), tick)


def _nothing(container: InputContainer) -> str:
    """Why there is neither sound nor video."""
    kinds = [s for s in container.streams if s.type in ("audio", "video")]
    unknown = [s for s in kinds if s.codec_context is None]
    if unknown:
        return f"is {unknown[0].type} in a coding that FFmpeg cannot decode: convert it to mp4 or wav"
    if kinds:
        return "has no sound or pictures that decode: it is empty, cut off or damaged"
    return "has no sound and no video: give a media file"


def _promised(origin: Origin) -> float:
    """How many times the sound that is there a wav's header promises; 1 where it does not say."""
    with raw(origin) as file:
        size = file.seek(0, os.SEEK_END)
        at = 12  # after "RIFF", its size and "WAVE"
        for _ in range(_MOST_CHUNKS):
            file.seek(at)
            head = file.read(8)
            if len(head) < 8:
                break
            length = int.from_bytes(head[4:], "little")
            if head[:4] == b"data":
                there = size - at - 8
                return length / there if 0 < there < length < _UNKNOWN_SIZE else 1.0
            at += 8 + length + length % 2
    return 1.0


def _note_cut(origin: Origin, declared: float, facts: Facts, tolerance: float) -> None:
    """Say so when less is there than the header promises; refuse when next to nothing is."""
    if declared - facts.end < tolerance:
        return
    there, promised = facts.end - facts.origin, declared - facts.origin
    if there < SHORTEST:
        raise InputError(f"{origin.name} is cut off after {there:.2f} s of {promised:.2f} s: copy or record it again")
    warnings.warn(f"{origin.name} is cut off: {there:.2f} s of {promised:.2f} s are there", stacklevel=5)
