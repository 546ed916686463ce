"""Sound to units, and to the tokens that a language model reads."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from espressivo.assets.shipped import beside
from espressivo.errors import ConfigError
from espressivo.signal.pitch import PitchTracker
from espressivo.signal.tokens import UNIT_RATE, PitchScale, SpeechTokens, pitch_tokens
from espressivo.systems.speech_units.frames import UnitFeature
from espressivo.systems.speech_units.model import UnitNet


class SpeechUnits:
    """Hears what is said as a row of units, 25 a second; the weights load on first use.

    Attributes:
        rate: units a second.
        count: how many different ones there are.

    Raises:
        ConfigError: no codebook of that size.
        AssetError: the weights are missing or damaged.
    """

    rate = UNIT_RATE

    def __init__(self, folder: Path, count: int | None = None, scale: PitchScale | None = None) -> None:
        self._net = UnitNet.load(folder)
        config = self._net.config
        self.count = config.counts[0] if count is None else count
        if self.count not in config.counts:
            sizes = ", ".join(map(str, config.counts))
            raise ConfigError(f"{config.name} has no codebook of {self.count} units: choose one of {sizes}")
        self.lag, self.licence, self.scale = config.lag, config.licence, scale or PitchScale()
        self._feature = UnitFeature(config.encoder, config.layer)

    @classmethod
    def from_pretrained(cls, folder: Path | str | None = None, *, count: int | None = None) -> SpeechUnits:
        """The units that come with espressivo (500 of them, or `count=100`), or your own in `folder`."""
        return cls(beside("checkpoints/speech-units") if folder is None else Path(folder), count)

    @cached_property
    def _pitch(self) -> PitchTracker:
        return PitchTracker()

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """The units in `samples`, (samples,) float in [-1, 1] at 16 kHz: (samples // 640,) int16.

        Raises:
            InputError: shorter than 0.1 s, not mono or not finite.
        """
        with torch.inference_mode():
            return self._net.units(self._feature.of(samples), self.count).numpy().astype(np.int16)

    def points(self, samples: np.ndarray) -> np.ndarray:
        """What units round: places in the bottleneck, (samples // 640, width) float32. Raises as calling does."""
        with torch.inference_mode():
            return self._net.embed(self._feature.of(samples)).numpy()

    @property
    def codebook(self) -> np.ndarray:
        """The point that each unit stands for, (count, width) float32."""
        return self._net.codebook(self.count).numpy()

    def tokens(self, samples: np.ndarray) -> SpeechTokens:
        """Units and melody of `samples`; the style is left for others to measure. Raises as calling does."""
        units = self(samples)
        pitch, register = pitch_tokens(self._pitch(samples), len(units), self.scale)
        return SpeechTokens(units, pitch, register=register)
