"""Pictures as a stream: one RGB picture for each tick of the clock asked for, out of a file or an array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from espressivo.errors import InputError
from espressivo.media.probe import Facts, PictureFacts, Turn
from espressivo.media.seek import frames_from
from espressivo.media.source import Origin

# Containers that keep milliseconds round a time up by half of one; a tick that falls into that belongs to the frame.
_ROUNDING = 0.001


@dataclass(frozen=True)
class FileFrames:
    """The pictures of a file, upright; `duration` in seconds from the clip's zero."""

    origin: Origin
    facts: Facts

    @property
    def _pictures(self) -> PictureFacts:
        assert self.facts.pictures is not None
        return self.facts.pictures

    @property
    def duration(self) -> float:
        return self._pictures.end - self.facts.origin

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) as shown: rotation and non-square pixels are taken into account."""
        return self._pictures.size

    @property
    def native_fps(self) -> float:
        return self._pictures.fps

    def frames(self, start: float, end: float, fps: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
        """One uint8 (height, width, 3) RGB picture of `size` (width, height) at each tick `start + n / fps`.

        A tick shows the latest frame at or before it, as a player would; before the first frame, the first.

        Raises:
            InputError: the file is gone, has changed, or nothing in it decodes any more.
        """
        ticks = [start + n / fps for n in range(max(1, round((end - start) * fps)))]
        yield from _ticked(self._shots(start), ticks, _Painter(size, self._pictures.turn), self.origin.name)

    def _shots(self, start: float) -> Iterator[tuple[float, VideoFrame]]:
        """(time from the clip's zero, frame) from the frame shown at `start` on, times rising."""
        pictures, last = self._pictures, -np.inf
        start += self.facts.origin
        for frame in frames_from(self.origin, pictures.index, start, pictures.start, self.facts.seekable):
            assert isinstance(frame, VideoFrame)
            if frame.time is not None:
                time = frame.time - self.facts.origin
            else:  # an elementary stream without stamps: count
                time = max(last, pictures.start - self.facts.origin - 1 / pictures.fps) + 1 / pictures.fps
            if time > last:
                last = time
                yield time, frame


@dataclass(frozen=True, eq=False)
class ArrayFrames:
    """Pictures in memory: uint8 (frames, height, width, 3) at `fps` a second."""

    pictures: np.ndarray
    native_fps: float

    @property
    def duration(self) -> float:
        return len(self.pictures) / self.native_fps

    @property
    def size(self) -> tuple[int, int]:
        return self.pictures.shape[2], self.pictures.shape[1]

    def frames(self, start: float, end: float, fps: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
        """One uint8 (height, width, 3) RGB picture of `size` (width, height) at each tick `start + n / fps`."""
        painter = _Painter(size, Turn())
        for n in range(max(1, round((end - start) * fps))):
            index = int((start + n / fps + _ROUNDING) * self.native_fps)
            picture = self.pictures[min(index, len(self.pictures) - 1)]
            if size == self.size:
                yield picture.copy()
            else:
                yield painter(VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24"))


def _ticked(
    shots: Iterator[tuple[float, VideoFrame]], ticks: list[float], painter: _Painter, name: str
) -> Iterator[np.ndarray]:
    """The picture shown at each tick; a frame that no tick shows is never converted."""
    first = next(shots, None)
    if first is None:
        raise InputError(f"{name} has no pictures that decode any more: it may have changed while it was read")
    shown, picture, following = first[1], None, next(shots, None)
    for tick in ticks:
        while following is not None and following[0] <= tick + _ROUNDING:
            shown, picture, following = following[1], None, next(shots, None)
        picture = painter(shown) if picture is None else picture.copy()
        yield picture


class _Painter:
    """Turns decoded frames into upright RGB pictures of one size.

    swscale converts colours and scales in one pass, before the picture is turned: a 4K frame that is wanted small
    never exists as 4K RGB.
    """

    def __init__(self, size: tuple[int, int], turn: Turn) -> None:
        self._size = size[::-1] if turn.transpose else size
        self._turn = turn
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        width, height = self._size
        # Averaging areas keeps fine detail from turning into noise when much is scaled away; bilinear is faster.
        shrinks = frame.width >= 2 * width
        how = Interpolation.AREA if shrinks else Interpolation.BILINEAR
        rgb = self._reformatter.reformat(frame, width, height, "rgb24", interpolation=how)
        picture = rgb.to_ndarray()
        if self._turn.transpose:
            picture = picture.transpose(1, 0, 2)
        if self._turn.mirror:
            picture = picture[:, ::-1]
        if self._turn.flip:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)
