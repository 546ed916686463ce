"""The second stage: how each emotion sounds, learned from labels on top of a model that was trained without.

First a critic learns to name the emotions of real recordings, and a listener to hear what is said in them. Then the
networks are told emotions by name: recordings are put together from the name as from their own prosody, and recordings
of any emotion are given another, so that the critic hears it and the listener the same words. These two learn
nothing from what is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from espressivo.errors import InputError
from espressivo.nn.convnext import Reader
from espressivo.systems.prosody2vec.examples import Batch
from espressivo.systems.prosody2vec.model import (
    BANDS,
    PAIR,
    SEEN,
    Expected,
    Prosody2Vec,
    Usual,
    seen,
    spread_out,
)
from espressivo.systems.prosody2vec.parts import ACTIVE, hearing_of
from espressivo.systems.prosody2vec.recipe import ProsodyRecipe
from espressivo.systems.prosody2vec.task import ProsodyTask, looked, mean_of, overall, recordings_of, there, together
from espressivo.training import Losses

if TYPE_CHECKING:
    from jaxtyping import Float

WIDTH, LAYERS, KERNEL = 128, 3, 7  # of critic and listener
DROPPED = 0.3


class Critic(nn.Module):
    """Names the emotion of a stretch of speech, from what the prosody encoder sees of it."""

    def __init__(self, emotions: int) -> None:
        super().__init__()
        self.reader = Reader(SEEN, WIDTH, LAYERS, KERNEL)
        self.attention = nn.Linear(WIDTH, WIDTH)
        self.drop = nn.Dropout(DROPPED)
        self.out = nn.Linear(2 * WIDTH, emotions)

    def forward(
        self, frames: Float[Tensor, "batch frames seen"], mask: Float[Tensor, "batch frames"]
    ) -> Float[Tensor, "batch emotions"]:
        x = self.reader(frames * mask[..., None])
        weight = self.attention(x).clamp(-8, 8).exp() * mask[..., None]
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-4)
        mean = (weight * x).sum(1)
        power = (weight * x.square()).sum(1)
        return self.out(self.drop(torch.cat([mean, (power - mean.square()).clamp(min=1e-4).sqrt()], dim=-1)))


class Listener(nn.Module):
    """Hears what is said in mel frames, as the speech units do in sound."""

    def __init__(self, content: int) -> None:
        super().__init__()
        self.reader = Reader(PAIR * BANDS, WIDTH, LAYERS, KERNEL)
        self.out = nn.Linear(WIDTH, content)

    def forward(self, mel: Float[Tensor, "batch frames pair"]) -> Float[Tensor, "batch frames content"]:
        return self.out(self.reader((mel + 5) / 2))


class Actor(nn.Module):
    """The networks, and those that judge them."""

    step: Tensor

    def __init__(self, net: Prosody2Vec) -> None:
        super().__init__()
        self.net = net
        self.critic, self.listener = Critic(len(net.config.emotions)), Listener(net.config.content)
        self.register_buffer("step", torch.zeros(()))


class ExpressTask(ProsodyTask):
    """Teaches a model what each emotion in the data sounds like; its prosody encoder stays as it is."""

    def build(self) -> nn.Module:
        assert self.recipe.begin is not None
        before = Prosody2Vec.load(self.recipe.begin)
        recipe, emotions = self.recipe, self.heard.emotions
        net = Prosody2Vec(replace(before.config, name=recipe.name, licence=recipe.licence, emotions=emotions))
        net.load_state_dict(told(before, emotions))
        for still in (net.prosody, net.usual):
            still.requires_grad_(False)
        return Actor(net)

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        actor: Any = getattr(model, "module", model)
        with torch.no_grad():
            expected = actor.net.expected(batch.speaker)
        if actor.training:
            actor.step += 1
        if float(actor.step) <= self.recipe.rehearse:
            return self._judging(actor, batch, expected)
        return self._acting(actor, batch, expected)

    def _judging(self, actor: Any, batch: Batch, expected: Expected) -> Losses:
        """Critic and listener learn from real recordings."""
        said = self._criticised(actor.critic, batch.mel, batch.pitch, batch, expected)
        labelled = (batch.felt >= 0).float()
        named = mean_of(F.cross_entropy(said, batch.felt.clamp(min=0), reduction="none"), labelled)
        words = mean_of((actor.listener(batch.mel) - batch.content).abs().mean(-1), batch.mask)
        right = mean_of((said.argmax(-1) == batch.felt).float(), labelled)
        return Losses(named + words, {"critic": named, "right": right, "listener": words})

    def _acting(self, actor: Any, batch: Batch, expected: Expected) -> Losses:
        """The networks learn from real recordings, and to please critic and listener, who learn no more."""
        net: Prosody2Vec = actor.net
        with torch.no_grad():
            own = there(net.read(looked(batch, expected), batch.mask), batch)
        drawn = torch.rand(len(own), device=own.device) < self.recipe.felt
        named = ((batch.felt >= 0) & drawn)[:, None, None]
        tone = torch.where(named, felt(net, own, batch.felt.clamp(min=0), batch), own)
        total, parts = together(net, batch, tone, expected, self.recipe)
        liked, kept, hit = self._acted(actor, batch, own, expected)
        total = total + self.recipe.please * liked + self.recipe.keep_words * kept
        return Losses(total, {**parts, "liked": liked, "hit": hit, "words": kept})

    def _acted(self, actor: Any, batch: Batch, own: Tensor, expected: Expected) -> tuple[Tensor, Tensor, Tensor]:
        """Any emotion given to each: how far the critic is from hearing it, the listener from the words; and hits."""
        net: Prosody2Vec = actor.net
        wanted = torch.randint(len(net.config.emotions), (len(own),), device=own.device)
        frames = batch.mel.shape[1]
        before, after = (spread_out(tone, frames) for tone in (own, felt(net, own, wanted, batch)))
        with torch.no_grad():
            was = net.mel(batch.content, batch.speaker, batch.pitch, batch.voiced, before, batch.noise)
            usually = net.contour(batch.content, before).pitch
        pitch = batch.pitch + net.contour(batch.content, after).pitch - usually
        made = net.mel(batch.content, batch.speaker, pitch, batch.voiced, after, batch.noise)
        share = torch.rand(len(own), 1, 1, device=own.device)
        mel = share * (batch.mel + made - was) + (1 - share) * made
        actor.critic.eval()
        said = self._criticised(fixed(actor.critic), mel, pitch, batch, expected)
        heard = fixed(actor.listener)(mel)
        kept = mean_of((heard - batch.content).abs().mean(-1), batch.mask)
        return F.cross_entropy(said, wanted), kept, (said.argmax(-1) == wanted).float().mean()

    def _criticised(self, critic: Any, mel: Tensor, pitch: Tensor, batch: Batch, expected: Expected) -> Tensor:
        own = whole(mel, pitch, batch)
        look = seen(mel, pitch, batch.voiced, batch.heard, own, expected, batch.blur)
        return critic(look.frames, batch.mask)

    def validate(self, model: nn.Module) -> Mapping[str, float] | None:
        """None while critic and listener learn: the networks are as they were."""
        actor: Any = getattr(model, "module", model)
        if float(actor.step) <= self.recipe.rehearse:
            return None
        with torch.random.fork_rng():  # what is drawn here is drawn alike each time, and not from the training's
            torch.manual_seed(self.recipe.seed)
            return super().validate(model)

    def export(self, model: nn.Module, folder: Path) -> None:
        assert isinstance(model, Actor)
        self.save(model.net, folder)


def felt(net: Prosody2Vec, own: Tensor, emotion: Tensor, batch: Batch) -> Tensor:
    """The manner `own` (batch, seconds, tone) with an emotion in place of its mean."""
    return own + (net.feeling(emotion) - overall(own, batch))[:, None]


def told(before: Prosody2Vec, emotions: tuple[str, ...]) -> dict[str, Tensor]:
    """The weights of a network that listens to these emotions: those that it did not know do nothing at first."""
    config, weights = before.config, before.state_dict()
    for name, weight in weights.items():
        if name.endswith("film.weight"):
            columns = dict(zip(config.emotions, weight[:, config.style : config.tone].T, strict=True))
            none = torch.zeros(len(weight))
            given = [columns.get(emotion, none) for emotion in emotions]
            weights[name] = torch.cat([weight[:, : config.style], torch.stack(given, 1), weight[:, config.tone :]], 1)
    return weights


def fixed(module: nn.Module) -> Any:
    """`module` as it is now: gradients pass through it, and stop at its weights."""
    weights = {name: value.detach() for name, value in module.named_parameters()}
    return lambda *given: functional_call(module, weights, given)


def whole(mel: Tensor, pitch: Tensor, batch: Batch) -> Usual:
    """What is usual in the stretch itself, as `examples.usual` has it of a recording; gradients pass."""
    both = mel.unflatten(-1, (PAIR, BANDS)).mean(-2)
    loud = both.detach().mean(-1).masked_fill(batch.mask == 0, -99.0)
    speaks = (loud > loud.max(1, keepdim=True).values - ACTIVE).to(mel.dtype)[..., None]
    count = speaks.sum(1).clamp(min=1)
    middle = (both * speaks).sum(1) / count
    spread = (((both - middle[:, None]).square() * speaks).sum(1) / count + 1e-4).sqrt()
    voiced = batch.voiced.sum(1, keepdim=True)
    register = (pitch * batch.voiced).sum(1, keepdim=True) / voiced.clamp(min=1)
    return Usual(middle, spread, register, (voiced > 0).to(mel.dtype), batch.heard_usual)


def make_task(recipe: ProsodyRecipe) -> ExpressTask:
    """Raises InputError where no two emotions are labelled, AssetError where `begin` holds no model."""
    assert recipe.begin is not None
    before = Prosody2Vec.load(recipe.begin).config
    heard, held = recordings_of(recipe, hearing_of(before.hearing, before.layer))
    if len(heard.emotions) < 2:
        raise InputError("nothing to learn: give recordings of two emotions at least, in a column 'emotion'")
    return ExpressTask(recipe, heard, held)
