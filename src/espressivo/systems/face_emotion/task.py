"""What the Trainer needs: batches, the loss, how good the network is; and what `train` and `evaluate` ask for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.assets.shipped import beside
from espressivo.corpora.data import Data, read_data
from espressivo.corpora.skips import told
from espressivo.emotion import EMOTIONS
from espressivo.errors import InputError
from espressivo.metrics.report import Evaluation, classified
from espressivo.systems.face_emotion import facs
from espressivo.systems.face_emotion.card import card
from espressivo.systems.face_emotion.crossing import Judged, held_in_turn
from espressivo.systems.face_emotion.examples import Examples, Tracked, labelled, tracked, varied
from espressivo.systems.face_emotion.model import FaceConfig, FaceEmotionNet, Faces, batched
from espressivo.systems.face_emotion.person import Usual
from espressivo.systems.face_emotion.stream import CHANNELS, STATISTICS, as_odds, statistics
from espressivo.systems.face_emotion.synthesis import HARDER, Talk, World, make
from espressivo.training.alone import learned
from espressivo.training.calibration import warn_uncalibrated
from espressivo.training.checkpoint import save_model
from espressivo.training.interrupt import Stopped
from espressivo.training.recipe import Count, Recipe, Some
from espressivo.training.task import Losses, Task

RECIPES = Path(__file__).parent / "recipes"
HELD_OUT = 40  # made-up people to validate on


class FaceRecipe(Recipe):
    """What this room's training has besides.

    Attributes:
        people: made-up ones to learn from, on top of the neutral talk in `train`; 0 learns from the labels in `train`.
        clips: that each of them gives of each emotion.
        width, change, dropout: see FaceConfig.
        odds: read blendshapes as log-odds.
        known: share of the examples that are seen against the usual face of their person, not of everybody.
        penalty: weight of the squared norm of what reads the statistics, against a mean loss. None is the prior under
            which logits vary by about 1 before anything is learned: inputs / (2 × clips).
        varied: whether examples are mirrored, cut, warped and made livelier at random.
        folds: parts in which people are held out in turn to find the temperature, where the recipe names no validation
            data: a whole training each, when the model's own is over, so that all takes up to `folds` + 1 times as
            long. With 0 nothing is calibrated.
        temperature: taken as it is, where what is held out is too much like what is learned from; None fits it there.
        jobs: processes that follow faces.
    """

    people: Count = 0
    clips: Some = 3
    width: Count = 24
    change: bool = True
    dropout: float = Field(default=0.5, ge=0, lt=1)
    odds: bool = False
    known: float = Field(default=0.0, ge=0, le=1)
    penalty: float | None = Field(default=None, ge=0)
    varied: bool = True
    folds: Count = 10
    temperature: float | None = Field(default=None, gt=0)
    jobs: Some = 1


RECIPE = FaceRecipe


class Batch(NamedTuple):
    faces: Faces
    target: Tensor


class FaceTask(Task[Batch]):
    """Learns from `examples`, and is judged on `held` (which may be empty).

    `crossed` holds the people in `examples` out in turn, computing on a device, and gives what was said of them. It is
    asked once, when the model is exported, and calibrates it where nothing is in `held`.
    """

    def __init__(
        self,
        recipe: FaceRecipe,
        emotions: tuple[str, ...],
        examples: Examples,
        held: Examples,
        heard: Mapping[str, Collection[str | None]],
        crossed: Callable[[torch.device], Judged | None] = lambda device: None,
    ) -> None:
        if len(emotions) < 2 or not len(examples):
            raise InputError(
                f"got {len(examples)} clips of {len(emotions)} emotions: give clips of at least two emotions"
            )
        self.recipe, self.emotions, self.heard, self.crossed = recipe, emotions, heard, crossed
        self.examples, self.held = self._read(examples), self._read(held)
        self.everybody = Usual.of(self.examples.streams, recipe.odds)
        self.usual, self.held_usual = (each.usual(self.everybody, recipe.odds) for each in (self.examples, self.held))

    def _read(self, examples: Examples) -> Examples:
        if not self.recipe.odds:
            return examples
        return Examples([as_odds(stream) for stream in examples.streams], examples.labels, examples.people)

    def __len__(self) -> int:
        return len(self.examples)

    def build(self) -> FaceEmotionNet:
        shared = {name: getattr(self.recipe, name) for name in ("name", "licence", *SHARED)}
        net = FaceEmotionNet(FaceConfig(emotions=self.emotions, **shared))
        net.become_used_to(self.everybody)
        return net

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        streams = [self.examples.streams[i] for i in indices]
        if self.recipe.varied:
            streams = [varied(stream, random) for stream in streams]
            found = [statistics(stream) for stream in streams]
        else:
            found = [self.examples.statistics[i] for i in indices]
        known = random.random(len(indices)) < self.recipe.known
        usual = [self.usual[i] if own else self.everybody for i, own in zip(indices, known, strict=True)]
        target = torch.tensor([self.examples.labels[i] for i in indices])
        return Batch(batched(streams, found, usual, self.recipe.width > 0), target)

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        logits = model(batch.faces)
        error = F.cross_entropy(logits, batch.target)
        core: Any = getattr(model, "module", model)
        size = core.still.weight.square().sum()
        right = (logits.argmax(1) == batch.target).float().mean()
        return Losses(error + self.penalty * size, {"error": error, "right": right})

    @property
    def penalty(self) -> float:
        inputs = (len(STATISTICS) if self.recipe.change else len(STATISTICS) - 1) * len(CHANNELS)
        return inputs / (2 * len(self)) if self.recipe.penalty is None else self.recipe.penalty

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        return self.judged(model).scores() if len(self.held) else {}

    def speakers(self) -> Mapping[str, Collection[str | None]]:
        return self.heard

    def export(self, model: nn.Module, folder: Path) -> None:
        assert isinstance(model, FaceEmotionNet)
        found = self.calibrate(model)
        save_model(folder, model, model.config, card(self.recipe, model.config, len(self.examples), found))

    def calibrate(self, model: FaceEmotionNet) -> Mapping[str, float]:
        """Sets the temperature, the recipe's or what people held out call for, and says how good it was on these."""
        judged = self.judged(model) if len(self.held) else self.crossed(next(model.parameters()).device)
        model.temperature.fill_(1.0)
        if self.recipe.temperature is not None:
            model.temperature.fill_(self.recipe.temperature)
        elif judged is not None:
            model.temperature.fill_(judged.temperature())
        else:
            warn_uncalibrated("clips of several people, by name")
        return {} if judged is None else judged.scores()

    def judged(self, model: Any) -> Judged:
        """The held-out clips, in each of the ways that the recipe teaches: as strangers, as people it knows."""
        usual = {"strangers": [self.everybody] * len(self.held), "known": self.held_usual}
        ways = [way for way, share in (("strangers", 1 - self.recipe.known), ("known", self.recipe.known)) if share]
        device = next(model.parameters()).device
        with torch.inference_mode():
            found = {}
            for way in ways:
                faces = batched(self.held.streams, self.held.statistics, usual[way], self.recipe.width > 0)
                found[way] = model(Faces(*(part.to(device) for part in faces))).cpu()
        return Judged(found, torch.tensor(self.held.labels))


