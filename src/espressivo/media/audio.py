"""Sound as a stream: mono float32 blocks of any stretch of a file or an array, at any rate.

Stereo is mixed as the mean of both channels, unless they cancel each other (one is wired the wrong way round): then
the louder channel is taken alone. That is decided once for a whole file, on its first two seconds that are not
silence, so that any stretch of it equals the slice of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import av
import numpy as np
from av.audio.frame import AudioFrame

from espressivo.errors import InputError
from espressivo.media.packets import Frame
from espressivo.media.probe import Facts, SoundFacts
from espressivo.media.resample import stretch
from espressivo.media.seek import frames_from
from espressivo.media.source import Origin

# Decoders need a run-up before what they give is right: an mp3 leans on up to nine frames before, Opus on 80 ms.
_RUN_UP = 0.5
# A stamp off by more than this is a hole (a muted microphone, lost packets); less is rounding or clock drift.
_HOLE = 0.04
# A mix with less than this share of its channels' energy has cancelled.
_CANCELLED = 0.01
_DECIDING = 2.0  # seconds of sound
_SILENCE = 1e-6  # mean square: -60 dB


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
        mixer = _Mixer(sound.rate, self._channel)
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

    @cached_property
    def _channel(self) -> int | None:
        """The only channel to listen to, if the two would cancel; silence at the beginning is read over for it."""
        sound = self._sound
        if sound.channels != 2:
            return None
        frames = frames_from(self.origin, sound.index, sound.start, sound.start, self.facts.seekable)
        return telling_channel(_pairs(frames), sound.rate)

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


def telling_channel(pairs: Iterable[np.ndarray], rate: int) -> int | None:
    """The louder of two channels if their mean is next to nothing, else None.

    Args:
        pairs: pieces of sound in order, each float (2, samples), short enough to be sound or silence as a whole.
        rate: samples a second.
    """
    heard, energy, mixed = 0, np.zeros(2), 0.0
    with np.errstate(all="ignore"):  # samples that are not numbers are refused elsewhere
        for pair in pairs:
            power = np.square(pair, dtype=np.float64).sum(axis=1)
            if power.max() <= _SILENCE * pair.shape[1]:
                continue
            heard, energy = heard + pair.shape[1], energy + power
            mixed += float(np.square(pair.mean(axis=0, dtype=np.float64)).sum())
            if heard >= _DECIDING * rate:
                break
        if not mixed < _CANCELLED * energy.mean():
            return None
        return int(energy[1] > 1.01 * energy[0])  # of two alike the first, however they were rounded


def _pairs(frames: Iterable[Frame]) -> Iterator[np.ndarray]:
    """The two channels of each frame that has two: float32 (2, samples)."""
    resampler, kind = av.AudioResampler("fltp"), None
    for frame in frames:
        if not isinstance(frame, AudioFrame) or frame.layout.nb_channels != 2:
            continue
        if kind != _kind(frame):
            resampler, kind = av.AudioResampler("fltp"), _kind(frame)
        frame.pts = None
        for piece in resampler.resample(frame):
            yield piece.to_ndarray()


def _kind(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


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
    Of two channels, `only` one of them is given if it is named.
    """

    def __init__(self, rate: int, only: int | None = None) -> None:
        self.waiting = 0  # samples that `take` will give
        self._rate, self._only, self._row = rate, only, 0
        self._mixed: list[np.ndarray] = []
        self._kind: tuple[str, str, int] | None = None
        self._fifo = av.AudioFifo()
        self._resampler = av.AudioResampler()

    def push(self, frame: AudioFrame) -> None:
        kind = _kind(frame)
        if kind != self._kind:
            self._mix()
            self._fifo, self._kind = av.AudioFifo(), kind
            alone = self._only is not None and frame.layout.nb_channels == 2
            self._row = (self._only or 0) if alone else 0
            layout = frame.layout if alone else "mono"
            self._resampler = av.AudioResampler("fltp", layout, self._rate, options={"rematrix_maxval": "1.0"})
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
            self._mixed += [mixed.to_ndarray()[self._row] for mixed in self._resampler.resample(gathered)]
