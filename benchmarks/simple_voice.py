"""The simple baseline of voice_emotion.py: an utterance as statistics of MFCC, F0, level and WakeHuBERT's units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from espressivo.assets import fetch
from espressivo.clip import SPEECH_RATE, Clip
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
class SimpleFeature:
    """For the feature cache: `simple`, (SIMPLE,) float32; WAKEHUBERT of them are that encoder's."""

    name: str = "simple-voice-1"

    def __call__(self, clip: Clip) -> dict[str, np.ndarray] | None:
        if clip.sound is None:
            return None
        samples = clip.sound.at(SPEECH_RATE).samples
        found = pool(*_frames(samples)) if len(samples) else None
        return None if found is None else {"simple": found}


@lru_cache(maxsize=1)
def _models() -> tuple[MelSpectrogram, PitchTracker, InferenceSession]:
    return MelSpectrogram(MEL), PitchTracker(lowest=60, highest=600), open_session(fetch("wakehubert-tiny"), threads=1)


def _frames(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cepstra (frames, 20), level (frames,), semitones (frames,), units (frames, 128), every HOP seconds."""
    spectrogram, tracker, session = _models()
    wave = checked_wave(samples, SPEECH_RATE, task="reading a voice")
    wave = np.pad(wave, (0, max(0, round(SHORTEST * SPEECH_RATE) - len(wave))))
    wave = wave * np.float32(0.5 / max(SILENT_PEAK, np.abs(wave).max()))
    mel = spectrogram(torch.from_numpy(wave)[None])[0].numpy()
    times, pitch = np.arange(len(mel)) * HOP, tracker(wave)
    lagged = np.pad(wave, (0, round(HUBERT_LAG * SPEECH_RATE)))
    units = session.run(None, {"waveform": lagged[None]})[0][0]
    return (
        cepstra(mel),
        10 * np.log10(np.exp(mel).sum(axis=1)),
        pitch.semitones(LOW_VOICE)[_nearest(times, pitch.times)],
        units[_nearest(times + HUBERT_LAG, (np.arange(len(units)) + 0.5) * 0.02)],
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


def pool(cepstra: np.ndarray, level: np.ndarray, semitones: np.ndarray, units: np.ndarray) -> np.ndarray | None:
    """One vector (SIMPLE,) for an utterance, or None where too little of it is voiced to say anything.

    Only frames that are not silence count: means and deviations of MFCCs, their change and WakeHuBERT's units; the
    spread of the level; height, spread and movement of the pitch, and how much of the speech is voiced.
    """
    active = level > level.max(initial=-np.inf) - ACTIVE_DECIBEL
    voiced = semitones[active & ~np.isnan(semitones)]
    if len(voiced) * HOP < SHORTEST_VOICED:
        return None
    change = np.gradient(cepstra, axis=0)[active]
    movement = np.abs(np.diff(semitones))
    movement = movement[~np.isnan(movement)]
    pitch = [*np.percentile(voiced, (10, 50, 90)), voiced.mean(), voiced.std(), movement.mean() if len(movement) else 0]
    loud = level[active]
    rest = [loud.std(), *(np.percentile(loud, (10, 50, 90)) - loud.max()), len(voiced) / active.sum()]
    parts = [(f.mean(axis=0), f.std(axis=0)) for f in (cepstra[active], units[active])]
    return np.concatenate([*parts[0], change.std(axis=0), *parts[1], pitch, rest]).astype(np.float32)


WAKEHUBERT = slice(3 * CEPSTRA, 3 * CEPSTRA + 2 * UNITS)
SIMPLE = WAKEHUBERT.stop + 11
