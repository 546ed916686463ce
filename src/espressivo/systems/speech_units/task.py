"""Training and measuring the units: what the Trainer and `evaluate` need."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.assets.shipped import beside
from espressivo.corpora.data import Data, read_data
from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.errors import ConfigError, InputError
from espressivo.metrics.report import Evaluation
from espressivo.systems.speech_units.card import card
from espressivo.systems.speech_units.frames import Frames, UnitFeature, real, synthetic
from espressivo.systems.speech_units.model import UnitConfig, UnitNet
from espressivo.systems.speech_units.phones import PHONES
from espressivo.training import Losses, Recipe, Task, Trainer
from espressivo.training.checkpoint import save_model
from espressivo.training.interrupt import Stopped
from espressivo.training.recipe import Some

RECIPES = Path(__file__).parent / "recipes"
FIRST_LOOK = 12_288  # points that the first centres are chosen from
MOST_CLUSTERED = 1_000_000  # frames, 11 h: more of them make no better clusters


class UnitRecipe(Recipe):
    """What the units are made of.

    Attributes:
        encoder, layer: what is listened to.
        hidden, width: of the bottleneck.
        counts: sizes of the codebooks.
        dropout, smoothing: of the bottleneck, and of the labels.
        sentences: that a synthetic voice reads, for the aligner to begin with.
        aligner_steps: that the aligner learns from them.
        transcribe: whether the recogniser writes the text of recordings that have none; else they are only clustered.
        lag: seconds by which a unit comes after the moment it tells of; it follows from the encoder.
    """

    encoder: str = "whisper-base"
    layer: int = Field(default=0, ge=0)
    hidden: Some = 512
    width: Some = 64
    counts: Annotated[tuple[Some, ...], Field(min_length=1)] = (500, 100)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    smoothing: float = Field(default=0.05, ge=0, lt=1)
    sentences: Some = 400
    aligner_steps: Some = 800
    transcribe: bool = True
    lag: float = 0.015


RECIPE = UnitRecipe


class Batch(NamedTuple):
    """Shapes: `x` (n, inputs), `phone` (n,)."""

    x: Tensor
    phone: Tensor


class PhoneTask(Task[Batch]):
    """Learns to tell phones apart, frame by frame; for the aligner, which has no output, that is all there is to do."""

    def __init__(self, recipe: UnitRecipe, config: UnitConfig, frames: Frames) -> None:
        self.recipe, self.config, self.frames = recipe, config, frames
        self._known = np.flatnonzero(frames.phone >= 0)
        if not len(self._known):
            raise InputError("no frame has a phone to learn from: is the text that of the recordings, and English?")

    def __len__(self) -> int:
        return len(self._known)

    def build(self) -> nn.Module:
        return UnitNet(self.config)

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        rows = self._known[indices]
        x = torch.from_numpy(self.frames.x[rows].astype(np.float32))
        return Batch(x, torch.from_numpy(self.frames.phone[rows]))

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        logits = model(batch.x)
        right = (logits.argmax(dim=1) == batch.phone).float().mean()
        return Losses(F.cross_entropy(logits, batch.phone, label_smoothing=self.recipe.smoothing), {"right": right})

    def speakers(self) -> Mapping[str, Collection[str | None]]:
        return {"train": set()}

    def export(self, model: nn.Module, folder: Path) -> None:
        save_model(folder, model, self.config, card(self.config, self.frames), half=True)


class UnitTask(PhoneTask):
    """Learns the bottleneck; when it is done, clusters what comes out of it.

    Raises:
        InputError: fewer frames than a codebook is to have units; found out now, not after the training.
    """

    def __init__(self, recipe: UnitRecipe, config: UnitConfig, frames: Frames, names: Collection[str | None]) -> None:
        super().__init__(recipe, config, frames)
        self._speakers = names
        self._points = frames.x[:: -(-len(frames) // MOST_CLUSTERED)]
        most = max(config.counts)
        if len(self._points) < most:
            few = f"{len(self._points)} frames to cluster are too few for {most} units"
            raise InputError(f"{few}: give more speech, or set counts lower")

    def speakers(self) -> Mapping[str, Collection[str | None]]:
        return {"train": self._speakers}

    def export(self, model: nn.Module, folder: Path) -> None:
        assert isinstance(model, UnitNet)
        points = embedded(model, self._points)
        for count in self.config.counts:
            model.codebook(count).copy_(torch.from_numpy(clustered(points, count, self.recipe.seed)))
        super().export(model, folder)


def embedded(net: UnitNet, x: np.ndarray, part: int = 8192) -> np.ndarray:
    """Where frames lie in the bottleneck, (n, width) float32."""
    net = net.eval().cpu()
    with torch.inference_mode():
        pieces = (torch.from_numpy(x[at : at + part].astype(np.float32)) for at in range(0, len(x), part))
        return torch.cat([net.embed(piece) for piece in pieces]).numpy()


def clustered(points: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The centres of `count` clusters of `points` (n, width): (count, width) float32."""
    from sklearn.cluster import MiniBatchKMeans, kmeans_plusplus

    first = np.random.default_rng(seed).permutation(len(points))[: max(FIRST_LOOK, count)]
    # In fp64: scikit-learn takes many times as long over the same in fp32.
    begun, _ = kmeans_plusplus(points[first].astype(np.float64), count, random_state=seed)
    begun = begun.astype(points.dtype)
    found = MiniBatchKMeans(count, init=begun, batch_size=4096, n_init=1, max_iter=60, random_state=seed).fit(points)
    return found.cluster_centers_.astype(np.float32)


