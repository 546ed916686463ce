"""Training and measuring prosody: what the Trainer and `evaluate` need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.assets.shipped import beside
from espressivo.corpora.data import Data, read_data
from espressivo.corpora.item import Item
from espressivo.errors import InputError
from espressivo.metrics.report import Evaluation
from espressivo.systems.prosody2vec.card import card
from espressivo.systems.prosody2vec.examples import Batch, Recordings
from espressivo.systems.prosody2vec.model import SPAN, Expected, Prosody2Vec, ProsodyConfig, Usual, seen, spread_out
from espressivo.systems.prosody2vec.parts import HEARING, HEARING_DIM, HEARING_LAYER, hearing_of
from espressivo.systems.prosody2vec.pipeline import style_of
from espressivo.systems.speech_units.pipeline import SpeechUnits
from espressivo.systems.speech_units.task import clustered
from espressivo.training import Losses, Recipe, Task
from espressivo.training.checkpoint import save_model
from espressivo.training.recipe import Count, Some

RECIPES = Path(__file__).parent / "recipes"
NEUTRAL = "neutral"
KNOWN = 5  # recordings of somebody before the adversary learns to tell them


class ProsodyRecipe(Recipe):
    """What this room's training has besides.

    Attributes:
        frames: of an example, 43 a second.
        hearing, layer, heard, style, width …: see ProsodyConfig.
        nats: that the prosody of a second may tell; `nats_weight` holds it there.
        hide_speaker, hide_words: weights of the adversaries that try to read them off the prosody.
        blur: how strongly the offsets that the prosody encoder sees are changed at random: 0 not at all, 1 as usual.
        contour_weight, pace_weight, usual_weight: of those losses, against that of the mel.
        begin: a folder of a model to go on from, by learning how emotions sound from the labels in the data: `felt` is
            the share of labelled examples that are told their emotion in place of their prosody, and the prosody
            encoder stays as it is. None learns everything from the beginning, without labels.
        jobs: processes that take recordings apart.
    """

    frames: Some = 128
    hearing: str = HEARING
    layer: Count = HEARING_LAYER
    heard: Count = HEARING_DIM
    style: Some = 64
    styles: Some = 100
    width: Some = 256
    layers: Some = 8
    prosody_width: Some = 160
    prosody_layers: Some = 4
    contour_width: Some = 128
    contour_layers: Some = 4
    nats: float = Field(default=12.0, gt=0)
    nats_weight: float = Field(default=0.01, ge=0)
    hide_speaker: float = Field(default=0.5, ge=0)
    hide_words: float = Field(default=0.1, ge=0)
    blur: float = Field(default=1.0, ge=0)
    contour_weight: float = Field(default=0.5, ge=0)
    pace_weight: float = Field(default=0.2, ge=0)
    usual_weight: float = Field(default=0.2, ge=0)
    begin: Annotated[Path | None, Field(strict=False)] = None
    felt: float = Field(default=0.7, ge=0, le=1)
    jobs: Count = 1


RECIPE = ProsodyRecipe
SHAPE = (
    *("hearing", "layer", "heard", "style", "styles", "width", "layers"),
    *("prosody_width", "prosody_layers", "contour_width", "contour_layers"),
)


class Reversed(torch.autograd.Function):
    """The same forwards, the gradient turned round: what comes before learns the opposite (Ganin and Lempitsky)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: float) -> Tensor:
        ctx.weight = weight
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.weight * gradients[0], None


class Learner(nn.Module):
    """The networks, and the two adversaries that training needs besides."""

    def __init__(self, net: Prosody2Vec, speakers: int) -> None:
        super().__init__()
        self.net = net
        style, codes = net.config.style, net.config.codes
        self.who = nn.Sequential(nn.Linear(style, 128), nn.GELU(), nn.Linear(128, max(1, speakers)))
        self.what = nn.Sequential(nn.Linear(style, 128), nn.GELU(), nn.Linear(128, codes))


