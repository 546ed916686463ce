"""How well a voice is read: people never heard, corpora never heard, calibration, javanese clips.

python benchmarks/voice_emotion.py [--jobs N]     listens to 4 hours first: 10 to 30 minutes; what it heard is kept
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
import torch

from common import data_root, rounded, save, table
from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.corpora.readers import corpus
from espressivo.metrics import classification
from espressivo.metrics.calibration import ece
from espressivo.systems.voice_emotion.examples import Table, read_table
from espressivo.systems.voice_emotion.hearing import LAYERS, VoiceFeature
from espressivo.systems.voice_emotion.inputs import Habit
from espressivo.systems.voice_emotion.model import VoiceNet
from espressivo.systems.voice_emotion.pipeline import VoiceEmotion
from espressivo.systems.voice_emotion.recipe import FOLDER, VoiceRecipe
from espressivo.systems.voice_emotion.task import VoiceTask, probabilities
from espressivo.training import Trainer, read_recipe
from espressivo.training.calibration import fit_temperature
from espressivo.training.seeds import threads
from simple_voice import WAKEHUBERT, SimpleFeature

CORPORA, SEEDS, JOBS = ("emodb", "ravdess", "nemo"), (0, 1, 2), 1
NC, FREE = (read_recipe(VoiceRecipe, f"voice-emotion{kind}", folder=FOLDER) for kind in ("-nc", ""))
PLAIN = NC.model_copy(update={"labels": {}, "leave_out": ()})  # every corpus with all of its own labels


@cache
def items(name: str) -> list[Item]:
    return list(corpus(name).read(data_root() / name, lambda path, why: None))


@cache
def heard(name: str, stats: tuple[str, ...] = NC.stats, layers: tuple[int, ...] = NC.layers) -> Table:
    return read_table(items(name), VoiceFeature(layers=layers), stats, jobs=JOBS)


def one_layer(name: str, layer: int) -> Table:
    """Means of one layer alone."""
    whole = heard(name, ("mean",))
    width = whole.x.shape[1] // len(LAYERS)
    first = LAYERS.index(layer) * width
    return replace(whole, x=whole.x[:, first : first + width])


@cache
def simple(name: str) -> Table:
    """The same utterances as `heard`, as the simple baseline measures them."""
    report = extract(items(name), SimpleFeature(), jobs=JOBS)
    store, rows = report.store, {item.id: item for item in items(name)}
    both = heard(name)
    both = both.only(np.array([rows[one] in store for one in both.ids.tolist()]))
    return replace(both, x=np.stack([store[rows[one]]["simple"] for one in both.ids.tolist()]))


def wakehubert(name: str) -> Table:
    whole = simple(name)
    return replace(whole, x=whole.x[:, WAKEHUBERT])


def joined(tables: Iterable[Table]) -> Table:
    parts = list(tables)
    names = ("x", "emotion", "speaker", "corpus", "ids")
    return Table(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def relabelled(recipe: VoiceRecipe, data: Table) -> Table:
    return replace(data, emotion=np.array([recipe.labels.get(name, name) for name in data.emotion.tolist()]))


def fitted(recipe: VoiceRecipe, data: Table, seed: int = 0) -> VoiceNet:
    """Trained on all of `data`, temperature 1."""
    plan = recipe.model_copy(update={"seed": seed})
    model = Trainer(VoiceTask(plan, relabelled(plan, data)), plan).fit().model
    assert isinstance(model, VoiceNet)
    return model


def uar(names: Iterable[str], truth: np.ndarray, p: np.ndarray) -> float:
    """Unweighted average recall over the emotions in `truth`."""
    return float(classification.uar(confusion(names, truth, p)))


def war(names: Iterable[str], truth: np.ndarray, p: np.ndarray) -> float:
    """Weighted average recall: accuracy."""
    return float(classification.war(confusion(names, truth, p)))


def confusion(names: Iterable[str], truth: np.ndarray, p: np.ndarray) -> np.ndarray:
    known = tuple(names)
    return classification.confusion(numbered(known, truth), p.argmax(axis=1), len(known))


def numbered(names: Sequence[str], truth: np.ndarray) -> np.ndarray:
    return np.array([list(names).index(name) for name in truth])


def leave_one_out(recipe: VoiceRecipe, data: Table, seeds: Iterable[int] = (0,)) -> dict[str, float]:
    """UAR, as it is and against the speaker's others, and WAR as it is.

    Means over seeds and speakers, deviations over the speakers and over the seeds.
    """
    data = relabelled(recipe, data.only(~np.isin(data.emotion, recipe.leave_out)))
    found: dict[str, list[list[float]]] = {"as it is": [], "speaker known": [], "war": []}
    for speaker in np.unique(data.speaker):
        rest, part = data.only(data.speaker != speaker), data.only(data.speaker == speaker)
        nets = [fitted(recipe, rest, seed) for seed in seeds]
        for name, known in (("as it is", False), ("speaker known", True)):
            found[name].append([uar(n.config.emotions, part.emotion, probabilities(n, part, known)) for n in nets])
        found["war"].append([war(n.config.emotions, part.emotion, probabilities(n, part)) for n in nets])
    scores = {name: np.array(values) for name, values in found.items()}
    row = {"folds": float(len(scores["as it is"]))}
    for name, values in scores.items():
        row |= {
            name: values.mean(),
            f"{name} ±": values.mean(axis=1).std(),
            f"{name} seeds ±": values.mean(axis=0).std(),
        }
    return row


def within() -> dict[str, dict[str, dict[str, float]]]:
    """Each corpus by itself, one speaker left out at a time."""
    kinds: dict[str, Callable[[str], Table]] = {
        "simple baseline": simple,
        "WakeHuBERT": wakehubert,
        **{f"Whisper layer {layer}": lambda name, layer=layer: one_layer(name, layer) for layer in LAYERS},
        "mean, deviation, change, melody": lambda name: heard(name, ("mean", "deviation", "change", "melody")),
    }
    rows = {kind: {name: leave_one_out(PLAIN, made(name)) for name in CORPORA} for kind, made in kinds.items()}
    return rows | {"ours": {name: leave_one_out(PLAIN, heard(name), SEEDS) for name in CORPORA}}


@dataclass(frozen=True, eq=False)
class Tried:
    """A reader tried on a corpus never heard.

    Attributes:
        figures: means over the seeds.
        truth: (utterances,) true classes.
        said: (seeds, utterances, emotions) probabilities at temperature 1.
    """

    figures: dict[str, Any]
    truth: np.ndarray
    said: np.ndarray

    def ece(self, temperature: float) -> float:
        return float(np.mean([ece(self.truth, heated(p, temperature)) for p in self.said]))

    def own_temperature(self) -> float:
        """What the target would have called for."""
        target, logits = torch.from_numpy(self.truth), torch.from_numpy(np.log(np.maximum(self.said, 1e-12)))
        return float(np.mean([fit_temperature(each, target) for each in logits]))


def across(source: Table, target: Table, recipe: VoiceRecipe = NC) -> Tried:
    """Trained on `source`, tried on a corpus never heard, over the emotions that both show."""
    labels = [relabelled(recipe, part.only(~np.isin(part.emotion, recipe.leave_out))) for part in (source, target)]
    shared = np.intersect1d(labels[0].emotion, labels[1].emotion)
    source, target = (part.only(np.isin(part.emotion, shared)) for part in labels)
    row: dict[str, list[float]] = {}
    said = []
    for seed in SEEDS:
        net = fitted(recipe, source, seed)
        moved = replace(target, x=target.x + source.x.mean(axis=0) - target.x.mean(axis=0))
        for name, p in (
            ("as it is", probabilities(net, target)),
            ("corpus mean known", probabilities(net, moved)),
            ("speaker known", probabilities(net, target, known=True)),
        ):
            row.setdefault(name, []).append(uar(net.config.emotions, target.emotion, p))
        said.append(probabilities(net, target))
    figures = {"emotions": len(shared), **{name: np.mean(values) for name, values in row.items()}}
    return Tried(figures, numbered(net.config.emotions, target.emotion), np.stack(said))


def heated(p: np.ndarray, temperature: float) -> np.ndarray:
    logits = np.log(np.maximum(p, 1e-12)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


Pairs = Mapping[tuple[str, str], Tried]


def called_for(pairs: Pairs, without: str | None = None) -> float:
    """The mean temperature of readers tried on a corpus never heard; the corpus `without` takes no part at all."""
    return float(np.mean([tried.own_temperature() for pair, tried in pairs.items() if without not in pair]))


def between() -> dict[str, Any]:
    """What becomes of a reader on corpora never heard; each is calibrated by what the others call for."""
    pairs = {(one, other): across(heard(one), heard(other)) for one, other in permutations(CORPORA, 2)}
    rows = {f"{one} → {other}": (other, tried) for (one, other), tried in pairs.items()}
    rows["simple: ravdess → emodb"] = ("emodb", across(simple("ravdess"), simple("emodb")))
    for target in CORPORA:
        rest = joined(heard(name) for name in CORPORA if name != target)
        rows[f"other two → {target}"] = (target, across(rest, heard(target)))
    rows["emodb → javanese"] = ("javanese", across(heard("emodb"), heard("javanese"), FREE))
    rows["all three → javanese"] = ("javanese", across(joined(map(heard, CORPORA)), heard("javanese")))
    result: dict[str, Any] = {}
    for name, (target, tried) in rows.items():
        heat = called_for(pairs, target)
        calibrated = {"ece before": tried.ece(1.0), "ece after": tried.ece(heat), "temperature": heat}
        result[name] = tried.figures | calibrated | {"own temperature": tried.own_temperature()}
    return {"across corpora": result, "temperature": {"called for": called_for(pairs), "shipped": NC.temperature}}


def few_clips(name: str, counts: Iterable[int] = (3, 5, 10, 20)) -> dict[str, float]:
    """UAR with the speaker left out and known by a few unlabelled clips, which are not judged."""
    data, random = heard(name), np.random.default_rng(0)
    found: dict[str, list[float]] = {}
    for speaker in np.unique(data.speaker):
        net, part = fitted(PLAIN, data.only(data.speaker != speaker)), data.only(data.speaker == speaker)
        order = random.permutation(len(part))
        rest = part.only(order[max(counts) :])
        for count in counts:
            habit = Habit.of(part.x[order[:count]], net.usual.numpy())
            p = _known(net, habit, rest)
            found.setdefault(f"{count} clips", []).append(uar(net.config.emotions, rest.emotion, p))
        p = probabilities(net, rest)
        found.setdefault("as it is", []).append(uar(net.config.emotions, rest.emotion, p))
    return {name: float(np.mean(values)) for name, values in found.items()}


def _known(net: VoiceNet, habit: Habit, data: Table) -> np.ndarray:
    with torch.inference_mode():
        return net(torch.from_numpy(habit.relative(data.x)), known=True).softmax(dim=1).numpy()


def speed() -> dict[str, float]:
    """Seconds for 4 s of speech on one core: the best of seven, so that other work on the machine counts less."""
    clip = next(item for item in items("nemo")).clip()
    assert clip.sound is not None
    samples, reader = np.resize(clip.sound.at(16_000).samples, 64_000), VoiceEmotion.from_pretrained()
    times = []
    with threads(1):
        for _ in range(8):
            begun = time.perf_counter()
            reader(samples)
            times.append(time.perf_counter() - begun)
    return {"first": times[0], "then": min(times[1:])}


def show(result: dict[str, Any]) -> None:
    for name in CORPORA:
        print(name)
        table({kind: rows[name] for kind, rows in result["one speaker left out"].items()})
    table(result["shipped recipes, one speaker left out"])
    table(result["across corpora"])
    table(result["speaker known by a few clips"])
    print("seconds for 4 s", result["seconds for 4 s"])


def main() -> None:
    global JOBS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1, help="processes that listen")
    JOBS = parser.parse_args().jobs
    begun = time.perf_counter()
    result = {
        "seeds": list(SEEDS),
        "utterances": {name: {"used": len(heard(name)), "left out": len(heard(name).skipped)} for name in CORPORA},
        "one speaker left out": within(),
        "shipped recipes, one speaker left out": {
            "voice-emotion": leave_one_out(FREE, heard("emodb"), SEEDS),
            "voice-emotion-nc": leave_one_out(NC, joined(map(heard, CORPORA))),
        },
        **between(),
        "speaker known by a few clips": {name: few_clips(name) for name in CORPORA},
        "seconds for 4 s": speed(),
    }
    result = rounded(result | {"seconds": time.perf_counter() - begun})
    show(result)
    save("voice_emotion", result)


if __name__ == "__main__":
    main()
