"""What a voice does, as numbers: an utterance pooled into one vector, the same for one second or for ten.

Everything is relative to the utterance's own level: the loudness a microphone was set to says nothing about feeling.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from espressivo.assets import fetch
from espressivo.clip import SPEECH_RATE
from espressivo.signal.mel import MelConfig, MelSpectrogram
from espressivo.signal.pitch import PitchTracker
from espressivo.signal.wave import SILENT_PEAK, checked_wave
from espressivo.signal.weights import open_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

HOP = 0.01  # seconds between the frames of everything pooled here
CEPSTRA = 20
MEL = MelConfig(
    rate=SPEECH_RATE, n_fft=512, hop=160, window=400, n_mels=40, fmin=50, fmax=7600, centred=True, power=2, floor=1e-8
)
HUBERT_LAG = 0.1  # WakeHuBERT is causal: what it says of a moment comes this much later
ACTIVE_DECIBEL = 35.0  # frames this far below the loudest are taken for silence
SHORTEST = 0.3  # seconds; less is padded with silence
SHORTEST_VOICED = 0.2  # seconds
UNITS = 128
LOW_VOICE = 50.0  # Hz, the foot of the pitch scale in semitones


@dataclass(frozen=True)
class Frames:
    """An utterance every HOP seconds; all arrays have the same number of rows.

    Shapes: `cepstra` (frames, 20), `level` (frames,) in dB, `semitones` (frames,) above 50 Hz and NaN where unvoiced,
    `units` (frames, 128).
    """

    cepstra: np.ndarray
    level: np.ndarray
    semitones: np.ndarray
    units: np.ndarray

    def __len__(self) -> int:
        return len(self.level)

    def window(self, start: float, end: float) -> Frames:
        stretch = slice(round(start / HOP), round(end / HOP))
        return Frames(*(a[stretch] for a in (self.cepstra, self.level, self.semitones, self.units)))


class VoiceFeatures:
    """Computes Frames; the models behind it load on first use."""

    def __init__(self) -> None:
        self._mel = MelSpectrogram(MEL)
        self._pitch = PitchTracker(lowest=60, highest=600)

    @cached_property
    def _units(self) -> InferenceSession:
        return open_session(fetch("wakehubert-tiny"))

    def __call__(self, samples: np.ndarray) -> Frames:
        """The frames of `samples`, shape (samples,), float, 16 kHz.

        Raises:
            InputError: not mono, empty, or not finite.
        """
        wave = checked_wave(samples, SPEECH_RATE, task="reading a voice")
        wave = np.pad(wave, (0, max(0, round(SHORTEST * SPEECH_RATE) - len(wave))))
        wave = wave * np.float32(0.5 / max(SILENT_PEAK, np.abs(wave).max()))
        mel = self._mel(torch.from_numpy(wave)[None])[0].numpy()
        times = np.arange(len(mel)) * HOP
        pitch = self._pitch(wave)
        lagged = np.pad(wave, (0, round(HUBERT_LAG * SPEECH_RATE)))
        units = self._units.run(None, {"waveform": lagged[None]})[0][0]
        return Frames(
            cepstra=cepstra(mel),
            level=10 * np.log10(np.exp(mel).sum(axis=1)),
            semitones=pitch.semitones(LOW_VOICE)[_nearest(times, pitch.times)],
            units=units[_nearest(times + HUBERT_LAG, (np.arange(len(units)) + 0.5) * 0.02)],
        )


def _nearest(times: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """For each of `times` the index of the nearest point of an even `grid`."""
    step = grid[1] - grid[0] if len(grid) > 1 else 1.0
    return np.clip(np.round((times - grid[0]) / step).astype(int), 0, len(grid) - 1)


def cepstra(mel: np.ndarray) -> np.ndarray:
    """MFCCs 1…20 of log-mel frames: the zeroth, which is the level, is left out."""
    k, n = np.arange(1, CEPSTRA + 1)[:, None], np.arange(MEL.n_mels)
    basis = np.cos(np.pi * k * (n + 0.5) / MEL.n_mels) * np.sqrt(2 / MEL.n_mels)
    return (mel @ basis.T).astype(np.float32)


def pool(frames: Frames) -> np.ndarray | None:
    """One vector (POOLED,) for an utterance, or None where too little of it is voiced to say anything.

    Only frames that are not silence count. Means and deviations of MFCCs, their change and WakeHuBERT's units;
    the spread of the level; height, spread and movement of the pitch, and how much of the speech is voiced.
    """
    active = frames.level > frames.level.max(initial=-np.inf) - ACTIVE_DECIBEL
    semitones = frames.semitones[active]
    voiced = semitones[~np.isnan(semitones)]
    if len(voiced) * HOP < SHORTEST_VOICED:
        return None
    change = np.gradient(frames.cepstra, axis=0)[active]
    movement = np.diff(frames.semitones)
    movement = np.abs(movement[~np.isnan(movement)])
    pitch = [*np.percentile(voiced, (10, 50, 90)), voiced.mean(), voiced.std(), movement.mean() if len(movement) else 0]
    level = frames.level[active]
    rest = [level.std(), *(np.percentile(level, (10, 50, 90)) - level.max()), len(voiced) / len(semitones)]
    parts = [(f.mean(axis=0), f.std(axis=0)) for f in (frames.cepstra[active], frames.units[active])]
    return np.concatenate([*parts[0], change.std(axis=0), *parts[1], pitch, rest]).astype(np.float32)


POOLED = 3 * CEPSTRA + 2 * UNITS + 11
