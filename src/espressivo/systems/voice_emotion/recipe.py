"""All that decides a trained reader of voices, apart from the data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from espressivo.systems.voice_emotion.hearing import ENCODER, LAYERS, VoiceFeature
from espressivo.training import Recipe

FOLDER = Path(__file__).parent / "recipes"
Emotions = Annotated[tuple[str, ...], Field(strict=False)]


class VoiceRecipe(Recipe):
    """What is learned from a voice, and how.

    Attributes:
        encoder, layers, stats: what is measured of an utterance; see `hearing` and `inputs`.
        jobs: processes that listen; what they heard is kept.
        labels: an emotion of the data, and the one that it is taken for: {calm: neutral}.
        leave_out: emotions whose utterances are not learned from.
        dropout: share of the inputs that is dropped in training.
        penalty: weight of the squared norm of the weights, against a mean loss.
        held_out: share of the speakers to validate and calibrate on, where the recipe names no validation data.
        temperature: taken as it is instead of a fitted one: a few people in one room make a model too sure of others.
    """

    encoder: str = ENCODER
    layers: Annotated[tuple[int, ...], Field(strict=False, min_length=1)] = LAYERS
    stats: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = ("mean",)
    jobs: int = Field(default=1, gt=0)
    labels: dict[str, str] = Field(default_factory=dict)
    leave_out: Emotions = ()
    dropout: float = Field(default=0.3, ge=0, lt=1)
    penalty: float = Field(default=0.1, ge=0)
    held_out: float = Field(default=0.15, ge=0, le=0.5)
    temperature: float | None = Field(default=None, gt=0)

    @property
    def feature(self) -> VoiceFeature:
        return VoiceFeature(self.encoder, self.layers)
