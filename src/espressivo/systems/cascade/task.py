"""Training the voice classifier: one recipe, one command.

python -m espressivo.systems.cascade.task RECIPE.yaml --data CORPORA -o CHECKPOINT
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor
from torch.nn import functional as F

from espressivo.emotion import EMOTIONS
from espressivo.errors import ConfigError, InputError
from espressivo.systems.cascade.corpora import Table, read_table, synthetic_table
from espressivo.systems.cascade.model import VoiceConfig, VoiceNet

RECIPES = Path(__file__).parent / "recipes"


class Recipe(BaseModel):
    """All that decides a trained voice model, apart from the corpora themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    licence: str
    """Of the trained weights, which follows from the corpora."""
    corpora: Annotated[tuple[Literal["ravdess", "emodb", "nemo", "synthetic"], ...], Field(min_length=1, strict=False)]
    labels: dict[str, str] = Field(default_factory=dict)
    """An emotion of the corpora, and the one that it is taken for: {calm: neutral}."""
    leave_out: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Emotions whose utterances are not learned from."""
    penalty: float = Field(gt=0)
    """Weight of the squared norm of the weights, against a mean loss."""
    calibrate_on: Literal["speaker", "corpus"]
    """What is held out, part by part, to fit the temperature: unseen people, or unseen recordings and languages."""
    temperature: float | None = Field(default=None, gt=0)
    """Taken as it is, instead of a fitted one, where what can be held out is too much like what is learned from."""
    steps: int = Field(default=200, gt=0)
    seed: int = 0

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """The recipe in a YAML file.

        Raises:
            ConfigError: missing, not YAML, or a key or value that no recipe has.
        """
        import yaml

        try:
            return cls(**yaml.safe_load(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ConfigError(f"{path}: {where}: {first['msg']}, got {first['input']!r}") from error
        except (OSError, TypeError, yaml.YAMLError) as error:
            raise ConfigError(f"{path} is not a recipe: {str(error).splitlines()[0]}") from error


def loss(logits: Tensor, target: Tensor, weight: Tensor, labelled: Tensor) -> Tensor:
    """Weighted cross-entropy, each utterance judged only among the emotions that its corpus labels.

    A corpus without the label "bored" may well hold bored speech: its utterances say nothing about that emotion.

    Shapes: `logits` and `labelled` (utterances, emotions), `target` and `weight` (utterances,), weights sum to 1.
    """
    return (weight * F.cross_entropy(logits.masked_fill(~labelled, -1e9), target, reduction="none")).sum()


def fit(recipe: Recipe, table: Table) -> VoiceNet:
    """The classifier that `table` teaches, not calibrated yet."""
    emotions = tuple(emotion for emotion in EMOTIONS if emotion in table.emotion)
    net = VoiceNet(VoiceConfig(recipe.name, emotions, table.x.shape[1], recipe.licence, recipe.corpora))
    x = torch.from_numpy(levelled(table))
    net.mean.copy_(x.mean(dim=0))
    net.deviation.copy_(x.std(dim=0).clamp(min=1e-6))
    z = net.standardised(x)
    target, weight, labelled = _targets(table, emotions)
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=recipe.steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        total = loss(net.linear(z), target, weight, labelled) + recipe.penalty * net.linear.weight.square().sum()
        total.backward()
        return total

    with one_thread():
        optimizer.step(closure)
    return net.eval()


@contextmanager
def one_thread() -> Iterator[None]:
    """For matrices so small that threads wait for each other longer than they work, above all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def levelled(table: Table) -> np.ndarray:
    """The features with every corpus moved to the mean of all: rooms and microphones must not stand for emotions."""
    x, whole = table.x.copy(), table.x.mean(axis=0)
    for corpus in np.unique(table.corpus):
        rows = table.corpus == corpus
        x[rows] += whole - x[rows].mean(axis=0)
    return x


def relabelled(recipe: Recipe, table: Table) -> Table:
    """The utterances that the recipe learns from, under the emotions that it learns."""
    emotion = np.array([recipe.labels.get(name, name) for name in table.emotion.tolist()])
    return replace(table, emotion=emotion).only(~np.isin(table.emotion, recipe.leave_out))


