"""Training and measuring prosody: what the Trainer and `evaluate` need."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.assets.shipped import beside
from espressivo.corpora.data import Data, read_data
from espressivo.emotion import canonical
from espressivo.errors import InputError
from espressivo.metrics.report import Evaluation
from espressivo.systems.prosody2vec.card import card
from espressivo.systems.prosody2vec.encoder import MIDDLE, SPAN, Expected, Look, Usual, seen
from espressivo.systems.prosody2vec.examples import Batch, Recordings
from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.parts import HeardFeature, hearing_of
from espressivo.systems.prosody2vec.pipeline import style_of
from espressivo.systems.prosody2vec.recipe import FOLDER, ProsodyRecipe
from espressivo.systems.prosody2vec.seconds import spread_out
from espressivo.systems.speech_units.pipeline import SpeechUnits
from espressivo.systems.speech_units.task import clustered
from espressivo.training import Losses, Task
from espressivo.training.checkpoint import save_model

RECIPE, RECIPES = ProsodyRecipe, FOLDER
KNOWN = 5  # recordings of somebody before the adversary learns to tell them


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

    step: Tensor

    def __init__(self, net: Prosody2Vec, speakers: int) -> None:
        super().__init__()
        self.net = net
        style, codes = net.config.style, net.config.codes
        self.who = nn.Sequential(nn.Linear(2 * style, 128), nn.GELU(), nn.Linear(128, max(1, speakers)))
        self.what = nn.Sequential(nn.Linear(style, 128), nn.GELU(), nn.Linear(128, codes))
        self.register_buffer("step", torch.zeros(()))


class ProsodyTask(Task[Batch]):
    """Learns to put recordings together again from their parts; nobody tells it any feelings."""

    shown: ClassVar[tuple[str, ...]] = ("mel", "contour", "pace")
    """Parts of the loss whose sum a validation goes by."""

    def __init__(self, recipe: ProsodyRecipe, heard: Recordings, held: Recordings | None) -> None:
        self.recipe, self.heard, self.held = recipe, heard, held
        self.who = heard.known(KNOWN)

    def __len__(self) -> int:
        return len(self.heard)

    def build(self) -> nn.Module:
        net = Prosody2Vec(self.recipe.config)
        net.codes.copy_(torch.from_numpy(SpeechUnits.from_pretrained(count=net.config.codes).codebook))
        return Learner(net, len(self.who))

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        return self.heard.batch(indices, self.recipe.frames, random, self.recipe.blur)

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        learner: Any = getattr(model, "module", model)
        net: Prosody2Vec = learner.net
        if learner.training:
            learner.step += 1
        expected = net.expected(batch.speaker)
        fixed = Expected(*(part.detach() for part in expected))
        blur = self.recipe.blur if learner.training else 0.0
        pooled = net.prosody.pooled(looked(batch, fixed), batch.mask, blur)
        style = there(net.prosody.said(pooled, batch.mask), batch)
        total, parts = together(net, batch, net.toned(style), fixed, self.recipe)
        off = self._usual(batch, expected)
        who, what = self._hidden(learner, batch, style)
        same = alike(style[batch.seconds > 0])
        besides = self.besides(learner, batch, pooled, style)
        parts |= {"usual": off, "who": who, "what": what, "same": same, **besides}
        total = total + self.recipe.usual_weight * off + who + what + self.recipe.apart * same
        return Losses(sum(besides.values(), total), parts)

    def besides(self, learner: Any, batch: Batch, pooled: Tensor, style: Tensor) -> dict[str, Tensor]:
        """What else to learn."""
        return {}

    def _usual(self, batch: Batch, expected: Expected) -> Tensor:
        """How far the voice's usual pitch, mel and sound are from those of this recording."""
        off = (expected.mel - batch.usual).abs().mean(-1)
        pitch = batch.pitched * (expected.register[:, 0] - batch.register).abs() / SPAN
        heard = (expected.heard - batch.heard_usual).abs().mean(-1) if batch.heard_usual.shape[1] else off.new_zeros(())
        return (off + pitch + heard).mean()

    def _hidden(self, learner: Any, batch: Batch, style: Tensor) -> tuple[Tensor, Tensor]:
        share = self._share(learner)
        who = learner.who(Reversed.apply(moments(style, batch), share * self.recipe.hide_speaker))
        one = F.cross_entropy(who, batch.who.clamp(min=0), reduction="none")
        known = (batch.who >= 0).float()
        what = learner.what(Reversed.apply(style, share * self.recipe.hide_words)).log_softmax(-1)
        other = -(batch.said * what).sum(-1)
        return (one * known).sum() / known.sum().clamp(min=1), mean_of(other, batch.seconds)

    def _share(self, learner: Any) -> float:
        """How much of the adversaries' weight counts yet: what the decoder does not use could be hidden at no cost."""
        grown = self.recipe.hide_after * self.recipe.steps * self.recipe.accumulate
        return min(1.0, float(learner.step) / grown) if grown else 1.0

    def validate(self, model: nn.Module) -> Mapping[str, float] | None:
        if self.held is None:
            return {}
        random, found = np.random.default_rng(0), []
        device = next(model.parameters()).device
        model.eval()
        with torch.inference_mode():
            for chosen in np.array_split(random.permutation(len(self.held))[:96], min(6, len(self.held))):
                batch = self.held.batch(chosen, self.recipe.frames, random, 0.0)
                losses = self.loss(model, Batch(*(part.to(device) for part in batch)))
                found.append({name: float(value) for name, value in losses.parts.items()})
        model.train()
        means = {name: float(np.mean([row[name] for row in found])) for name in self.shown}
        return {"score": -sum(means.values()), **means}

    def speakers(self) -> Mapping[str, Collection[str | None]]:
        held = {} if self.held is None else {"validation": self.held.speakers()}
        return {"train": self.heard.speakers(), **held}

    def export(self, model: nn.Module, folder: Path) -> None:
        assert isinstance(model.net, Prosody2Vec)
        self.save(model.net, folder)

    def save(self, net: Prosody2Vec, folder: Path) -> None:
        """Finds the style tokens, and writes the model."""
        net = net.cpu().eval()
        found = [style_of(net, self.heard.parts(item)) for item in self.heard.items]
        points = np.concatenate(found)
        count = min(net.config.styles, len(points))
        net.styles[:count] = torch.from_numpy(clustered(points, count, self.recipe.seed))
        net.styles[count:] = net.styles[:1]
        labels = () if self.recipe.learns == "speech" else self.heard.emotions
        text = card(net.config, self.heard.hours, len(self.heard.speakers()), labels)
        save_model(folder, net, net.config, text, half=True)


