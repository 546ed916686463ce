"""Training and measuring a reader of voices: `espressivo train voice-emotion train=my.csv`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.assets.shipped import beside
from espressivo.corpora.data import Data, read_data
from espressivo.corpora.item import Item
from espressivo.corpora.splits import by_speaker
from espressivo.emotion import EMOTIONS
from espressivo.errors import InputError
from espressivo.metrics.report import Evaluation, classified
from espressivo.systems.voice_emotion.card import card
from espressivo.systems.voice_emotion.examples import NOBODY, Table, read_table
from espressivo.systems.voice_emotion.hearing import VoiceFeature
from espressivo.systems.voice_emotion.inputs import relative, usual_deviation
from espressivo.systems.voice_emotion.model import Panel, VoiceConfig, VoiceNet, load
from espressivo.systems.voice_emotion.recipe import FOLDER, VoiceRecipe
from espressivo.training import Losses, Recipe, Task
from espressivo.training.calibration import fit_temperature, warn_uncalibrated
from espressivo.training.checkpoint import save_model

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

RECIPE, RECIPES = VoiceRecipe, FOLDER
LEAST = 5  # clips of a speaker with which `evaluate` also judges them against each other


class Batch(NamedTuple):
    """Utterances as they are (`plain`) and against their speaker's others (`known`), the numbers of their emotions, and
    which emotions their corpus labels at all."""

    plain: Float[Tensor, "batch inputs"]
    known: Float[Tensor, "batch inputs"]
    target: Int[Tensor, " batch"]
    labelled: Bool[Tensor, "batch emotions"]


class VoiceTask(Task[Batch]):
    """Teaches what `table` holds; validates and calibrates on `held`, where there is such."""

    def __init__(self, recipe: VoiceRecipe, table: Table, held: Table | None = None) -> None:
        self.recipe, self.table = recipe, _chosen(recipe, table)
        self.emotions = tuple(name for name in EMOTIONS if name in self.table.emotion)
        if len(self.emotions) < 2:
            remedy = _remedy(recipe, self.table, held)
            raise InputError(f"nothing to tell apart: {_listed(self.table)}; {remedy}")
        held = None if held is None else _chosen(recipe, held)
        self.held = None if held is None else held.only(np.isin(held.emotion, self.emotions))
        self.target, self.weight, self.labelled = _targets(self.table, self.emotions)
        self.usual = usual_deviation(self.table.x, self.table.speaker)
        self.known = relative(self.table.x, self.table.speaker, self.usual)

    def __len__(self) -> int:
        return len(self.table)

    def config(self) -> VoiceConfig:
        recipe, table = self.recipe, self.table
        return VoiceConfig(
            name=recipe.name,
            licence=recipe.licence,
            emotions=self.emotions,
            inputs=table.x.shape[1],
            encoder=recipe.encoder,
            layers=recipe.layers,
            stats=recipe.stats,
            labels=dict(recipe.labels),
            corpora=tuple(np.unique(table.corpus).tolist()),
        )

    def build(self) -> VoiceNet:
        net = VoiceNet(self.config(), self.recipe.dropout)
        net.usual.copy_(torch.from_numpy(self.usual))
        for panel, x in ((net.alone, self.table.x), (net.known, self.known)):
            panel.mean.copy_(torch.from_numpy(x.mean(axis=0)))
            panel.deviation.copy_(torch.from_numpy(x.std(axis=0)).clamp(min=1e-4))
        return net

    def order(self, epoch: int, random: np.random.Generator) -> np.ndarray:
        """Every emotion of a corpus as often as its others."""
        return random.choice(len(self), len(self), p=self.weight)

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        values = (self.table.x, self.known, self.target, self.labelled)
        return Batch(*(torch.from_numpy(value[indices]) for value in values))

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        assert isinstance(model, VoiceNet)
        alone = self._cost(model.alone, batch.plain, batch)
        known = self._cost(model.known, batch.known, batch)
        return Losses(alone + known, {"alone": alone, "known": known})

    def _cost(self, panel: Panel, x: Tensor, batch: Batch) -> Tensor:
        norm = panel.linear.weight.square().sum()
        return masked_cost(panel(x), batch.target, batch.labelled) + self.recipe.penalty * norm

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        if self.held is None or not len(self.held):
            return {}
        assert isinstance(model, VoiceNet)
        found = {}
        for name, known in (("uar", False), ("uar_known", True)):
            p = probabilities(model, self.held, known)
            found[name] = classified(self.emotions, self.held.emotion.tolist(), p).metrics["uar"]
        return {"score": found["uar"], **found}

    def speakers(self) -> Mapping[str, Collection[str | None]]:
        return {"train": self.table.speakers(), "validation": set() if self.held is None else self.held.speakers()}

    def export(self, model: nn.Module, folder: Path) -> None:
        assert isinstance(model, VoiceNet)
        self.calibrate(model)
        scores = self.validate(model)
        save_model(folder, model, asdict(model.config), card(self.recipe, model.config, self.table, scores), half=True)

    def calibrate(self, model: VoiceNet) -> None:
        """Sets the temperatures: the recipe's, or what the held-out speakers call for."""
        held = self.held if self.held is not None and len(self.held) else None
        for known, panel in ((False, model.alone), (True, model.known)):
            panel.temperature.fill_(self.recipe.temperature or 1.0)
            if self.recipe.temperature is None and held is not None:
                logits = torch.from_numpy(np.log(np.maximum(probabilities(model, held, known), 1e-12)))
                target = torch.tensor([self.emotions.index(name) for name in held.emotion])
                panel.temperature.fill_(max(1.0, fit_temperature(logits, target)))
        if self.recipe.temperature is None and held is None:
            warn_uncalibrated("let it hold speakers out: held_out=0.15")