def _targets(table: Table, emotions: tuple[str, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Classes, weights and the labels of each utterance's corpus. Within a corpus every emotion weighs the same."""
    target = torch.tensor([emotions.index(emotion) for emotion in table.emotion])
    weight, labelled = torch.zeros(len(table)), torch.zeros(len(table), len(emotions), dtype=torch.bool)
    for corpus in np.unique(table.corpus):
        rows = torch.from_numpy(table.corpus == corpus)
        counts = torch.bincount(target[rows], minlength=len(emotions))
        labelled[rows] = counts > 0
        weight[rows] = 1.0 / counts[target[rows]]
    return target, weight / weight.sum(), labelled


def held_out(recipe: Recipe, table: Table, by: str) -> Iterator[tuple[str, np.ndarray, VoiceNet]]:
    """For each speaker or corpus (`by`): its name, the rows that it has, and a network that never heard them."""
    groups = getattr(table, by)
    for name in np.unique(groups).tolist():
        yield name, groups == name, fit(recipe, table.only(groups != name))


def temperature(logits: Tensor, target: Tensor) -> float:
    """What to divide logits (n, classes) by, for the probability of `target` (n,) to be highest: calibration.

    Source: Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017).
    """
    candidates = torch.logspace(-1, 1, 201)
    with one_thread():
        losses = [F.cross_entropy(logits / t, target) for t in candidates]
    return float(candidates[int(torch.stack(losses).argmin())])


def calibration_set(recipe: Recipe, table: Table) -> tuple[Tensor, Tensor]:
    """Logits and targets of utterances that were held out of training, over the emotions of the whole table.

    An utterance whose emotion the others never show is left out; emotions that its corpus lacks compete, as in use.
    """
    emotions = [emotion for emotion in EMOTIONS if emotion in table.emotion]
    logits, target = [], []
    for _, rows, net in held_out(recipe, table, recipe.calibrate_on):
        known = [emotions.index(emotion) for emotion in net.config.emotions]
        part = table.only(rows & np.isin(table.emotion, net.config.emotions))
        full = torch.full((len(part), len(emotions)), -1e9)
        with torch.inference_mode():
            full[:, known] = net(torch.from_numpy(part.x))
        logits.append(full)
        target += [emotions.index(emotion) for emotion in part.emotion]
    return torch.cat(logits), torch.tensor(target)


def train(recipe: Recipe, table: Table) -> VoiceNet:
    """The classifier that `table` teaches, calibrated on held-out parts of it.

    Raises:
        InputError: only one part to hold out: nothing to calibrate on.
    """
    table = relabelled(recipe, table)
    net = fit(recipe, table)
    if recipe.temperature is not None:
        net.temperature.fill_(recipe.temperature)
        return net
    if len(np.unique(getattr(table, recipe.calibrate_on))) < 2:
        raise InputError(f"{recipe.name} needs at least two of what it calibrates on ({recipe.calibrate_on}), got one")
    net.temperature.fill_(temperature(*calibration_set(recipe, table)))
    return net


def table_of(recipe: Recipe, data: Path) -> Table:
    """The features that a recipe trains on; `data` holds one folder per corpus."""
    return synthetic_table(recipe.seed) if recipe.corpora == ("synthetic",) else read_table(recipe.corpora, data)


def main() -> None:
    parser = argparse.ArgumentParser(prog="espressivo.systems.cascade.task", description=__doc__)
    parser.add_argument("recipe", type=Path, help=f"a YAML file, see {RECIPES}")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds one folder per corpus")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the checkpoint")
    options = parser.parse_args()
    recipe = Recipe.read(options.recipe)
    table = table_of(recipe, options.data)
    net = train(recipe, table)
    net.save(options.output)
    print(f"{recipe.name}: {len(table)} utterances, temperature {net.temperature:.2f}, written to {options.output}")


if __name__ == "__main__":
    main()
