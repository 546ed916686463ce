"""How a voice feels: a small classifier on the statistics of an utterance, and of windows of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from espressivo.assets.shipped import beside
from espressivo.emotion import EmotionScores
from espressivo.errors import AssetError, ConfigError
from espressivo.systems.cascade.features import HOP, Frames, VoiceFeatures, pool
from espressivo.systems.cascade.model import VoiceNet
from espressivo.systems.feeling import Feeling

WINDOW, STEP = 1.5, 0.5  # seconds, of the curve over time
CHECKPOINTS = {"permissive": "cascade-voice", "any": "cascade-voice-nc"}


class VoiceReader:
    """Reads a feeling off a voice; the models load on first use.

    Args:
        licence: "permissive" for weights that may be used commercially, "any" for better ones under CC BY-NC-SA 4.0.
        folder: weights of your own, as `train` writes them; then `licence` is not looked at.

    Raises:
        ConfigError: `licence` is neither.
    """

    def __init__(self, licence: str = "any", folder: Path | None = None) -> None:
        if licence not in CHECKPOINTS:
            raise ConfigError(f"unknown licence {licence!r}: choose one of {', '.join(CHECKPOINTS)}")
        self.folder = folder
        self.licence = licence
        self._features = VoiceFeatures()

    @cached_property
    def _net(self) -> VoiceNet:
        return VoiceNet.load(self.folder or checkpoint(CHECKPOINTS[self.licence]))

    def __call__(self, samples: np.ndarray) -> Feeling | None:
        """The feeling in `samples`, shape (samples,), float, 16 kHz; None where hardly anything is voiced.

        Raises:
            InputError: not mono, empty, or not finite.
        """
        frames = self._features(samples)
        whole = pool(frames)
        if whole is None:
            return None
        times, windows = _windows(frames)
        curve = self.probabilities(np.stack([whole, *windows]))
        names = self._net.config.emotions
        mean = dict(zip(names, curve[0].tolist(), strict=True))
        return Feeling(EmotionScores(mean), names, times, curve[1:])

    def probabilities(self, pooled: np.ndarray) -> np.ndarray:
        """Of the network's emotions, shape (utterances, emotions), from vectors that `pool` gave."""
        with torch.inference_mode():
            return self._net(torch.from_numpy(pooled)).softmax(dim=1).numpy()


def _windows(frames: Frames) -> tuple[np.ndarray, list[np.ndarray]]:
    """The middle of each window in which there is voice, and the window's vector. A short utterance is one window."""
    duration = len(frames) * HOP
    starts = np.arange(0, max(duration - WINDOW, 0) + 1e-6, STEP)
    pooled = [(min(s + WINDOW, duration) + s, pool(frames.window(s, s + WINDOW))) for s in starts.tolist()]
    kept = [(total / 2, vector) for total, vector in pooled if vector is not None]
    return np.array([middle for middle, _ in kept]), [vector for _, vector in kept]


def checkpoint(name: str) -> Path:
    """The folder of a checkpoint that ships with espressivo: inside an installed package, or beside its sources.

    Raises:
        AssetError: it is in neither place.
    """
    folder = beside(f"checkpoints/{name}")
    if folder.is_dir():
        return folder
    raise AssetError(f"the checkpoint {name} is missing from this installation: install espressivo again")
