"""The encoder of Whisper in PyTorch, all of its layers: what it hears on the way to words.

A recogniser keeps only the last layer. The ones before it hold more: how something is said (layer 2), and the sounds
themselves (layer 3).
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.clip import SPEECH_RATE
from espressivo.errors import AssetError
from espressivo.signal.encoder import FRAME_RATE, SpeechEncoder
from espressivo.signal.mel import MelConfig, MelSpectrogram
from espressivo.signal.weights import read_checkpoint

if TYPE_CHECKING:
    from jaxtyping import Float

WHISPER_16K = MelConfig(
    rate=SPEECH_RATE, n_fft=400, hop=160, window=400, n_mels=80, fmin=0, fmax=8000, centred=True, power=2, floor=1e-10
)
# Trained on windows of 30 s, it hears a shorter recording as well with only so much silence after it.
SILENCE = 2.0
LONGEST = 1500  # frames
RANGE = 8 * math.log(10)  # what is 80 dB below the loudest is as good as silent
WIDTH, HEADS, BLOCKS = 384, 6, 4


class Block(nn.Module):
    """Self-attention and two linear layers, each after a norm and beside a shortcut."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attn_ln, self.mlp_ln = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.value, self.out = (nn.Linear(width, width) for _ in range(3))
        self.key = nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Float[Tensor, "batch frames width"]) -> Float[Tensor, "batch frames width"]:
        normed = self.attn_ln(x)
        query, key, value = (self._split(part(normed)) for part in (self.query, self.key, self.value))
        heard = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        x = x + self.out(heard)
        return x + self.down(F.gelu(self.up(self.mlp_ln(x))))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class WhisperNetwork(nn.Module):
    """Log-mel frames to the output of each layer.

    Source: Radford et al., Robust speech recognition via large-scale weak supervision (arXiv 2212.04356), section 2.2.
    """

    positions: Tensor

    def __init__(self, width: int = WIDTH, heads: int = HEADS, blocks: int = BLOCKS) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(WHISPER_16K.n_mels, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positions", torch.zeros(LONGEST, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))

    def forward(self, mels: Float[Tensor, "batch mel_frames n_mels"], blocks: int | None = None) -> list[Tensor]:
        """What goes into the first block and what comes out of each: (batch, mel_frames / 2, width) each.

        Args:
            blocks: how many; by default all.
        """
        x = F.gelu(self.conv2(F.gelu(self.conv1(mels.transpose(1, 2))))).transpose(1, 2)
        states = [x + self.positions[: x.shape[1]]]
        for block in self.blocks[:blocks]:
            states.append(block(states[-1]))
        return states


class WhisperEncoder(SpeechEncoder):
    """The encoder of Whisper tiny.en: four layers, 8 million weights (MIT), about 100 times faster than real time."""

    name, dim, layers = "whisper-tiny-en", WIDTH, BLOCKS + 1

    def __init__(self) -> None:
        self._mel = MelSpectrogram(WHISPER_16K)

    @cached_property
    def network(self) -> WhisperNetwork:
        """With its pretrained weights, in evaluation mode."""
        network = WhisperNetwork().eval()
        state = read_checkpoint("whisper-tiny-en", "model_state_dict")
        try:
            network.load_state_dict({_renamed(name): value.float() for name, value in state.items() if _ours(name)})
        except RuntimeError as error:
            raise AssetError("the Whisper weights do not fit the network: fetch them again") from error
        return network

    @torch.inference_mode()
    def _encode(self, wave: np.ndarray, layers: tuple[int, ...]) -> np.ndarray:
        total = len(wave) * int(FRAME_RATE) // SPEECH_RATE
        states = self.network(whisper_mels(wave, self._mel))
        return torch.stack([states[layer][0, :total] for layer in layers]).numpy()


class WhisperBase(SpeechEncoder):
    """The last layer of Whisper base's encoder, as the recogniser runs it: 99 languages, in CTranslate2's int8."""

    name, dim, layers = "whisper-base", 512, 1

    def __init__(self) -> None:
        self._mel = MelSpectrogram(WHISPER_16K)

    @cached_property
    def _model(self) -> Any:
        import ctranslate2

        from espressivo.assets import fetch

        return ctranslate2.models.Whisper(str(fetch("whisper-base")), device="cpu", compute_type="int8")

    def _encode(self, wave: np.ndarray, layers: tuple[int, ...]) -> np.ndarray:
        import ctranslate2

        mels = np.ascontiguousarray(whisper_mels(wave, self._mel).transpose(1, 2).numpy())
        heard = np.array(self._model.encode(ctranslate2.StorageView.from_array(mels), to_cpu=True))
        total = len(wave) * int(FRAME_RATE) // SPEECH_RATE
        return np.stack([heard[0, :total].astype(np.float32)] * len(layers))


def whisper_mels(wave: np.ndarray, mel: MelSpectrogram) -> Float[Tensor, "one mel_frames n_mels"]:
    """What Whisper's encoders take: (samples,) at 16 kHz and SILENCE after it, 100 frames a second, an even number."""
    padded = torch.from_numpy(np.pad(wave, (0, round(SILENCE * SPEECH_RATE))))[None]
    mels = mel(padded)[:, :-1]
    mels = torch.maximum(mels, mels.amax() - RANGE) / math.log(10)
    return mels[:, : mels.shape[1] // 2 * 2] / 4 + 1


def _ours(name: str) -> bool:
    return name.startswith("encoder.") and "ln_post" not in name


_NAMES = (("encoder.", ""), ("attn.", ""), ("mlp.0", "up"), ("mlp.2", "down"), ("positional_embedding", "positions"))


def _renamed(name: str) -> str:
    for theirs, ours in _NAMES:
        name = name.replace(theirs, ours)
    return name
