"""Synthetic media for tests, cheap and seeded: nobody real is in them.

`speechlike` is taken for speech by voice activity detectors; `face_frames` hold a face that MediaPipe finds.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np

TALKING_FACE = Path(__file__).resolve().parents[1] / "examples" / "talking_face.mp4"

# Three formants, in Hz, of a few vowels of a grown-up.
_VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
_WIDTHS = np.array([80.0, 110.0, 160.0])
_SYLLABLES = 4.0  # a second


def tone(seconds: float, rate: int = 16_000, hz: float = 220.0, level: float = 0.3) -> np.ndarray:
    """A sine, float32 (samples,)."""
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def speechlike(seconds: float, rate: int = 16_000, seed: int = 0, level: float = 0.3) -> np.ndarray:
    """Babble, float32 (samples,): a voice of 110–160 Hz gliding through vowels, with hisses between syllables."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    beats = int(np.ceil(seconds * _SYLLABLES)) + 2
    # The formants glide from vowel to vowel; the voice swells in each syllable and almost stops between two.
    at = np.arange(beats) / _SYLLABLES
    vowels = np.array(_VOWELS)[random.integers(len(_VOWELS), size=beats)]
    formants = np.stack([np.interp(time, at, vowels[:, i]) for i in range(3)])
    pitch = np.interp(time, at, random.uniform(110, 160, beats)) * (1 + 0.02 * np.sin(2 * np.pi * 5 * time))
    swell = np.sin(np.pi * ((time * _SYLLABLES) % 1)) ** 0.7
    voice, phase = np.zeros(len(time)), 2 * np.pi * np.cumsum(pitch) / rate
    for harmonic in range(1, int(min(4_000, rate / 2 - 200) / 160)):
        hz = harmonic * pitch
        gain = (1 / (1 + ((hz - formants) / _WIDTHS[:, None]) ** 2) * np.array([[1.0], [0.5], [0.25]])).sum(0)
        voice += (gain + 0.02) / harmonic**0.3 * np.sin(harmonic * phase)
    hiss = np.diff(random.standard_normal(len(time)), prepend=0.0) * (1 - swell) ** 3 * 0.15
    sound = voice * swell + hiss
    return (level * sound / max(float(np.abs(sound).max()), 1e-9)).astype(np.float32)


def face_frames(count: int = 5, size: int = 192, sway: float = 0.0) -> list[np.ndarray]:
    """Pictures of the example's made-up person, uint8 (size, size, 3) RGB; `sway` moves her that share of the side."""
    import cv2

    face = cv2.resize(_first_frame(), (size, size), interpolation=cv2.INTER_AREA)
    frames = []
    for n in range(count):
        across = sway * size * np.sin(2 * np.pi * n / max(count, 1))
        move = np.array([[1, 0, across], [0, 1, 0.3 * across]], np.float32)
        frames.append(cv2.warpAffine(face, move, (size, size), borderMode=cv2.BORDER_REPLICATE))
    return frames


@cache
def _first_frame() -> np.ndarray:
    import av

    with av.open(str(TALKING_FACE)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def write_clip(
    path: str | os.PathLike[str],
    seconds: float = 1.0,
    *,
    face: bool = True,
    speech: bool = True,
    size: int = 192,
    fps: float = 25.0,
    rate: int = 16_000,
) -> Path:
    """A tiny video at `path`: her face, or a grey that drifts; babble, or no sound at all."""
    from espressivo.media.encode import write_video

    count = max(1, round(seconds * fps))
    grey = [np.full((size, size, 3), 90 + n % 60, np.uint8) for n in range(count)]
    pictures = face_frames(count, size, sway=0.02) if face else grey
    sound = speechlike(seconds, rate) if speech else None
    write_video(path, pictures, fps, sound, rate if speech else None)
    return Path(path)
