"""Sounds made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def tone() -> Callable[..., np.ndarray]:
    """`tone(hertz, seconds, rate, level)`: a sine, (samples,) float32."""

    def make(hertz: float, seconds: float = 1.0, rate: int = 16_000, level: float = 0.5) -> np.ndarray:
        return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)

    return make


@pytest.fixture
def voice() -> Callable[..., np.ndarray]:
    """`voice(hertz, seconds)`: a buzz with falling harmonics, as vocal folds make it; (samples,) float32 at 16 kHz."""

    def make(hertz: float, seconds: float = 1.0) -> np.ndarray:
        time = np.arange(round(seconds * 16_000)) / 16_000
        partials = range(1, int(7000 / hertz))
        return sum(0.2 / k * np.sin(2 * np.pi * hertz * k * time) for k in partials).astype(np.float32)

    return make


@pytest.fixture
def noise() -> np.ndarray:
    """Ten seconds of white noise at -20 dBFS, 16 kHz."""
    return np.random.default_rng(0).normal(scale=0.1, size=160_000).astype(np.float32)


@pytest.fixture
def recording(data_root: Path) -> Callable[..., np.ndarray]:
    """`recording("kathleen/data/a.opus", 16_000)`: the first sound stream as mono float32."""
    import av

    def load(path: Path | str, rate: int = 16_000) -> np.ndarray:
        with av.open(str(data_root / path)) as container:
            resampler = av.AudioResampler("flt", "mono", rate)
            frames = [*container.decode(audio=0), None]
            return np.concatenate([out.to_ndarray()[0] for frame in frames for out in resampler.resample(frame)])

    return load
