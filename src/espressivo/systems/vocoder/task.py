"""Training and measuring the vocoder: what the Trainer and `evaluate` need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from espressivo.assets.shipped import beside
from espressivo.corpora.data import Data, read_data
from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.corpora.skips import none_left
from espressivo.errors import InputError
from espressivo.metrics.report import Evaluation
from espressivo.signal.harmonic import MEL, HarmonicConfig, HarmonicNet, Melody
from espressivo.signal.harmonic_vocoder import VocoderConfig
from espressivo.systems.vocoder.card import card
from espressivo.systems.vocoder.losses import SpectralLoss, melody_loss
from espressivo.systems.vocoder.waves import WaveFeature, cropped
from espressivo.training import Losses, Recipe, Task
from espressivo.training.checkpoint import save_model
from espressivo.training.recipe import Count, Some

RECIPES = Path(__file__).parent / "recipes"
JUDGED = 32  # stretches of held-out recordings that a validation listens to


class VocoderRecipe(Recipe):
    """What the vocoder's training has besides.

    Attributes:
        frames: of mel in an example.
        width, layers, pitch_width, pitch_layers, kernel: see HarmonicConfig.
        varied: share of the examples that are played at another speed and level.
        noisy: share of the examples that noise is mixed into.
        told: share of the batches that are given the tracker's melody; the others, the network's own.
        mel_weight, melody_weight: of those losses, against that of the spectra.
        jobs: processes that read the recordings.
    """

    frames: Some = 64
    width: Some = 256
    layers: Some = 8
    pitch_width: Some = 128
    pitch_layers: Some = 3
    kernel: Some = 7
    varied: float = Field(default=0.5, ge=0, le=1)
    noisy: float = Field(default=0.3, ge=0, le=1)
    told: float = Field(default=0.5, ge=0, le=1)
    mel_weight: float = Field(default=3.0, ge=0)
    melody_weight: float = Field(default=0.2, ge=0)
    jobs: Count = 1

    @property
    def network(self) -> HarmonicConfig:
        return HarmonicConfig(**{name: getattr(self, name) for name in asdict(HarmonicConfig())})


RECIPE = VocoderRecipe


class Batch(NamedTuple):
    """Shapes: `wave` (n, samples), `hz` and `voiced` (n, frames), `top` (n,), `told` () bool."""

    wave: Tensor
    hz: Tensor
    voiced: Tensor
    top: Tensor
    told: Tensor


class Recordings:
    """Those that could be read, and what the cache keeps of them."""

    def __init__(self, data: Data, jobs: int = 1) -> None:
        report = extract(data, WaveFeature(), jobs=max(1, jobs))
        self.store, self.skipped = report.store, tuple(report.skipped)
        self.items: list[Item] = [item for item in data if item in self.store]
        if not self.items:
            raise none_left(self.skipped)

    def __len__(self) -> int:
        return len(self.items)

    def speakers(self) -> set[str | None]:
        return {item.speaker for item in self.items}

    def batch(
        self,
        indices: Sequence[int] | np.ndarray,
        frames: int,
        random: np.random.Generator,
        varied: float = 0.0,
        noisy: float = 0.0,
        told: float = 0.0,
    ) -> Batch:
        crops = [cropped(self.store[self.items[i]], frames, random, varied, noisy) for i in indices]
        wave, hz, voiced, top = (torch.from_numpy(np.stack(part)).float() for part in zip(*crops, strict=True))
        return Batch(wave, hz, voiced, top, torch.tensor(random.random() < told))


class VocoderTask(Task[Batch]):
    """Learns to give back the sound that the mel was made from."""

    def __init__(self, recipe: VocoderRecipe, heard: Recordings, held: Recordings | None) -> None:
        self.recipe, self.heard, self.held = recipe, heard, held
        self.spectral = SpectralLoss()

    def __len__(self) -> int:
        return len(self.heard)

    def build(self) -> nn.Module:
        return HarmonicNet(self.recipe.network)

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        recipe = self.recipe
        return self.heard.batch(indices, recipe.frames, random, recipe.varied, recipe.noisy, recipe.told)

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        net: Any = getattr(model, "module", model)
        self.spectral.to(batch.wave.device)
        mel = self.spectral.mel(batch.wave)
        logits, voicing = net.melody(mel)
        melody = melody_loss(logits, voicing, batch.hz, batch.voiced, net.hertz)
        with torch.no_grad():
            own = net.read(mel)
        hz = torch.where(batch.voiced > 0, batch.hz, own.hz)
        given = Melody(hz, batch.voiced) if bool(batch.told) else own
        # Not from the first sample on: the pulses may lie anywhere in a frame.
        spectra, mels = self.spectral(net(mel, given), batch.wave, batch.top)
        total = spectra + self.recipe.mel_weight * mels + self.recipe.melody_weight * melody
        return Losses(total, {"spectra": spectra, "mel": mels, "melody": melody})

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        if self.held is None:
            return {}
        random, found = np.random.default_rng(0), []
        device = next(model.parameters()).device
        model.eval()
        with torch.inference_mode():
            for _ in range(0, JUDGED, 8):
                chosen = random.integers(0, len(self.held), 8)
                batch = self.held.batch(chosen, self.recipe.frames, random)
                losses = self.loss(model, Batch(*(part.to(device) for part in batch)))
                found.append([float(losses.total), *(float(part) for part in losses.parts.values())])
        model.train()
        total, spectra, mels, melody = np.mean(found, axis=0)
        return {"score": -float(total), "spectra": float(spectra), "mel": float(mels), "melody": float(melody)}

    def speakers(self) -> Mapping[str, Collection[str | None]]:
        held = {} if self.held is None else {"validation": self.held.speakers()}
        return {"train": self.heard.speakers(), **held}

    def export(self, model: nn.Module, folder: Path) -> None:
        assert isinstance(model, HarmonicNet)
        config = VocoderConfig(self.recipe.name, self.recipe.licence, model.config)
        seconds = sum(len(self.heard.store[item]["hz"]) for item in self.heard.items) / MEL.frame_rate
        text = card(self.recipe.name, self.recipe.licence, seconds / 3600, len(self.heard.speakers()))
        save_model(folder, model, config, text, half=True)


def make_task(recipe: VocoderRecipe) -> VocoderTask:
    """Raises InputError where there is nothing to learn from."""
    if recipe.train is None:
        raise InputError("there is nothing to learn from: give train=DATA, recordings of speech")
    heard = Recordings(read_data(recipe.train), recipe.jobs)
    held = None if recipe.validation is None else Recordings(read_data(recipe.validation), recipe.jobs)
    return VocoderTask(recipe, heard, held)


def shipped() -> Path | None:
    """The vocoder that comes with espressivo."""
    folder = beside("checkpoints/vocoder")
    return folder if folder.is_dir() else None


def evaluate(checkpoint: Path, data: Data) -> Evaluation:
    """How much of recordings is left after copy synthesis. Raises InputError, AssetError as `Room` says."""
    from espressivo.systems.vocoder.quality import judged

    return judged(checkpoint, data)
