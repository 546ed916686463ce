"""Whose voice it is: a vector per recording, near to those of the same speaker and far from everyone else's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from espressivo.clip import SPEECH_RATE
from espressivo.errors import ConfigError
from espressivo.signal.fbank import Fbank
from espressivo.signal.wave import checked_wave, refuse_silence
from espressivo.signal.weights import open_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# Less than this says more about the vowel than about the speaker.
SHORTEST = 0.5
# Longer recordings are embedded piece by piece: memory stays flat, and the mean is as good.
PIECE = 10.0


class SpeakerEncoder(ABC):
    """Sound in, one vector of length 1 out.

    Attributes:
        rate: samples a second it wants.
        dim: numbers in the vector.
    """

    rate: int = SPEECH_RATE
    dim: int

    def embed(self, samples: np.ndarray) -> np.ndarray:
        """The voice in `samples`, (samples,) float in [-1, 1] at `rate`: (dim,) float32 of length 1.

        Raises:
            InputError: shorter than 0.5 s, silent, not mono or not finite.
            AssetError: the weights are out of reach.
        """
        wave = checked_wave(samples, self.rate, shortest=SHORTEST, task="a speaker embedding")
        refuse_silence(wave, "a speaker embedding")
        return unit(np.sum([len(piece) * unit(self._embed(piece)) for piece in _pieces(wave, self.rate)], axis=0))

    @abstractmethod
    def _embed(self, wave: np.ndarray) -> np.ndarray:
        """One checked stretch of 0.5 to 15 s, (samples,) float32, to a vector (dim,) of any length."""

    def similarity(self, one: np.ndarray, other: np.ndarray) -> float:
        """The cosine between the voices of two recordings, -1 to 1; same speaker: towards 1."""
        return similarity(self.embed(one), self.embed(other))


def unit(vector: np.ndarray) -> np.ndarray:
    """`vector` at length 1, float32."""
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """The cosine between two embeddings (dim,), -1 to 1."""
    return float(unit(one) @ unit(other))


def _pieces(wave: np.ndarray, rate: int) -> list[np.ndarray]:
    """About equal pieces near PIECE seconds, so that the last one is never a scrap."""
    return np.array_split(wave, max(1, round(len(wave) / (PIECE * rate))))


class WeSpeakerResNet34(SpeakerEncoder):
    """ResNet34 trained on VoxCeleb2: the more discriminating of the two.

    Source: WeSpeaker (Wang et al., ICASSP 2023, arXiv 2210.17016). Weights CC BY 4.0.
    """

    dim = 256

    def __init__(self, weights: Path | None = None, threads: int = 0) -> None:
        self._weights, self._threads = weights, threads
        self._features = Fbank()

    @cached_property
    def _session(self) -> InferenceSession:
        from espressivo.assets import fetch

        return open_session(self._weights or fetch("wespeaker-resnet34"), self._threads)

    def _embed(self, wave: np.ndarray) -> np.ndarray:
        features = self._features(torch.from_numpy(wave)[None]).numpy()
        return self._session.run(["last_hidden_state"], {"input_features": features})[0][0]


def _ge2e(**options: Path | None) -> SpeakerEncoder:
    from espressivo.signal.ge2e import GE2E

    return GE2E(**options)


SPEAKER_ENCODERS: dict[str, Callable[..., SpeakerEncoder]] = {
    "wespeaker-resnet34": WeSpeakerResNet34,
    "ge2e": _ge2e,
}


def speaker_encoder(name: str = "wespeaker-resnet34") -> SpeakerEncoder:
    """The speaker encoder of that name; its weights load on first use.

    Raises:
        ConfigError: no encoder of that name.
    """
    if name not in SPEAKER_ENCODERS:
        raise ConfigError(f"unknown speaker encoder {name!r}: choose one of {', '.join(SPEAKER_ENCODERS)}")
    return SPEAKER_ENCODERS[name]()