class ProsodyTask(Task[Batch]):
    """Learns to put recordings together again from their parts; nobody tells it any feelings."""

    def __init__(self, recipe: ProsodyRecipe, heard: Recordings, held: Recordings | None) -> None:
        self.recipe, self.heard, self.held = recipe, heard, held
        self.who = heard.known(KNOWN)

    def __len__(self) -> int:
        return len(self.heard)

    def build(self) -> nn.Module:
        shape = {name: getattr(self.recipe, name) for name in SHAPE}
        config = ProsodyConfig(self.recipe.name, self.recipe.licence, emotions=self.heard.emotions, **shape)
        if self.recipe.begin is not None:
            return Learner(self._begun(self.recipe.begin, config), len(self.who))
        net = Prosody2Vec(config)
        net.codes.copy_(torch.from_numpy(SpeechUnits.from_pretrained(count=config.codes).codebook))
        net.emotions.requires_grad_(False)  # labels come later
        return Learner(net, len(self.who))

    def _begun(self, folder: Path, config: ProsodyConfig) -> Prosody2Vec:
        """A model that was trained before, with the emotions of this data; its own are where they start from."""
        before = Prosody2Vec.load(folder)
        net = Prosody2Vec(replace(before.config, name=config.name, licence=config.licence, emotions=config.emotions))
        weights = before.state_dict()
        known = dict(zip(before.config.emotions, weights.pop("emotions"), strict=True))
        net.load_state_dict(weights, strict=False)
        with torch.no_grad():
            for row, name in zip(net.emotions, config.emotions, strict=True):
                row.copy_(known.get(name, torch.zeros_like(row)))
        for fixed in (net.prosody, net.usual):
            fixed.requires_grad_(False)
        return net

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        return self.heard.batch(indices, self.recipe.frames, random, self.recipe.blur)

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        learner: Any = getattr(model, "module", model)
        net: Prosody2Vec = learner.net
        expected = net.expected(batch.speaker)
        own = Usual(batch.usual, batch.spread, batch.register[:, None], batch.pitched[:, None], batch.heard_usual)
        fixed = Expected(*(part.detach() for part in expected))
        look = seen(batch.mel, batch.pitch, batch.voiced, batch.heard, own, fixed, batch.blur)
        mean, spread = net.prosody(look, batch.mask, self.recipe.blur if learner.training else 0.0)
        spread = spread.clamp(-8, 4)
        style = mean + (spread / 2).exp() * torch.randn_like(mean) if learner.training else mean
        told = (0.5 * (mean.square() + spread.exp() - 1 - spread)).sum(-1)
        nats = (told * batch.seconds).sum() / batch.seconds.sum()
        if self.recipe.begin is not None:
            style = self._told(net, batch, style)
        frames = spread_out(style, batch.mel.shape[1])
        made = net.mel(batch.content, batch.speaker, batch.pitch, batch.voiced, frames, batch.noise)
        mel = _mean((made - batch.mel).abs().mean(-1), batch.mask)
        contour = self._contour(net, batch, frames, fixed.register)
        lengths = net.lengths(batch.runs, batch.run_blend @ style)
        pace = _mean((lengths - batch.lengths).abs(), batch.run_mask)
        off = self._usual(batch, expected)
        who, what = self._hidden(learner, batch, style)
        recipe = self.recipe
        total = mel + recipe.contour_weight * contour + recipe.pace_weight * pace
        if recipe.begin is None:
            total = total + recipe.usual_weight * off + recipe.nats_weight * (nats - recipe.nats).abs() + who + what
        parts = {"mel": mel, "contour": contour, "pace": pace, "usual": off, "nats": nats}
        return Losses(total, {**parts, "who": who, "what": what})

    def _told(self, net: Prosody2Vec, batch: Batch, style: Tensor) -> Tensor:
        """Of some of the labelled examples the emotion stands in place of the prosody."""
        drawn = torch.rand(len(style), device=style.device) < self.recipe.felt
        told = ((batch.felt >= 0) & drawn)[:, None, None]
        return torch.where(told, net.emotions[batch.felt.clamp(min=0)][:, None], style)

    def _contour(self, net: Prosody2Vec, batch: Batch, style: Tensor, register: Tensor) -> Tensor:
        guess = net.contour(batch.content, style)
        level = batch.mel.mean(-1)
        pitch = _mean((guess.pitch - (batch.pitch - register)).abs() / SPAN, batch.voiced)
        voicing = F.binary_cross_entropy_with_logits(guess.voicing, batch.voiced, reduction="none")
        return pitch + _mean(voicing, batch.mask) + 0.3 * _mean((guess.level - level - 5).abs(), batch.mask)

    def _usual(self, batch: Batch, expected: Expected) -> Tensor:
        """How far the voice's usual pitch, mel and sound are from those of this recording."""
        off = (expected.mel - batch.usual).abs().mean(-1)
        pitch = batch.pitched * (expected.register[:, 0] - batch.register).abs() / SPAN
        heard = (expected.heard - batch.heard_usual).abs().mean(-1) if batch.heard_usual.shape[1] else off.new_zeros(())
        return (off + pitch + heard).mean()

    def _hidden(self, learner: Any, batch: Batch, style: Tensor) -> tuple[Tensor, Tensor]:
        weight = batch.seconds[..., None]
        whole = (style * weight).sum(1) / weight.sum(1)
        who = learner.who(Reversed.apply(whole, self.recipe.hide_speaker))
        one = F.cross_entropy(who, batch.who.clamp(min=0), reduction="none")
        known = (batch.who >= 0).float()
        what = learner.what(Reversed.apply(style, self.recipe.hide_words)).log_softmax(-1)
        other = -(batch.said * what).sum(-1)
        return (one * known).sum() / known.sum().clamp(min=1), _mean(other, batch.seconds)

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        if self.held is None:
            return {}
        random, found = np.random.default_rng(0), []
        device = next(model.parameters()).device
        model.eval()
        with torch.inference_mode():
            for chosen in np.array_split(random.permutation(len(self.held))[:96], 6):
                batch = self.held.batch(chosen, self.recipe.frames, random, 0.0)
                losses = self.loss(model, Batch(*(part.to(device) for part in batch)))
                found.append({name: float(value) for name, value in losses.parts.items()})
        model.train()
        means = {name: float(np.mean([row[name] for row in found])) for name in ("mel", "contour", "pace", "nats")}
        return {"score": -(means["mel"] + means["contour"]), **means}

    def speakers(self) -> Mapping[str, Collection[str | None]]:
        held = {} if self.held is None else {"validation": self.held.speakers()}
        return {"train": self.heard.speakers(), **held}

    def export(self, model: nn.Module, folder: Path) -> None:
        assert isinstance(model, Learner)
        net = model.net.cpu().eval()
        found = [style_of(net, self.heard.parts(item)).mean for item in self.heard.items]
        points = np.concatenate(found)
        count = min(self.recipe.styles, len(points))
        net.styles[:count] = torch.from_numpy(clustered(points, count, self.recipe.seed))
        net.styles[count:] = net.styles[:1]
        if net.config.emotions and self.recipe.begin is None:
            whole = np.stack([style.mean(axis=0) for style in found])
            net.emotions.data.copy_(torch.from_numpy(feelings(whole, self.heard.items, net.config.emotions)))
        text = card(net.config, self.heard.hours, len(self.heard.speakers()))
        save_model(folder, net, net.config, text, half=True)


