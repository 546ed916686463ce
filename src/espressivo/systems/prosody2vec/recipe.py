"""What trains prosody2vec, besides what every training has."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from espressivo.errors import ConfigError
from espressivo.systems.prosody2vec.model import ProsodyConfig
from espressivo.systems.prosody2vec.parts import HEARING, HEARING_DIM, HEARING_LAYER
from espressivo.training import Recipe
from espressivo.training.recipe import Count, Some

FOLDER = Path(__file__).parent / "recipes"


class ProsodyRecipe(Recipe):
    """What this room's training has besides.

    Attributes:
        frames: of an example, 43 a second.
        hearing, layer, heard, style, width …: see ProsodyConfig.
        hide_speaker, hide_words: weights of the adversaries that try to read them off the prosody.
        apart: weight of how much the numbers of the prosody tell of each other.
        hide_after: share of the steps over which these weights grow from 0.
        blur: how strongly the offsets that the prosody encoder sees are changed at random: 0 not at all, 1 as usual.
        contour_weight, pace_weight, usual_weight: of those losses, against that of the mel.
        learns: "speech" without labels, from the beginning, see task.py; "emotions", to hear them, see tune.py; or
            their "expression", see express.py.
        begin: a folder of a model, which the latter two go on from; the networks keep its shape.
        name_weight: of naming emotions.
        felt: share of labelled examples that are told their emotion in place of their prosody.
        rehearse: steps in which the critic learns, before the networks do.
        please: weight of the critic that ought to hear the emotion in what is made.
        spare: weight of what the change costs the voice, see express.costly.
        labels: emotions of the data that are taken for another.
        jobs: processes that take recordings apart.
    """

    frames: Some = 128
    hearing: str = HEARING
    layer: Count = HEARING_LAYER
    heard: Count = HEARING_DIM
    style: Some = 4
    levels: Annotated[int, Field(gt=1)] = 5
    styles: Some = 100
    width: Some = 256
    layers: Some = 8
    prosody_width: Some = 160
    prosody_layers: Some = 4
    contour_width: Some = 128
    contour_layers: Some = 4
    hide_speaker: float = Field(default=2.5, ge=0)
    hide_words: float = Field(default=1.5, ge=0)
    hide_after: float = Field(default=0.5, ge=0, le=1)
    apart: float = Field(default=0.2, ge=0)
    blur: float = Field(default=1.5, ge=0)
    contour_weight: float = Field(default=0.5, ge=0)
    pace_weight: float = Field(default=0.2, ge=0)
    usual_weight: float = Field(default=0.2, ge=0)
    learns: Literal["speech", "emotions", "expression"] = "speech"
    name_weight: float = Field(default=0.3, ge=0)
    begin: Annotated[Path | None, Field(strict=False)] = None
    felt: float = Field(default=0.7, ge=0, le=1)
    rehearse: Count = 400
    please: float = Field(default=0.4, ge=0)
    spare: float = Field(default=0.5, ge=0)
    labels: dict[str, str] = {}
    jobs: Some = 1

    @property
    def config(self) -> ProsodyConfig:
        """The networks that it describes, before they know any emotion.

        Raises:
            ConfigError: a speech encoder without a number of what it hears, or the other way round.
        """
        if bool(self.hearing) != bool(self.heard):
            raise ConfigError(f"got hearing={self.hearing!r} with heard={self.heard}: give both, or neither")
        shape = {field.name: getattr(self, field.name) for field in fields(ProsodyConfig) if field.name in SHAPE}
        return ProsodyConfig(self.name, self.licence, **shape)


SHAPE = (
    *("hearing", "layer", "heard", "style", "levels", "styles", "width", "layers"),
    *("prosody_width", "prosody_layers", "contour_width", "contour_layers"),
)