def probabilities(model: VoiceNet, table: Table, known: bool = False) -> Float[np.ndarray, "utterances emotions"]:
    """Of every utterance; `known` judges it against the speaker's others in the table."""
    device = model.usual.device
    x = relative(table.x, table.speaker, model.usual.cpu().numpy()) if known else table.x
    with torch.inference_mode():
        return model(torch.from_numpy(x).to(device), known).softmax(dim=1).cpu().numpy()


def masked_cost(
    logits: Float[Tensor, "batch emotions"],
    target: Int[Tensor, " batch"],
    labelled: Bool[Tensor, "batch emotions"],
) -> Float[Tensor, ""]:
    """Mean cross-entropy, each utterance judged only among the emotions that its corpus labels.

    A corpus without the label "bored" may well hold bored speech: its utterances say nothing about that emotion.
    """
    return F.cross_entropy(logits.masked_fill(~labelled, -1e4), target)


def _chosen(recipe: VoiceRecipe, table: Table) -> Table:
    return table.only(~np.isin(table.emotion, recipe.leave_out)) if recipe.leave_out else table


def _targets(
    table: Table, emotions: tuple[str, ...]
) -> tuple[Int[np.ndarray, " utterances"], Float[np.ndarray, " utterances"], Bool[np.ndarray, "utterances emotions"]]:
    """Classes, weights that sum to 1, and the labels of each utterance's corpus."""
    target = np.array([emotions.index(name) for name in table.emotion])
    weight, labelled = np.zeros(len(table)), np.zeros((len(table), len(emotions)), bool)
    for corpus in np.unique(table.corpus):
        rows = table.corpus == corpus
        counts = np.bincount(target[rows], minlength=len(emotions))
        labelled[rows] = counts > 0
        weight[rows] = 1.0 / counts[target[rows]]
    return target, weight / weight.sum(), labelled


def _listed(table: Table) -> str:
    names = np.unique(table.emotion).tolist()
    return f"all {len(table)} recordings are {names[0]}" if names else "no recording is left"


def _remedy(recipe: VoiceRecipe, table: Table, held: Table | None) -> str:
    """What to do where one emotion is left: the others may be those of the speakers that were held out."""
    seen = set() if held is None or recipe.validation is not None else set(held.emotion.tolist())
    others = sorted(seen - set(table.emotion.tolist()))
    if not others:
        return "give data with two emotions at least"
    told = f"{', '.join(others)} went with the speakers held out to validate on (held_out={recipe.held_out:g})"
    return f"{told}: give more speakers, or held_out=0"


def make_task(recipe: Recipe) -> VoiceTask:
    """What the recipe trains.

    Raises:
        InputError: no data; nothing usable in it; one emotion only; or one speaker only, with none to hold out.
    """
    assert isinstance(recipe, VoiceRecipe)
    if recipe.train is None:
        raise InputError("there is nothing to train on: give train=DATA, a CSV or what 'espressivo prepare' made")
    train: list[Item] = list(read_data(recipe.train))
    held: list[Item] = [] if recipe.validation is None else list(read_data(recipe.validation))
    if not held and recipe.held_out:
        parts = by_speaker(train, (1 - recipe.held_out, 0.0, recipe.held_out), recipe.seed)
        train, held = list(parts["train"]), list(parts["test"])
    return VoiceTask(recipe, _table(recipe, train), _table(recipe, held) if held else None)


def _table(recipe: VoiceRecipe, items: list[Item]) -> Table:
    return read_table(items, recipe.feature, recipe.stats, labels=recipe.labels, jobs=recipe.jobs)


def shipped() -> Path | None:
    """The better of the two that come with the package."""
    folder = beside("checkpoints/voice-emotion-nc")
    return folder if folder.is_dir() else None


def evaluate(checkpoint: Path, data: Data) -> Evaluation:
    """Measures the model in `checkpoint` on `data`; each clip by itself.

    Notes: the same for speakers of LEAST clips or more, judged against their own others.

    Raises:
        InputError: no clip can be used, or none shows an emotion that the model knows.
        AssetError: no model of this room.
    """
    net = load(checkpoint)
    config = net.config
    feature = VoiceFeature(config.encoder, config.layers)
    table = read_table(data, feature, config.stats, labels=config.labels)
    taught = np.isin(table.emotion, config.emotions)
    strange = np.unique(table.emotion[~taught]).tolist()
    if not taught.any():
        raise InputError(f"the model was never taught {', '.join(strange)}: it knows {', '.join(config.emotions)}")
    reason = f"the model was never taught {', '.join(strange)}"
    skipped = (*table.skipped, *((name, reason) for name in table.ids[~taught].tolist()))
    table = table.only(taught)
    labels, people = table.emotion.tolist(), [None if name == NOBODY else name for name in table.speaker.tolist()]
    notes = {} if None in people else {"speakers_known": _against_themselves(net, table)}
    p = probabilities(net, table)
    return replace(classified(config.emotions, labels, p, people, skipped=skipped), notes=notes)


def _against_themselves(net: VoiceNet, table: Table) -> dict[str, float]:
    names, counts = np.unique(table.speaker, return_counts=True)
    part = table.only(np.isin(table.speaker, names[counts >= LEAST]))
    if not len(part):
        return {}
    found = classified(net.config.emotions, part.emotion.tolist(), probabilities(net, part, known=True))
    return {"n": float(found.n), **found.metrics}