def make_task(recipe: UnitRecipe) -> UnitTask:
    """Frames with phones from the recipe's data, and the task to learn them.

    Raises:
        ConfigError: no data.
        InputError: data without usable sound or English text.
    """
    if recipe.train is None:
        raise ConfigError("speech-units learns from recordings: give train=DATA, as CutSet or CSV with a text column")
    if recipe.validation is not None:
        raise ConfigError("speech-units validates on nothing: leave validation= out, and measure with 'evaluate'")
    data, feature = read_data(recipe.train), UnitFeature(recipe.encoder, recipe.layer)
    report = extract(data, feature, jobs=max(1, recipe.workers))
    texts = Texts(recipe.transcribe)
    random = np.random.default_rng(recipe.seed)
    known = sorted({text for item in data if (text := texts(item))})
    if texts.taken:
        told = f"{texts.taken} texts do not say their language and were taken for English"
        warnings.warn(f"{told}: a column 'language' would tell", stacklevel=2)
    if not known:
        raise InputError(f"no recording in {str(recipe.train)!r} has an English text to learn its sounds from")
    chosen = random.permutation(len(known))[: recipe.sentences]
    spoken = synthetic((known[i] for i in chosen), feature, random)
    config = UnitConfig(
        recipe.name,
        recipe.licence,
        encoder=recipe.encoder,
        layer=recipe.layer,
        inputs=spoken.x.shape[1] // 2,
        hidden=recipe.hidden,
        width=recipe.width,
        phones=len(PHONES),
        counts=recipe.counts,
        dropout=recipe.dropout,
        lag=recipe.lag,
    )
    aligner, prior = aligner_of(recipe, config, spoken)
    heard = real(data, report.store, aligner, prior, texts)
    return UnitTask(recipe, config, Frames.joined(chain([spoken], heard)), data.speakers())


def aligner_of(recipe: UnitRecipe, config: UnitConfig, spoken: Frames) -> tuple[nn.Module, np.ndarray]:
    """A network that learned the phones of synthetic speech, and how frequent each is there."""
    short = recipe.model_copy(update={"steps": recipe.aligner_steps, "output": None, "warmup": recipe.warmup // 2})
    try:
        learned = Trainer(PhoneTask(short, config, spoken), short).fit().model.eval().cpu()
    except Stopped as stop:
        told = "stopped while the aligner learned, which takes a minute: what was heard is kept, nothing else is lost"
        raise Stopped(f"{told}; give the same command again") from stop
    counts = np.bincount(spoken.phone[spoken.phone >= 0], minlength=len(PHONES))
    return learned, counts / counts.sum()


class Texts:
    """The English text of an item: its own, or what the recogniser hears; "" where there is none.

    A text that does not say its language counts as English where it is written in Latin letters; one that is not will
    fit no recording, and is dropped when they are aligned.
    """

    def __init__(self, transcribe: bool) -> None:
        self._transcribe = transcribe
        self._heard: dict[str, str] = {}
        self.taken = 0

    def __call__(self, item: Item) -> str:
        if item.text is not None:
            return item.text if self._english(item.text, item.language) else ""
        if not self._transcribe:
            return ""
        if item.id not in self._heard:
            self._heard[item.id] = self._hear(item)
        return self._heard[item.id]

    def _english(self, text: str, language: str | None) -> bool:
        if language is not None:
            return language.partition("-")[0] == "en"
        found = text.isascii() or sum(letter.isascii() for letter in text) > 0.95 * len(text)
        self.taken += found
        return found

    @cached_property
    def _recognizer(self):  # type: ignore[no-untyped-def]
        from espressivo.engines.recognizer import Recognizer

        return Recognizer()

    def _hear(self, item: Item) -> str:
        try:
            sound = item.clip().sound
        except InputError:
            return ""
        found = None if sound is None else self._recognizer.pieces([(0.0, sound.at(16_000).samples)])
        return found.text if found is not None and found.language == "en" else ""


def shipped() -> Path | None:
    """The units that come with espressivo."""
    folder = beside("checkpoints/speech-units")
    return folder if folder.is_dir() else None


def evaluate(checkpoint: Path, data: Data) -> Evaluation:
    """How well the units keep phones and drop speakers, on recordings with phones labelled by hand (EmoDB)."""
    from espressivo.systems.speech_units.quality import judged

    net = UnitNet.load(checkpoint)
    return judged(net, data)