def looked(batch: Batch, expected: Expected) -> Look:
    """What the prosody encoder gets."""
    own = Usual(batch.usual, batch.spread, batch.register[:, None], batch.pitched[:, None], batch.heard_usual)
    return seen(batch.mel, batch.pitch, batch.voiced, batch.heard, own, expected, batch.blur)


def there(style: Tensor, batch: Batch) -> Tensor:
    """The prosody of each second; beyond the recording's end that of its last one."""
    last = (batch.seconds > 0).sum(1).clamp(min=1) - 1
    place = torch.minimum(torch.arange(style.shape[1], device=style.device)[None], last[:, None])
    return style.gather(1, place[..., None].expand_as(style))


def overall(style: Tensor, batch: Batch) -> Tensor:
    """The mean prosody of each recording: (batch, seconds, style) to (batch, style)."""
    weight = batch.seconds[..., None]
    return (style * weight).sum(1) / weight.sum(1)


def moments(style: Tensor, batch: Batch) -> Tensor:
    """And the mean of the squares: (batch, seconds, style) to (batch, 2 style)."""
    return torch.cat([overall(style, batch), overall(style.square(), batch)], dim=-1)


def alike(numbers: Tensor) -> Tensor:
    """How much the columns of (n, style) tell of each other: the squares of their correlations, added up for each.

    Source: Zbontar et al., Barlow Twins (arXiv 2103.03230), the term that reduces redundancy.
    """
    even = (numbers - numbers.mean(0)) / (numbers.var(0, correction=0) + 1e-4).sqrt()
    both = even.T @ even / len(even)
    return (both - torch.diag(both.diagonal())).square().sum() / len(both)