def feelings(styles: np.ndarray, items: Sequence[Item], emotions: Sequence[str]) -> np.ndarray:
    """The prosody of each emotion, (emotions, style): what all speakers' have in common against their neutral.

    Labels are used here for the first time, and nothing is learned from them but these means.

    Args:
        styles: (recordings, style), the mean over each.
    """
    rows: dict[tuple[str | None, str], list[np.ndarray]] = {}
    for style, item in zip(styles, items, strict=True):
        if item.emotion is not None:
            rows.setdefault((item.speaker, item.emotion), []).append(style)
    means = {key: np.mean(found, axis=0) for key, found in rows.items()}
    foot: dict[str | None, np.ndarray] = {}
    for who in {who for who, _ in means}:
        own = np.stack([mean for (one, _), mean in means.items() if one == who])
        foot[who] = means.get((who, NEUTRAL), own.mean(axis=0))
    middle = np.mean(list(foot.values()), axis=0)
    steps = {
        name: np.mean([mean - foot[who] for (who, felt), mean in means.items() if felt == name], axis=0)
        for name in emotions
    }
    return np.stack([middle + steps[name] for name in emotions]).astype(np.float32)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)


def make_task(recipe: ProsodyRecipe) -> ProsodyTask:
    """Raises InputError where there is nothing to learn from."""
    if recipe.train is None:
        raise InputError("there is nothing to learn from: give train=DATA, recordings of speech")
    hearing = hearing_of(recipe.hearing, recipe.layer)
    heard = Recordings(read_data(recipe.train), hearing, recipe.jobs)
    held = None if recipe.validation is None else Recordings(read_data(recipe.validation), hearing, recipe.jobs)
    return ProsodyTask(recipe, heard, held)


def shipped() -> Path | None:
    """The networks that come with espressivo and allow any use."""
    folder = beside("checkpoints/prosody2vec")
    return folder if folder.is_dir() else None


def evaluate(checkpoint: Path, data: Data) -> Evaluation:
    """What the prosody tells of feelings, speakers and words. Raises InputError, AssetError as `Room` says."""
    from espressivo.systems.prosody2vec.quality import judged

    return judged(Prosody2Vec.load(checkpoint), data)
