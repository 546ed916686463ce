"""What a pretrained network hears: features of speech from each of its layers, behind one contract.

The units, the voice-emotion model and everything after them stand on such features. Two encoders come with pinned
weights; any HuBERT, WavLM or wav2vec 2.0 on the Hugging Face Hub can be taken by name: "hf:facebook/hubert-base-ls960".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from espressivo.clip import SPEECH_RATE
from espressivo.errors import AssetError, ConfigError
from espressivo.signal.wave import checked_wave
from espressivo.signal.weights import open_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FRAME_RATE = 50.0
SHORTEST = 0.1  # seconds
# A long recording is read in windows that see this much more on both sides: memory stays flat, seams are not heard.
WINDOW, CONTEXT = 20.0, 2.0


class SpeechEncoder(ABC):
    """Sound in, one sequence of vectors per layer out.

    Attributes:
        name: as it is asked for.
        dim: numbers in a vector.
        layers: how many layers there are to choose from.
        lag: seconds by which its frames come after what they tell of.
    """

    name: str
    dim: int
    layers: int
    lag: float = 0.0

    def __call__(self, samples: np.ndarray, layers: tuple[int, ...] | None = None) -> np.ndarray:
        """Features of `samples`, (samples,) float in [-1, 1] at 16 kHz: (layers, frames, dim) float32 at 50 Hz.

        Frame i tells of the moment i / 50 s. There are samples // 320 of them.

        Args:
            layers: which, counted from 0 (the input of the first block); all of them by default.

        Raises:
            InputError: shorter than 0.1 s, not mono or not finite.
            ConfigError: no such layer.
            AssetError: the weights are out of reach.
        """
        wave = checked_wave(samples, SPEECH_RATE, shortest=SHORTEST, task=f"the encoder {self.name}")
        chosen = tuple(range(self.layers)) if layers is None else layers
        if not all(0 <= layer < self.layers for layer in chosen):
            raise ConfigError(f"{self.name} has layers 0 to {self.layers - 1}, got {', '.join(map(str, chosen))}")
        hop = round(SPEECH_RATE / FRAME_RATE)
        total = len(wave) // hop
        step, context = round(WINDOW * FRAME_RATE), round(CONTEXT * FRAME_RATE)
        parts = []
        for start in range(0, total, step):
            first, last = max(0, start - context), min(total, start + step + context)
            heard = self._encode(wave[first * hop : last * hop], chosen)
            parts.append(heard[:, start - first : min(start + step, total) - first])
        return np.concatenate(parts, axis=1)

    @abstractmethod
    def _encode(self, wave: np.ndarray, layers: tuple[int, ...]) -> np.ndarray:
        """(samples,) float32 of at most WINDOW and two CONTEXT seconds to (layers, samples // 320, dim) float32."""


class WakeHubert(SpeechEncoder):
    """HuBERT-base distilled to 3 MB by wakeforge; causal, so its frames lag. Weights Apache-2.0."""

    name, dim, layers, lag = "wakehubert-tiny", 128, 1, 0.1

    @cached_property
    def _session(self) -> InferenceSession:
        from espressivo.assets import fetch

        return open_session(fetch("wakehubert-tiny"))

    def _encode(self, wave: np.ndarray, layers: tuple[int, ...]) -> np.ndarray:
        lagged = np.pad(wave, (0, round((self.lag + 0.1) * SPEECH_RATE)))
        shift, total = round(self.lag * FRAME_RATE), len(wave) * int(FRAME_RATE) // SPEECH_RATE
        heard = self._session.run(None, {"waveform": lagged[None]})[0][0]
        return np.stack([heard[shift : shift + total]] * len(layers))


class HuggingFace(SpeechEncoder):
    """Any encoder of transformers that takes 16 kHz waveforms, by its name on the Hub or its folder.

    Raises:
        AssetError: it cannot be had, or is of another kind.
    """

    def __init__(self, model: str) -> None:
        self.name, self._model = f"hf:{model}", model

    @cached_property
    def _network(self) -> Any:
        from transformers import AutoModel

        try:
            network = AutoModel.from_pretrained(self._model).eval()
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise AssetError(f"cannot load the speech encoder {self._model!r}: {reason}") from error
        if getattr(network.config, "conv_stride", None) is None:
            raise AssetError(f"{self._model!r} takes no waveforms: give a HuBERT, WavLM or wav2vec 2.0")
        return network

    @property
    def dim(self) -> int:  # type: ignore[override]
        return int(self._network.config.hidden_size)

    @property
    def layers(self) -> int:  # type: ignore[override]
        return int(self._network.config.num_hidden_layers) + 1

    @torch.inference_mode()
    def _encode(self, wave: np.ndarray, layers: tuple[int, ...]) -> np.ndarray:
        scaled = (wave - wave.mean()) / (wave.std() + 1e-7)  # as their feature extractors do
        total = len(wave) * int(FRAME_RATE) // SPEECH_RATE
        # The first convolutions eat 400 samples for one frame and 320 for each more.
        padded = torch.from_numpy(np.pad(scaled, (40, 400)))[None]
        states = self._network(padded, output_hidden_states=True).hidden_states
        return torch.stack([states[layer][0, :total] for layer in layers]).float().numpy()


def _whisper_tiny() -> SpeechEncoder:
    from espressivo.signal.whisper import WhisperEncoder

    return WhisperEncoder()


def _whisper_base() -> SpeechEncoder:
    from espressivo.signal.whisper import WhisperBase

    return WhisperBase()


SPEECH_ENCODERS: dict[str, Callable[[], SpeechEncoder]] = {
    "whisper-tiny-en": _whisper_tiny,
    "whisper-base": _whisper_base,
    "wakehubert-tiny": WakeHubert,
}


def speech_encoder(name: str = "whisper-tiny-en") -> SpeechEncoder:
    """The encoder of that name, or "hf:" and the name of one on the Hub; weights load on first use.

    Raises:
        ConfigError: no encoder of that name.
    """
    if name.startswith("hf:") and len(name) > 3:
        return HuggingFace(name[3:])
    if name not in SPEECH_ENCODERS:
        known = ", ".join(SPEECH_ENCODERS)
        raise ConfigError(f"unknown speech encoder {name!r}: choose one of {known}, or hf:NAME of one on the Hub")
    return SPEECH_ENCODERS[name]()