def together(
    net: Prosody2Vec, batch: Batch, tone: Tensor, expected: Expected, recipe: ProsodyRecipe
) -> tuple[Tensor, dict[str, Tensor]]:
    """What is wrong with the recordings put together from their parts and `tone`: in all, and in each respect."""
    frames = spread_out(tone, batch.mel.shape[1])
    made = net.mel(batch.content, batch.speaker, batch.pitch, batch.voiced, frames, batch.noise)
    mel = mean_of((made - batch.mel).abs().mean(-1), batch.mask)
    guess, level = net.contour(batch.content, frames), batch.mel.mean(-1)
    pitch = mean_of((guess.pitch - (batch.pitch - expected.register)).abs() / SPAN, batch.voiced)
    voicing = F.binary_cross_entropy_with_logits(guess.voicing, batch.voiced, reduction="none")
    loud = mean_of((guess.level - (level - MIDDLE)).abs(), batch.mask)
    contour = pitch + mean_of(voicing, batch.mask) + 0.3 * loud
    lengths = net.lengths(batch.runs, batch.run_blend @ tone)
    pace = mean_of((lengths - batch.lengths).abs(), batch.run_mask)
    total = mel + recipe.contour_weight * contour + recipe.pace_weight * pace
    return total, {"mel": mel, "contour": contour, "pace": pace}


def mean_of(values: Tensor, mask: Tensor) -> Tensor:
    """The mean where `mask` is 1."""
    return (values * mask).sum() / mask.sum().clamp(min=1)


def make_task(recipe: ProsodyRecipe) -> ProsodyTask:
    """What the recipe's stage learns.

    Raises:
        InputError: no data to learn from, or no two emotions in them where these are to be learned, or no `begin`,
            or one that is not needed.
        AssetError: `begin` holds no model.
    """
    if recipe.train is None:
        raise InputError("there is nothing to learn from: give train=DATA, recordings of speech")
    if recipe.learns == "speech":
        if recipe.begin is not None:
            raise InputError("learns=speech goes on from nothing: give --recipe tune or express, or leave out begin=")
        return ProsodyTask(recipe, *recordings_of(recipe, hearing_of(recipe.hearing, recipe.layer)))
    from espressivo.systems.prosody2vec.express import ExpressTask
    from espressivo.systems.prosody2vec.tune import TuneTask

    if recipe.begin is None:
        raise InputError(f"there is nothing to go on from: learns={recipe.learns} needs begin=FOLDER, of a model")
    before = Prosody2Vec.load(recipe.begin).config
    heard, held = recordings_of(recipe, hearing_of(before.hearing, before.layer))
    if len(heard.emotions) < 2:
        raise InputError("nothing to learn: give recordings of two emotions at least, in a column 'emotion'")
    return (ExpressTask if recipe.learns == "expression" else TuneTask)(recipe, recipe.begin, heard, held)


def recordings_of(recipe: ProsodyRecipe, hearing: HeardFeature | None) -> tuple[Recordings, Recordings | None]:
    """To learn from, and to validate on if there are such."""

    names = {canonical(name): canonical(other) for name, other in recipe.labels.items()}

    def read(path: Path) -> Recordings:
        renamed = [replace(item, emotion=names.get(item.emotion or "", item.emotion)) for item in read_data(path)]
        return Recordings(renamed, hearing, recipe.jobs)

    assert recipe.train is not None
    heard, held = read(recipe.train), None if recipe.validation is None else read(recipe.validation)
    if held is not None:
        held.emotions = heard.emotions
    return heard, held


def shipped() -> Path | None:
    """The networks that come with espressivo and allow any use."""
    folder = beside("checkpoints/prosody2vec")
    return folder if folder.is_dir() else None


def evaluate(checkpoint: Path, data: Data) -> Evaluation:
    """What the prosody tells of feelings, speakers and words. Raises InputError, AssetError as `Room` says."""
    from espressivo.systems.prosody2vec.quality import judged

    return judged(Prosody2Vec.load(checkpoint), data)
