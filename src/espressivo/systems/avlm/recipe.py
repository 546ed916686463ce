"""What trains the model, besides what every training has."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from espressivo.systems.avlm import language
from espressivo.systems.avlm.model import AvlmConfig
from espressivo.training import Recipe
from espressivo.training.recipe import Place, Some

FOLDER = Path(__file__).parent / "recipes"
Share = Annotated[float, Field(ge=0, le=1)]


class AvlmRecipe(Recipe):
    """What this room's training has besides.

    Attributes:
        stage: "adapt" teaches a text model to read and write speech, "fuse" to foresee speech with a face in view,
            "avsr" to write down what is said, "emotion" to name how somebody feels.
        lm, rank, scale, encoders, fusion, width, depth, manner, ear: see AvlmConfig.
        begin: a folder of a model that the stage goes on from; of what has another shape there, nothing is taken.
        longest: seconds; a longer recording is cut.
        drop: in fuse, shares of the speech tokens that are dropped; one of them is drawn for each example.
        deaf, blind: in avsr and emotion, shares of examples without voice, and without face.
        noise: folder of ESC-10, whose folds 1 to 3 are mixed in; and
        babble: data of voices that babble is made of.
        noisy: in avsr, share of examples in noise, at `decibel` (lowest, highest), drawn `noises` times for each clip.
        labels: emotions of the data that are taken for another; `leave_out`: those that are not learned.
        made_up: whether voices without a face are given one in training, of a made-up person who feels the same.
        talk: data with faces that talk without feeling, which made-up people move like; none makes that up too.
        temperature: in emotion, what the heads' logits are divided by, where no validation data say it.
        word_weight: in emotion, of naming the feeling as a word, against telling it from the hidden states.
        jobs: processes that listen and look.
    """

    stage: Literal["adapt", "fuse", "avsr", "emotion"]
    lm: str = language.OURS
    rank: Some = 16
    scale: float = Field(default=2.0, gt=0)
    encoders: tuple[str, ...] = ("expression", "landmarks")
    fusion: str = "prefix"
    width: Some = 256
    depth: Some = 2
    manner: bool = True
    ear: Literal["permissive", "any"] = "permissive"
    begin: Place = None
    longest: float = Field(default=12.0, gt=0)
    drop: tuple[Share, ...] = (0.3, 0.5, 0.7)
    deaf: Share = 0.2
    blind: Share = 0.2
    noise: Place = None
    babble: Place = None
    noisy: Share = 0.6
    noises: Some = 2
    decibel: tuple[float, float] = (-5.0, 15.0)
    labels: dict[str, str] = {}
    leave_out: tuple[str, ...] = ()
    made_up: bool = False
    talk: Place = None
    temperature: float = Field(default=1.0, gt=0)
    word_weight: float = Field(default=0.5, ge=0)
    jobs: Some = 1

    @property
    def config(self) -> AvlmConfig:
        """The model that it describes, before it knows any emotion."""
        shape = {field.name: getattr(self, field.name) for field in fields(AvlmConfig) if field.name != "emotions"}
        return AvlmConfig(**shape)
