"""What a voice does, as numbers: an utterance pooled into one vector, the same for one second or for ten.

Everything is relative to the utterance's own level: the loudness a microphone was set to says nothing about feeling.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from espressivo.assets import fetch
from espressivo.clip import SPEECH_RATE

if TYPE_CHECKING:
    import onnxruntime
    from swift_f0 import SwiftF0

HOP = 0.01  # seconds between the frames of everything pooled here
MELS, CEPSTRA = 40, 20
HUBERT_LAG = 0.1  # WakeHuBERT is causal: what it says of a moment comes this much later
ACTIVE_DECIBEL = 35.0  # frames this far below the loudest are taken for silence
SHORTEST = 0.3  # seconds


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

    @cached_property
    def _pitch(self) -> SwiftF0:
        from swift_f0 import SwiftF0

        return SwiftF0(spin=False)

    @cached_property
    def _hubert(self) -> onnxruntime.InferenceSession:
        import onnxruntime

        return onnxruntime.InferenceSession(fetch("wakehubert-tiny"), providers=["CPUExecutionProvider"])

    def frames(self, samples: np.ndarray) -> Frames:
        """The frames of `samples`, shape (samples,), float32, 16 kHz; at least one frame."""
        samples = np.pad(samples, (0, max(0, round(SHORTEST * SPEECH_RATE) - len(samples)))).astype(np.float32)
        samples = samples * (0.5 / max(1e-4, float(np.abs(samples).max())))
        mel = log_mel(samples)
        times = np.arange(len(mel)) * HOP
        pitch = self._pitch.detect(samples, SPEECH_RATE, fmin=60, fmax=600)
        semitones = np.where(pitch.confidence >= 0.5, 12 * np.log2(np.maximum(pitch.pitch_hz, 1) / 50), np.nan)
        lagged = np.pad(samples, (0, round(HUBERT_LAG * SPEECH_RATE)))
        units = self._hubert.run(None, {"waveform": lagged[None]})[0][0]
        return Frames(
            cepstra=cepstra(mel),
            level=10 * np.log10(np.exp(mel).sum(axis=1)),
            semitones=semitones[_nearest(times, pitch.timestamps)],
            units=units[_nearest(times + HUBERT_LAG, (np.arange(len(units)) + 0.5) * 0.02)],
        )


def _nearest(times: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """For each of `times` the index of the nearest point of an even `grid`."""
    step = grid[1] - grid[0] if len(grid) > 1 else 1.0
    return np.clip(np.round((times - grid[0]) / step).astype(int), 0, len(grid) - 1)


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Natural-log mel power, shape (frames, 40): windows of 25 ms every 10 ms, 50–7600 Hz."""
    import torch

    spectrum = torch.stft(
        torch.from_numpy(samples), 512, round(HOP * SPEECH_RATE), 400, torch.hann_window(400), return_complex=True
    )
    power = spectrum.abs().square().T.numpy()
    return np.log(power @ _filters() + 1e-8)


def _filters() -> np.ndarray:
    """Triangles even on the mel scale (HTK's), shape (257, 40)."""
    mels = np.linspace(*(2595 * np.log10(1 + f / 700) for f in (50.0, 7600.0)), MELS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = np.linspace(0, SPEECH_RATE / 2, 257)[:, None]
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def cepstra(mel: np.ndarray) -> np.ndarray:
    """MFCCs 1…20 of log-mel frames: the zeroth, which is the level, is left out."""
    k, n = np.arange(1, CEPSTRA + 1)[:, None], np.arange(MELS)
    basis = np.cos(np.pi * k * (n + 0.5) / MELS) * np.sqrt(2 / MELS)
    return (mel @ basis.T).astype(np.float32)
