"""The last stage: how each emotion sounds, learned from labels on top of a model that was trained without.

First a critic learns to name the emotions of real recordings. Then the networks are told emotions by name: recordings
are put together from the name as from their own prosody, and recordings of any emotion are given another, in the way
that `convert` does it, so that the critic hears it. Nothing else than how a name is listened to is learned, and the
critic learns nothing from what is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from espressivo.systems.prosody2vec.colour import smoothed
from espressivo.systems.prosody2vec.critic import Critic
from espressivo.systems.prosody2vec.encoder import BANDS, Expected, Usual, seen
from espressivo.systems.prosody2vec.examples import Batch
from espressivo.systems.prosody2vec.later import LaterTask
from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.parts import ACTIVE, PAIR
from espressivo.systems.prosody2vec.seconds import spread_out
from espressivo.systems.prosody2vec.task import looked, mean_of, overall, there, together
from espressivo.training import Losses

MELODY_COST = 2.0  # of a nat of pitch, in nats of colour
TOLD = ".told."  # what listens to emotions by name


class Actor(nn.Module):
    """The networks, and the critic that judges them."""

    step: Tensor

    def __init__(self, net: Prosody2Vec) -> None:
        super().__init__()
        self.net, self.critic = net, Critic(len(net.config.emotions))
        self.register_buffer("step", torch.zeros(()))


class ExpressTask(LaterTask):
    """Teaches a model what each emotion in the data sounds like; without a name it stays as it is."""

    def build(self) -> nn.Module:
        before, emotions = self.begun(), self.heard.emotions
        net = Prosody2Vec(replace(before.config, emotions=emotions))
        known = before.state_dict()
        net.load_state_dict({name: known[name] for name in known if TOLD not in name}, strict=False)
        for name, weight in net.named_parameters():
            weight.requires_grad_(TOLD in name)
            for emotion in set(emotions) & set(before.config.emotions) if TOLD in name else ():
                place = before.config.emotions.index(emotion)
                weight.data[:, emotions.index(emotion)] = known[name][:, place]
        return Actor(net)

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        actor: Any = getattr(model, "module", model)
        with torch.no_grad():
            expected = actor.net.expected(batch.speaker)
        if actor.training:
            actor.step += 1
        if self._rehearses(actor):
            return self._judging(actor, batch, expected)
        return self._acting(actor, batch, expected)

    def _rehearses(self, actor: Any) -> bool:
        """Whether the critic learns yet; all batches of a step do the same."""
        return float(actor.step) <= self.recipe.rehearse * self.recipe.accumulate

    def _judging(self, actor: Any, batch: Batch, expected: Expected) -> Losses:
        """The critic learns from real recordings."""
        said = self._criticised(actor.critic, batch.mel, batch.pitch, batch, expected)
        labelled = (batch.felt >= 0).float()
        named = sum(F.cross_entropy(one, batch.felt.clamp(min=0), reduction="none") for one in said)
        right = (said.softmax(-1).sum(0).argmax(-1) == batch.felt).float()
        loss = mean_of(torch.as_tensor(named), labelled)
        return Losses(loss, {"critic": loss, "right": mean_of(right, labelled)})

    def _acting(self, actor: Any, batch: Batch, expected: Expected) -> Losses:
        """The networks learn from real recordings, and to please the critic, who learns no more."""
        net: Prosody2Vec = actor.net
        net.prosody.eval()
        with torch.no_grad():
            own = there(net.read(looked(batch, expected), batch.mask), batch)
        drawn = torch.rand(len(own), device=own.device) < self.recipe.felt
        named = ((batch.felt >= 0) & drawn)[:, None, None]
        tone = torch.where(named, felt(net, own, batch.felt.clamp(min=0), batch), own)
        total, parts = together(net, batch, tone, expected, self.recipe)
        liked, hit, size = self._acted(actor, batch, own, expected)
        total = total + self.recipe.please * liked + self.recipe.spare * size
        return Losses(total, {**parts, "liked": liked, "hit": hit, "size": size})

    def _acted(self, actor: Any, batch: Batch, own: Tensor, expected: Expected) -> tuple[Tensor, Tensor, Tensor]:
        """Any emotion given to each: how far the critic is from hearing it, how often it does, and how much changes."""
        net: Prosody2Vec = actor.net
        wanted = torch.randint(len(net.config.emotions), (len(own),), device=own.device)
        frames = batch.mel.shape[1]
        before, after = (spread_out(tone, frames) for tone in (own, felt(net, own, wanted, batch)))
        with torch.no_grad():
            was = net.mel(batch.content, batch.speaker, batch.pitch, batch.voiced, before, batch.noise)
            usually = net.contour(batch.content, before).pitch
        pitch = batch.pitch + net.contour(batch.content, after).pitch - usually
        made = net.mel(batch.content, batch.speaker, pitch, batch.voiced, after, batch.noise)
        colour = smoothed(made - was)
        actor.critic.eval()
        said = self._criticised(fixed(actor.critic), batch.mel + colour, pitch, batch, expected)
        liked = sum(F.cross_entropy(one, wanted) for one in said)
        hit = (said.softmax(-1).sum(0).argmax(-1) == wanted).float().mean()
        return torch.as_tensor(liked), hit, costly(colour, pitch - batch.pitch, batch)

    def _criticised(self, critic: Any, mel: Tensor, pitch: Tensor, batch: Batch, expected: Expected) -> Tensor:
        own = whole(mel, pitch, batch)
        look = seen(mel, pitch, batch.voiced, batch.heard, own, expected, batch.blur)
        return critic(mel, look.frames, batch.mask)

    def validate(self, model: nn.Module) -> Mapping[str, float] | None:
        """None while the critic learns: the networks are as they were."""
        actor: Any = getattr(model, "module", model)
        if self._rehearses(actor):
            return None
        with torch.random.fork_rng():  # what is drawn here is drawn alike each time, and not from the training's
            torch.manual_seed(self.recipe.seed)
            return super().validate(model)


def felt(net: Prosody2Vec, own: Tensor, emotion: Tensor, batch: Batch) -> Tensor:
    """The manner `own` (batch, seconds, tone) with an emotion in place of its mean."""
    return own + (net.feeling(emotion) - overall(own, batch))[:, None]


def costly(colour: Tensor, higher: Tensor, batch: Batch) -> Tensor:
    """What makes a voice another one: nats that its colour moves about its mean, and those of its pitch.

    A colour that stays the same all the time is forgiven: as another microphone would, it hardly changes who is heard.
    """
    mask = batch.mask[..., None]
    moving = colour - (colour * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp(min=1)
    return mean_of(moving.abs().mean(-1), batch.mask) + MELODY_COST * mean_of(higher.abs(), batch.voiced)


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
