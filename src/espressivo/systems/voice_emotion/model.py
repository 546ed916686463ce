"""The network: statistics of an utterance in, how it feels out. It is linear: a deeper one learned the speakers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from espressivo.emotion import check_emotions
from espressivo.systems.voice_emotion.hearing import ENCODER, LAYERS

if TYPE_CHECKING:
    from jaxtyping import Float

LIMIT = 4.0  # deviations from the mean


@dataclass(frozen=True)
class VoiceConfig:
    """What a trained network is: written to config.json beside its weights.

    Attributes:
        emotions: that it tells apart.
        inputs: numbers of an utterance, see `inputs.vector`.
        encoder, layers, stats: what those numbers are made of.
        labels: an emotion of the data, and the one that it was taken for.
        corpora: that it was trained on.
    """

    name: str
    licence: str
    emotions: tuple[str, ...]
    inputs: int
    encoder: str = ENCODER
    layers: tuple[int, ...] = LAYERS
    stats: tuple[str, ...] = ("mean",)
    labels: dict[str, str] | None = None
    corpora: tuple[str, ...] = ()
    system: str = "voice-emotion"

    def __post_init__(self) -> None:
        check_emotions(self.emotions)


class Panel(nn.Module):
    """Multinomial logistic regression on standardised inputs, with a calibrated temperature.

    Args:
        dropout: share of the inputs that is left out in training, so that it relies on no few of them.
    """

    mean: Tensor
    deviation: Tensor
    temperature: Tensor

    def __init__(self, config: VoiceConfig, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(config.inputs))
        self.register_buffer("deviation", torch.ones(config.inputs))
        self.register_buffer("temperature", torch.ones(()))
        self.drop = nn.Dropout(dropout)
        self.linear = nn.Linear(config.inputs, len(config.emotions))
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Float[Tensor, "utterances inputs"]) -> Float[Tensor, "utterances emotions"]:
        """Calibrated logits."""
        return self.linear(self.drop(self.standardised(x))) / self.temperature

    def standardised(self, x: Float[Tensor, "utterances inputs"]) -> Float[Tensor, "utterances inputs"]:
        """Deviations from the training mean. None may pull harder than LIMIT: a new microphone would decide alone."""
        return ((x - self.mean) / self.deviation).clamp(-LIMIT, LIMIT)


class VoiceNet(nn.Module):
    """Two panels: `alone` judges a clip of which nothing else is known, `known` one of somebody heard before.

    The second takes how an utterance differs from the speaker's others (`inputs.relative`); `usual` is how much those
    of one speaker commonly differ.
    """

    usual: Tensor

    def __init__(self, config: VoiceConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("usual", torch.ones(config.inputs))
        self.alone, self.known = Panel(config, dropout), Panel(config, dropout)

    def forward(
        self, x: Float[Tensor, "utterances inputs"], known: bool = False
    ) -> Float[Tensor, "utterances emotions"]:
        """Calibrated logits."""
        return self.known(x) if known else self.alone(x)


def load(folder: Path) -> VoiceNet:
    """The network in a model's folder.

    Raises:
        AssetError: the folder does not hold one.
    """
    from espressivo.assets.model import load_weights, read_config

    return load_weights(folder, VoiceNet(read_config(folder, VoiceConfig, VoiceConfig.system)))
