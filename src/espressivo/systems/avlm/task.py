"""Training the model: what its stages share, and what the Trainer and `evaluate` need."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from espressivo.assets.shipped import beside
from espressivo.corpora.data import Data, read_data
from espressivo.errors import InputError
from espressivo.metrics.report import Evaluation
from espressivo.signal.tokens import UNIT_RATE
from espressivo.systems.avlm import language
from espressivo.systems.avlm.card import card
from espressivo.systems.avlm.clips import Clips, read_clips
from espressivo.systems.avlm.earlier import Earlier
from espressivo.systems.avlm.encoders import Moving
from espressivo.systems.avlm.fusions import FUSIONS
from espressivo.systems.avlm.model import Avlm, AvlmConfig
from espressivo.systems.avlm.noise import Noise
from espressivo.systems.avlm.packing import Batch, pack
from espressivo.systems.avlm.recipe import FOLDER, AvlmRecipe
from espressivo.systems.avlm.seen import Seen
from espressivo.systems.avlm.sequence import Sequence, Writer
from espressivo.systems.avlm.spoken import Spoken
from espressivo.systems.avlm.vocabulary import Vocabulary
from espressivo.training import Losses, Task
from espressivo.training.checkpoint import TRAINING, load_speakers, save_model
from espressivo.training.step import moved

RECIPE, RECIPES = AvlmRecipe, FOLDER
SCALED = 400  # clips that the scale of the encoders' inputs is taken from
HELD = 96  # examples that a validation looks at


class AvlmTask(Task[Batch]):
    """Learns to foresee the targets of its sequences.

    Args:
        heard: to learn from.
        held: to validate on.
    """

    @classmethod
    @abstractmethod
    def read(cls, recipe: AvlmRecipe) -> AvlmTask:
        """With the data that the recipe names. Raises InputError where they hold nothing to learn."""

    def __init__(self, recipe: AvlmRecipe, heard: Clips, held: Clips | None = None) -> None:
        self.recipe, self.heard, self.held = recipe, heard, held
        self.text, self.words = language.tokenizer(recipe.lm), Vocabulary(language.size(recipe.lm))
        self.fusion = FUSIONS[recipe.fusion]

    def __len__(self) -> int:
        return len(self.heard)

    @property
    def config(self) -> AvlmConfig:
        return self.recipe.config

    def build(self) -> nn.Module:
        net = Avlm(self.config, torch.bfloat16 if self.recipe.precision == "bf16" else torch.float32)
        if net.looks:
            numbers = np.random.default_rng(0).permutation(len(self))[:SCALED]
            scale(net, [face for face in map(self.looked_at, numbers.tolist()) if face is not None])
        if self.recipe.begin is not None:
            Earlier.of(self.recipe.begin).into(net)
        return net

    @abstractmethod
    def sequence(self, writer: Writer, clips: Clips, number: int, random: np.random.Generator) -> Sequence:
        """An example, with what is drawn for it; `writer` is empty."""

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        return self.examples(self.heard, indices, random)

    def examples(self, clips: Clips, numbers: np.ndarray, random: np.random.Generator) -> Batch:
        return self.pack([self.sequence(Writer(self.words), clips, int(i), random) for i in numbers])

    def pack(self, rows: list[Sequence]) -> Batch:
        return pack(rows, partial(self.fusion.asks, self.words), self.config.parts)

    def voice(self, clips: Clips, number: int, noise: int = 0) -> Spoken:
        """What was heard in a clip, no longer than the recipe says."""
        return clips.spoken(number, noise).cut(round(self.recipe.longest * UNIT_RATE))

    def face(self, clips: Clips, number: int, spoken: Spoken) -> Seen | None:
        """The face of a clip, as long as its voice."""
        found = clips.face(number) if self.config.parts else None
        return None if found is None else found.cut(len(spoken))

    def looked_at(self, number: int) -> Seen | None:
        """The face of an example, to take the scale of all faces from."""
        return self.heard.face(number)

    def written(self, text: str) -> list[int]:
        """The ids of a text."""
        return list(self.text(text, add_special_tokens=False)["input_ids"])

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        net: Any = getattr(model, "module", model)
        said, written = net.surprise(model(batch), batch.targets)
        both = torch.cat([said, written])
        mean = both.sum() / max(1, len(both))  # of a short clip it may be that nothing was dropped
        return Losses(mean, {"surprise": mean}, float(len(both)))

    def validate(self, model: nn.Module) -> Mapping[str, float] | None:
        if self.held is None:
            return {}
        nats = self.surprise(model, self.held)
        return {"score": -nats, "perplexity": math.exp(min(nats, 20.0))}

    @torch.inference_mode()
    def surprise(self, model: nn.Module, clips: Clips, most: int = HELD) -> float:
        """Mean nats of a target, over at most so many of the clips."""
        random, total, count = np.random.default_rng(0), 0.0, 0
        numbers, device = random.permutation(len(clips))[:most], next(model.parameters()).device
        model.eval()
        for chosen in np.array_split(numbers, -(-len(numbers) // self.recipe.batch_size)):
            losses = self.loss(model, moved(self.examples(clips, chosen, random), device))
            weight = float(losses.weight or 0)
            total, count = total + float(losses.total) * weight, count + int(weight)
        model.train()
        return total / max(1, count)

    def speakers(self) -> Mapping[str, Collection[str | None]]:
        held = {} if self.held is None else {"validation": self.held.speakers()}
        now: dict[str, Collection[str | None]] = {"train": self.heard.speakers(), **held}
        begin = self.recipe.begin
        before = load_speakers(begin) if begin is not None and (begin / TRAINING).is_file() else {}
        return {part: {*before.get(part, ()), *now.get(part, ())} for part in {**before, **now}}

    def export(self, model: nn.Module, folder: Path) -> None:
        assert isinstance(model, Avlm)
        save_model(folder, model, model.config, card(model.config, self.recipe, self.heard), half=True)


@torch.no_grad()
def scale(net: Avlm, faces: list[Seen]) -> None:
    """Gives the encoders the scale of what they will see. Raises InputError where there is no face at all."""
    if not faces:
        raise InputError("no face is in the recordings: give some with faces, or fusion=none")
    for encoder in net.eye.encoders.values():
        if isinstance(encoder, Moving):
            rows = [getattr(face, encoder.parts[0])[face.present] for face in faces]
            encoder.fit(torch.from_numpy(np.concatenate(rows)))


def make_task(recipe: AvlmRecipe) -> AvlmTask:
    """What the recipe's stage learns.

    Raises:
        InputError: no data to learn from, or nothing in them that the stage needs.
        ConfigError: an unknown model, encoder or fusion.
        AssetError: `begin` holds no model.
    """
    if recipe.train is None:
        raise InputError("there is nothing to learn from: give train=DATA, recordings of speech")
    from espressivo.systems.avlm.stages import STAGES

    return STAGES[recipe.stage].read(recipe)


def data_of(recipe: AvlmRecipe, path: Path | None, noises: tuple[Noise, ...] = (), faces: bool = False) -> Clips | None:
    """The recordings of a part of the data. Raises InputError where nothing is left."""
    if path is None:
        return None
    look = bool(recipe.config.parts)
    return read_clips(read_data(path), ear=recipe.ear, noises=noises, look=look, faces=faces and look, jobs=recipe.jobs)


def shipped() -> Path | None:
    """The better of the two that come with the package."""
    folder = beside("checkpoints/avlm-nc")
    return folder if folder.is_dir() else None


def evaluate(checkpoint: Path, data: Data) -> Evaluation:
    """Measures what the model was last taught. Raises InputError, AssetError as `Room` says."""
    from espressivo.systems.avlm.quality import judged

    return judged(Avlm.load(checkpoint), data)
