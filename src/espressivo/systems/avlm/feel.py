"""Emotions: the model learns to name how somebody feels, as a word and from its hidden states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence as Rows
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.corpora.data import read_data
from espressivo.corpora.item import Item
from espressivo.corpora.licences import corpus_of
from espressivo.emotion import EMOTIONS, canonical
from espressivo.errors import InputError
from espressivo.systems.avlm.asking import asked, made_of, senses
from espressivo.systems.avlm.clips import Clips, faces_of, read_clips
from espressivo.systems.avlm.earlier import Earlier
from espressivo.systems.avlm.heads import SENSES, Head, widths
from espressivo.systems.avlm.made import MadeUp
from espressivo.systems.avlm.model import Avlm, AvlmConfig
from espressivo.systems.avlm.packing import Batch
from espressivo.systems.avlm.recipe import AvlmRecipe
from espressivo.systems.avlm.seen import Seen
from espressivo.systems.avlm.sequence import Sequence, Writer
from espressivo.systems.avlm.spoken import Spoken
from espressivo.systems.avlm.states import states_of
from espressivo.systems.avlm.task import AvlmTask
from espressivo.systems.voice_emotion.inputs import relative, usual_deviation
from espressivo.training import Losses
from espressivo.training.calibration import fit_temperature

NOTHING_TO_LEARN = "nothing to learn: give recordings of two emotions at least, in a column 'emotion'"
LEAST = 5
"""Clips of somebody from which what is usual for them is told."""
MOST = 1500
"""Clips that the heads are fitted on; more would tell them little, and each is read twice."""


class FeelBatch(NamedTuple):
    """Clips with their labels (clips,), and the emotions that each could have been labelled with."""

    rows: Batch
    label: Tensor
    allowed: Tensor


class Evened(nn.BatchNorm1d):
    """Brings inputs of very different sizes to one: by what the batch holds, or, of one clip, what batches held."""

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        train = self.training and len(x) > 1
        return F.batch_norm(x, self.running_mean, self.running_var, training=train, momentum=self.momentum or 0.1)


class Learner(nn.Module):
    """The model, and heads that training alone needs: those that it keeps are fitted at the end."""

    def __init__(self, net: Avlm) -> None:
        super().__init__()
        self.net = net
        wide = widths(net.dim)["both"]
        answers = nn.Linear(wide, len(net.config.emotions))
        self.head = nn.Sequential(Evened(wide), answers)


class FeelTask(AvlmTask):
    """Names emotions by voice, by face and by both."""

    def __init__(self, recipe: AvlmRecipe, heard: Clips, held: Clips | None = None, talk: Rows[Seen] = ()) -> None:
        super().__init__(recipe, heard, held)
        found = {item.emotion for item in heard.items}
        self.emotions = tuple(name for name in EMOTIONS if name in found)
        if len(self.emotions) < 2:
            raise InputError(NOTHING_TO_LEARN)
        if held is not None:
            self.held = held.only(i for i, item in enumerate(held.items) if item.emotion in self.emotions)
        self.made_up = MadeUp([face.expression[face.present] for face in talk])
        self.of_corpus: dict[str, set[str | None]] = {}
        for item in heard.items:
            self.of_corpus.setdefault(corpus_of(item), set()).add(item.emotion)

    @classmethod
    def read(cls, recipe: AvlmRecipe) -> FeelTask:
        heard, held = (_labelled(recipe, path) for path in (recipe.train, recipe.validation))
        assert heard is not None
        talk = [] if recipe.talk is None else faces_of(read_data(recipe.talk), recipe.jobs)
        return cls(recipe, heard, held, talk)

    @property
    def config(self) -> AvlmConfig:
        return replace(self.recipe.config, emotions=self.emotions)

    def build(self) -> nn.Module:
        net = super().build()
        assert isinstance(net, Avlm)
        return Learner(net)

    def order(self, epoch: int, random: np.random.Generator) -> np.ndarray:
        """Every emotion of a corpus equally often."""
        weight = self.weights(self.heard)
        return random.choice(len(self), len(self), p=weight / weight.sum())

    def weights(self, clips: Clips) -> np.ndarray:
        """(clips,): all emotions of a corpus weigh the same, and a corpus as much as it has clips."""
        kinds = [(corpus_of(item), item.emotion) for item in clips.items]
        counts, sizes = Counter(kinds), Counter(corpus for corpus, _ in kinds)
        return np.array([sizes[kind[0]] / (len(self.of_corpus[kind[0]]) * counts[kind]) for kind in kinds])

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Any:
        rows = []
        for i in indices:
            (spoken, seen), sense = self.perceived(self.heard, int(i), random), random.uniform()
            deaf, blind = seen is not None and sense < self.recipe.deaf, sense > 1 - self.recipe.blind
            row = asked(self.config, None if deaf else spoken, None if blind else seen)
            rows.append(self.named(row, self.heard.items[i]))
        return FeelBatch(self.pack(rows), *self.labels([self.heard.items[i] for i in indices]))

    def examples(self, clips: Clips, numbers: np.ndarray, random: np.random.Generator) -> Any:
        return FeelBatch(super().examples(clips, numbers, random), *self.labels([clips.items[i] for i in numbers]))

    def pack(self, rows: list[Sequence]) -> Batch:
        return made_of(self.config, rows)

    def labels(self, items: list[Item]) -> tuple[Tensor, Tensor]:
        """(clips,) the number of each one's emotion, and (clips, emotions) which its corpus has at all."""
        known = [self.of_corpus.get(corpus_of(item), self.emotions) for item in items]
        label = torch.tensor([self.emotions.index(str(item.emotion)) for item in items])
        return label, torch.tensor([[name in own for name in self.emotions] for own in known])

    def sequence(self, writer: Writer, clips: Clips, number: int, random: np.random.Generator) -> Sequence:
        return self.named(asked(self.config, *self.perceived(clips, number, random)), clips.items[number])

    def perceived(
        self, clips: Clips, number: int, random: np.random.Generator, other: str = ""
    ) -> tuple[Spoken, Seen | None]:
        """Voice and face; of `other` people than in training, if a face is made up."""
        spoken, item = self.voice(clips, number), clips.items[number]
        seen = self.face(clips, number, spoken)
        if seen is None and self.recipe.made_up and self.config.parts:
            who = f"{item.speaker or item.id}{other}" if other else None
            seen = self.made_up(str(item.emotion), len(spoken), random, who)
        return spoken, seen

    def looked_at(self, number: int) -> Seen | None:
        return self.perceived(self.heard, number, np.random.default_rng(number))[1]

    def named(self, writer: Writer, item: Item) -> Sequence:
        """And the answer, to be learned."""
        return writer.text(self.written(f" {item.emotion}"), learned=True).done()

    def loss(self, model: nn.Module, batch: Any) -> Losses:
        learner: Any = getattr(model, "module", model)
        hidden = learner.net(batch.rows)
        _, word = learner.net.surprise(hidden, batch.rows.targets)
        logits = learner.head(states_of(learner.net, batch.rows, hidden).both).masked_fill(~batch.allowed, -1e4)
        named = F.cross_entropy(logits, batch.label)
        right = (logits.argmax(1) == batch.label).float().mean()
        total = named + self.recipe.word_weight * word.mean()
        return Losses(total, {"head": named, "word": word.mean(), "right": right}, float(len(batch.label)))

    def senses(self, net: Avlm, clips: Clips, seed: int = 0, other: str = "") -> dict[str, Tensor]:
        """What the heads get of all clips."""
        random = np.random.default_rng(seed)
        groups = np.array_split(np.arange(len(clips)), -(-len(clips) // self.recipe.batch_size))
        found = [senses(net, [self.perceived(clips, int(i), random, other) for i in chosen]) for chosen in groups]
        return {sense: torch.cat([part[sense] for part in found]) for sense in SENSES}

    def export(self, model: nn.Module, folder: Path) -> None:
        net: Any = model.net
        self.fit(net)
        super().export(net, folder)

    def fit(self, net: Avlm) -> None:
        """The heads, on all that there is to learn from."""
        random = np.random.default_rng(self.recipe.seed)
        clips = self.heard.only(sorted(random.permutation(len(self.heard))[:MOST].tolist()))
        label, allowed = self.labels(clips.items)
        weight, people = torch.from_numpy(self.weights(clips)).float(), people_of(clips)
        known = torch.from_numpy(often(people))
        begun = None if self.recipe.begin is None else Earlier.of(self.recipe.begin)
        for sense, x in self.senses(net, clips, self.recipe.seed, "'s double").items():
            net.head(sense).fit(x, label, weight, allowed, self._before(begun, sense))
            if known.any():
                head, who = net.head(sense, known=True), people[known.numpy()]
                head.usual = torch.from_numpy(usual_deviation(x[known].numpy(), who))
                own = against(x[known], who, head.usual)
                head.fit(own, label[known], weight[known], allowed[known], self._before(begun, sense, known=True))
        self._calibrate(net)

    def _calibrate(self, net: Avlm) -> None:
        """Makes the heads as sure as they are right on validation data; without any, as the recipe says."""
        held = self.held
        x = {} if held is None or not len(held) else self.senses(net, held, self.recipe.seed, "'s double")
        for sense, known in product(SENSES, (False, True)):
            head = net.head(sense, known)
            rows = often(people_of(held)) if held is not None and known else slice(None)
            if held is None or not x or not len(x[sense][rows]) or not head.learned:
                head.temperature.fill_(self.recipe.temperature)
                continue
            label, allowed = (part[rows] for part in self.labels(held.items))
            own = against(x[sense][rows], people_of(held)[rows], head.usual) if known else x[sense]
            head.temperature.fill_(fit_temperature(head(own).masked_fill(~allowed, -1e4), label))

    def _before(self, begun: Earlier | None, sense: str, known: bool = False) -> Head | None:
        """What the model that it goes on from knew of emotions, if anything."""
        return None if begun is None else begun.head(sense, self.emotions, known)


def people_of(clips: Clips) -> np.ndarray:
    """Who each clip is of; one of nobody known is by itself."""
    return np.array([item.speaker or item.id for item in clips.items])


def often(people: np.ndarray) -> np.ndarray:
    """Which of them have so many clips that what is usual for them can be told."""
    names, counts = np.unique(people, return_counts=True)
    return np.isin(people, names[counts >= LEAST])


def against(x: Tensor, people: np.ndarray, usual: Tensor) -> Tensor:
    """Each clip against what is usual for its speaker."""
    return torch.from_numpy(relative(x.numpy(), people, usual.numpy()))


def _labelled(recipe: AvlmRecipe, path: Path | None) -> Clips | None:
    """Those recordings of the data that have an emotion which is not left out."""
    if path is None:
        return None
    names = {canonical(name): canonical(other) for name, other in recipe.labels.items()}
    out = {canonical(name) for name in recipe.leave_out}
    renamed = [replace(item, emotion=names.get(item.emotion or "", item.emotion)) for item in read_data(path)]
    kept = [item for item in renamed if item.emotion is not None and item.emotion not in out]
    if not kept:
        raise InputError(NOTHING_TO_LEARN)
    return read_clips(kept, ear=recipe.ear, look=bool(recipe.config.parts), jobs=recipe.jobs)