def crossed(recipe: FaceRecipe, emotions: tuple[str, ...], examples: Examples, device: torch.device) -> Judged | None:
    """What trainings by `recipe` say of people held out in turn; None where nobody can be, or it is not asked for.

    They run in this process alone: under torchrun the others wait for it.

    Raises:
        Stopped: Ctrl-C or SIGTERM.
    """
    if not recipe.folds or recipe.temperature is not None:
        return None

    def judge(rest: Examples, own: Examples) -> Judged:
        task = FaceTask(recipe, emotions, rest, own, {})
        return task.judged(learned(task, recipe, device))

    try:
        return held_in_turn(examples, recipe.folds, recipe.seed, judge)
    except Stopped as stop:
        kept = "stopped while people were held out in turn to calibrate, which begins anew: all else is saved"
        raise Stopped(f"{kept}; go on with the same command and --resume") from stop


SHARED = ("width", "change", "dropout", "odds", "known")


def make_task(recipe: FaceRecipe) -> FaceTask:
    """Learning from labelled recordings, or from made-up people on top of neutral talk.

    Raises:
        InputError: no data, no face in it, no labels, or one emotion only.
    """
    return _from_knowledge(recipe) if recipe.people else _from_labels(recipe)


def _from_labels(recipe: FaceRecipe) -> FaceTask:
    if recipe.train is None:
        raise InputError("there is nothing to learn from: give train=DATA with a column 'emotion'")
    data = {"train": read_data(recipe.train)}
    if recipe.validation is not None:
        data["validation"] = read_data(recipe.validation)
    found = {part: tracked(items, jobs=recipe.jobs) for part, items in data.items()}
    _check(found["train"])
    emotions = tuple(name for name in EMOTIONS if name in {item.emotion for item in found["train"].items})
    examples = {part: labelled(each, emotions) for part, each in found.items()}
    heard = {part: {item.speaker for item in each.items} for part, each in found.items()}
    held = examples.get("validation", Examples())
    return FaceTask(
        recipe, emotions, examples["train"], held, heard, partial(crossed, recipe, emotions, examples["train"])
    )


