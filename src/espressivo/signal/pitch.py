"""The melody of speech: fundamental frequency, frame by frame.

SwiftF0 does the tracking (its package brings a small ONNX model, so nothing is fetched); what is here is the value that
the rest of the house passes on, and the steps between its frames and other clocks such as 12.5 or 25 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from espressivo.clip import SPEECH_RATE
from espressivo.errors import ConfigError, InputError
from espressivo.signal.wave import checked_wave

if TYPE_CHECKING:
    from swift_f0 import SwiftF0

SPEECH_LOWEST = 50.0
SPEECH_HIGHEST = 700.0


@dataclass(frozen=True, eq=False)
class Pitch:
    """Fundamental frequency over time.

    Attributes:
        hz: (frames,) float32, 0 where unvoiced.
        voiced: (frames,) bool.
        confidence: (frames,) float32, how sure the tracker is that the frame is voiced, 0 to 1.
        rate: frames a second.
        duration: seconds of the sound that was tracked.
        offset: where the first frame's centre lies, in frames: 0 at the very start, 0.5 half a frame in.
    """

    hz: np.ndarray
    voiced: np.ndarray
    confidence: np.ndarray
    rate: float
    duration: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not self.hz.shape == self.voiced.shape == self.confidence.shape or self.hz.ndim != 1:
            shapes = (self.hz.shape, self.voiced.shape, self.confidence.shape)
            raise InputError(f"a pitch needs hz, voiced and confidence of one shape (frames,), got {shapes}")

    def __len__(self) -> int:
        return len(self.hz)

    @property
    def times(self) -> np.ndarray:
        """The centre of each frame in seconds, (frames,) float64."""
        return (np.arange(len(self)) + self.offset) / self.rate

    @property
    def log_f0(self) -> np.ndarray:
        """Natural logarithm of hz, (frames,) float32; NaN where unvoiced, so that it cannot be averaged by accident."""
        with np.errstate(divide="ignore"):
            return np.where(self.voiced, np.log(self.hz), np.nan).astype(np.float32)

    @property
    def median(self) -> float:
        """The middle voiced frequency in Hz; 0 when nothing is voiced."""
        return float(np.median(self.hz[self.voiced])) if self.voiced.any() else 0.0

    def semitones(self, reference: float | None = None) -> np.ndarray:
        """Semitones above `reference` Hz (by default the pitch's own median), (frames,) float32; NaN where unvoiced.

        Raises:
            ConfigError: the reference is not a positive frequency.
        """
        if reference is None:
            reference = self.median or 1.0
        if not 0 < reference < np.inf:
            raise ConfigError(f"semitones need a reference above 0 Hz, got {reference}")
        return to_semitones(self.hz, reference)

    def filled(self) -> np.ndarray:
        """log_f0 carried through unvoiced frames on straight lines, (frames,) float32; all NaN if nothing is voiced."""
        if not self.voiced.any():
            return self.log_f0
        frames = np.arange(len(self))
        return np.interp(frames, frames[self.voiced], np.log(self.hz[self.voiced])).astype(np.float32)

    def at(self, rate: float, frames: int | None = None) -> Pitch:
        """The same melody on another clock, whose frame i covers i/rate to (i+1)/rate seconds.

        Slower clocks take the mean log frequency of the voiced frames that fall inside, and call the frame voiced when
        at least half of them are; unvoiced frames never pull the mean. Faster clocks draw straight lines between voiced
        neighbours and keep each gap where it was.

        Args:
            rate: frames a second, e.g. 12.5.
            frames: how many, to match another feature exactly; by default what the duration gives.

        Raises:
            ConfigError: the rate is not positive.
        """
        if not 0 < rate < np.inf:
            raise ConfigError(f"a frame rate must be above 0 Hz, got {rate}")
        count = max(1, round(self.duration * rate)) if frames is None else frames
        hz, voiced, confidence = (self._binned if rate <= self.rate else self._interpolated)(rate, count)
        return Pitch(np.where(voiced, hz, 0).astype(np.float32), voiced, confidence, rate, self.duration, offset=0.5)

    def _nearest(self, rate: float, count: int) -> np.ndarray:
        centres = (np.arange(count) + 0.5) / rate
        return np.clip(np.round(centres * self.rate - self.offset), 0, len(self) - 1).astype(int)

    def _binned(self, rate: float, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        bins = np.floor(self.times * rate + 1e-9).astype(int)
        inside = bins < count
        bins, voiced, hz, sure = bins[inside], self.voiced[inside], self.hz[inside], self.confidence[inside]
        total = np.bincount(bins, minlength=count)
        sounding = np.bincount(bins, voiced, minlength=count)
        logs = np.bincount(bins, np.log(np.where(voiced, hz, 1.0)), minlength=count)
        mean = np.exp(logs / np.maximum(sounding, 1))
        confidence = np.bincount(bins, sure, minlength=count) / np.maximum(total, 1)
        # A clock that runs past the last tracked frame finds nothing there: take the nearest one.
        near, empty = self._nearest(rate, count), total == 0
        hz = np.where(empty, self.hz[near], mean)
        voiced = np.where(empty, self.voiced[near], (2 * sounding >= total) & (sounding > 0))
        return hz, voiced, np.where(empty, self.confidence[near], confidence).astype(np.float32)

    def _interpolated(self, rate: float, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        centres = (np.arange(count) + 0.5) / rate
        hz = np.exp(np.interp(centres, self.times, self.filled()))
        confidence = np.interp(centres, self.times, self.confidence)
        return hz, self.voiced[self._nearest(rate, count)], confidence.astype(np.float32)

    def __str__(self) -> str:
        voiced = f"{self.voiced.mean():.0%} voiced, median {self.median:.0f} Hz"
        return f"pitch: {len(self)} frames at {self.rate:g}/s, {voiced}"


class PitchTracker:
    """Tracks the fundamental frequency of speech at 16 kHz, 62.5 frames a second.

    Source: SwiftF0 (Nieradzik, arXiv 2508.18440), through its own package.

    Args:
        lowest, highest: the band in Hz in which pitch is looked for.
        threshold: confidence from which a frame counts as voiced.
        threads: of its onnxruntime session; the model is so small that one is enough.
    """

    rate = SPEECH_RATE
    frame_rate = 62.5

    def __init__(
        self,
        lowest: float = SPEECH_LOWEST,
        highest: float = SPEECH_HIGHEST,
        threshold: float = 0.5,
        threads: int = 1,
    ) -> None:
        if not 0 < lowest < highest:
            raise ConfigError(f"the pitch band must rise from a positive frequency, got {lowest} to {highest} Hz")
        self.lowest, self.highest, self.threshold, self.threads = lowest, highest, threshold, threads

    @cached_property
    def _model(self) -> SwiftF0:
        from swift_f0 import SwiftF0

        return SwiftF0(threads=self.threads, spin=False)

    def __call__(self, samples: np.ndarray) -> Pitch:
        """The pitch of `samples`, (samples,) float in [-1, 1] at 16 kHz. Silence and noise give unvoiced frames.

        Raises:
            InputError: not mono, shorter than 16 ms, or not finite.
        """
        wave = checked_wave(samples, self.rate, shortest=1 / self.frame_rate, task="pitch tracking")
        found = self._model.detect(wave, self.rate, self.lowest, self.highest)
        voiced = found.confidence >= self.threshold
        hz = np.where(voiced, found.pitch_hz, 0).astype(np.float32)
        return Pitch(hz, voiced, found.confidence.astype(np.float32), self.frame_rate, len(wave) / self.rate)


def to_semitones(hz: np.ndarray, reference: float) -> np.ndarray:
    """Semitones of `hz` above `reference`, float32 of the same shape; NaN where hz is 0."""
    with np.errstate(divide="ignore"):
        return np.where(hz > 0, 12 * np.log2(hz / reference), np.nan).astype(np.float32)


def from_semitones(semitones: np.ndarray, reference: float) -> np.ndarray:
    """The frequency in Hz of `semitones` above `reference`, float32 of the same shape; 0 where NaN."""
    return np.nan_to_num(reference * 2.0 ** (np.asarray(semitones) / 12), nan=0.0).astype(np.float32)
