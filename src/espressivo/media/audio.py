"""Sound as a stream: mono float32 blocks of any stretch of a file or an array, at any rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from av.audio.frame import AudioFrame

from espressivo.errors import InputError
from espressivo.media.probe import Facts, SoundFacts
from espressivo.media.resample import stretch
from espressivo.media.seek import frames_from
from espressivo.media.source import Origin

# Decoders need a run-up before what they give is right: an mp3 leans on up to nine frames before, Opus on 80 ms.
_RUN_UP = 0.5
# A stamp off by more than this is a hole (a muted microphone, lost packets); less is rounding or clock drift.
_HOLE = 0.04


@dataclass(frozen=True)
class FileSound:
    """The sound of a file; `duration` in seconds from the clip's zero, which may lie before its first sample."""

    origin: Origin
    facts: Facts

    @property
    def _sound(self) -> SoundFacts:
        assert self.facts.sound is not None
        return self.facts.sound

    @property
    def duration(self) -> float:
        return self._sound.end - self.facts.origin

    @property
    def native_rate(self) -> int:
        return self._sound.rate

    def blocks(self, start: float, end: float, rate: int) -> Iterator[np.ndarray]:
        """Mono float32 blocks in [-1, 1] of `start`…`end` seconds at `rate` Hz; silence where the file has none.

        Raises:
            InputError: the file is gone, has changed, or holds values that are not numbers.
        """
        yield from stretch(self._native, self._sound.rate, start, end, rate)

    def _native(self, begin: int, stop: int) -> Iterator[np.ndarray]:
        """Samples begin…stop at the file's own rate, counted from the clip's zero."""
        return _filled(self._pieces(begin), begin, stop, self._sound.rate)

    def _pieces(self, begin: int) -> Iterator[tuple[int, np.ndarray]]:
        """(position, samples): what the file holds from `begin` or a little earlier on, in order."""
        sound = self._sound
        lead = round((sound.start - self.facts.origin) * sound.rate)
        earliest = self.facts.origin + begin / sound.rate - _RUN_UP
        mixer = _Mixer(sound.rate)
        at, settled = None, False  # where the mixer's first sample lies, and whether that is known exactly
        for frame in frames_from(self.origin, sound.index, earliest, sound.start, self.facts.seekable):
            assert isinstance(frame, AudioFrame)
            expected = lead if at is None else at + mixer.waiting
            place, exact = (expected, False) if frame.time is None else self._place(frame.time, lead)
            hole = abs(place - expected) > _HOLE * sound.rate
            # Settling moves what follows by up to a millisecond: only before what was asked for, not within it.
            moved = at is None or hole or (exact and not settled and place < begin)
            if moved or mixer.waiting >= sound.rate:
                if at is not None and mixer.waiting:
                    yield at, self._checked(mixer.take())
                at = place if moved else expected
            settled |= exact
            mixer.push(frame)
        if at is not None and mixer.waiting:
            yield at, self._checked(mixer.take())

    def _place(self, time: float, lead: int) -> tuple[int, bool]:
        place, exact = self._sound.place(time)
        return lead + place, exact

    def _checked(self, block: np.ndarray) -> np.ndarray:
        if not np.isfinite(block).all():
            raise InputError(f"{self.origin.name} holds sound samples that are not numbers (NaN or infinite)")
        return block


@dataclass(frozen=True, eq=False)
class ArraySound:
    """Mono float32 samples in memory at `rate` Hz."""

    samples: np.ndarray
    rate: int

    @property
    def duration(self) -> float:
        return len(self.samples) / self.rate

    @property
    def native_rate(self) -> int:
        return self.rate

    def blocks(self, start: float, end: float, rate: int) -> Iterator[np.ndarray]:
        """Mono float32 blocks in [-1, 1] of `start`…`end` seconds at `rate` Hz."""
        yield from stretch(self._native, self.rate, start, end, rate)

    def _native(self, begin: int, stop: int) -> Iterator[np.ndarray]:
        whole = ((at, self.samples[at : at + self.rate]) for at in range(begin, len(self.samples), self.rate))
        return _filled(whole, begin, stop, self.rate)


def _filled(pieces: Iterator[tuple[int, np.ndarray]], begin: int, stop: int, second: int) -> Iterator[np.ndarray]:
    """Samples begin…stop out of `pieces`: zeros in holes, the earlier piece wins where two overlap."""
    at = begin
    for place, piece in pieces:
        while at < min(place, stop):
            gap = min(place, stop, at + second) - at
            yield np.zeros(gap, np.float32)
            at += gap
        fresh = piece[max(0, at - place) : max(0, stop - place)]
        if len(fresh):
            yield fresh
            at += len(fresh)
        if at >= stop:
            return
    while at < stop:
        gap = min(second, stop - at)
        yield np.zeros(gap, np.float32)
        at += gap


class _Mixer:
    """Gathers decoded frames and gives them back as one mono float32 block.

    Mixing a second at a time instead of a frame at a time keeps Python out of the inner loop. FFmpeg's own mix to mono
    is 3 dB too loud for stereo in floating point and so clips; `rematrix_maxval` makes the weights sum to 1.
    """

    def __init__(self, rate: int) -> None:
        self.waiting = 0  # samples that `take` will give
        self._rate = rate
        self._mixed: list[np.ndarray] = []
        self._kind: tuple[str, str, int] | None = None
        self._fifo = av.AudioFifo()
        self._resampler = av.AudioResampler()

    def push(self, frame: AudioFrame) -> None:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            self._mix()
            self._fifo, self._kind = av.AudioFifo(), kind
            self._resampler = av.AudioResampler("fltp", "mono", self._rate, options={"rematrix_maxval": "1.0"})
        frame.pts = None  # the fifo would insist on its own count; places are kept by the caller
        self._fifo.write(frame)
        self.waiting += frame.samples * self._rate // frame.sample_rate

    def take(self) -> np.ndarray:
        self._mix()
        block = np.concatenate(self._mixed) if self._mixed else np.zeros(0, np.float32)
        self._mixed, self.waiting = [], 0
        return block

    def _mix(self) -> None:
        gathered = self._fifo.read()
        if gathered is not None:
            self._mixed += [mixed.to_ndarray()[0] for mixed in self._resampler.resample(gathered)]