def _check(found: Tracked) -> None:
    """Says why nothing can be learned from what was followed, where that is so."""
    if not found.items:
        first = f"; the first is {told(*found.skipped[0])}" if found.skipped else ""
        raise InputError(f"no face could be followed in any of {len(found.skipped)} recordings{first}")
    if all(item.emotion is None for item in found.items):
        raise InputError(f"none of {len(found.items)} recordings with a face has an emotion: fill in the column")


def _from_knowledge(recipe: FaceRecipe) -> FaceTask:
    """Neutral talk in `train` moves the made-up faces; without it, made-up talk does."""
    random = np.random.default_rng(recipe.seed)
    heard: dict[str, Collection[str | None]] = {"train": set()}
    if recipe.train is None:
        talk = Talk.made_up(random)
    else:
        found = tracked(read_data(recipe.train), jobs=recipe.jobs)
        talk, heard = Talk.of(found.streams), {"train": {item.speaker for item in found.items}}
    examples = make(talk, recipe.people, recipe.clips, random, World())
    held = make(talk, max(2, min(HELD_OUT, recipe.people // 5)), recipe.clips, random, HARDER)
    return FaceTask(recipe, facs.EMOTIONS, examples, held, heard)


def shipped() -> Path | None:
    """The weights that learned from knowledge; permissive."""
    folder = beside("checkpoints/face-emotion")
    return folder if folder.is_dir() else None


def evaluate(checkpoint: Path, data: Data) -> Evaluation:
    """As strangers; and, noted beside it, with each person's usual face known, from their clips without labels.

    Raises:
        InputError: no labels, or some that the model was never taught. AssetError: no model of this room.
    """
    net = FaceEmotionNet.load(checkpoint)
    found = tracked(data)
    names, labels = net.config.emotions, [item.emotion for item in found.items]
    who = [item.speaker for item in found.items]
    if not labels:
        return Evaluation(0, {}, skipped=found.skipped)
    streams = [net.reads(stream) for stream in found.streams]
    usual = Examples(streams, [], list(who)).usual(net.usual, net.config.odds)
    ways = {way: classified(names, labels, net.probabilities(streams, own), who, skipped=found.skipped)
            for way, own in (("strangers", None), ("known", usual))}  # fmt: skip
    first, second = ("known", "strangers") if net.config.known == 1 else ("strangers", "known")
    noted = {"people_are": first, f"if_people_were_{second}": dict(ways[second].metrics)}
    return Evaluation(**{**vars(ways[first]), "notes": noted})
