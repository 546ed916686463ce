"""How well a feeling is read off a moving face: held-out people, knowledge alone, and what each part is worth.

python benchmarks/face_emotion.py     about 12 minutes on two cores; a few more the first time, when faces are followed

No person is on both sides anywhere. The bars are macro-F1 over all 168 predictions pooled; the mean over people stands
beside it. How heavy the penalty is, is chosen inside each fold, on its six people alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from common import data_root, rounded, save, table
from espressivo.assets import cache_dir
from espressivo.assets.shipped import beside
from espressivo.clip import Clip
from espressivo.corpora.features import FeatureStore, extract
from espressivo.corpora.readers import corpus
from espressivo.emotion import EMOTIONS
from espressivo.media.face import track
from espressivo.metrics.report import Evaluation, classified
from espressivo.systems.cascade.face_scores import FaceReader
from espressivo.systems.cascade.fer import FACE_LABELS
from espressivo.systems.face_emotion.examples import Examples, Tracked, labelled, tracked
from espressivo.systems.face_emotion.model import FaceEmotionNet
from espressivo.systems.face_emotion.pipeline import SHIPPED
from espressivo.systems.face_emotion.task import RECIPES, FaceRecipe, FaceTask
from espressivo.training import Trainer, read_recipe

SEEDS = (0, 1, 2)
PENALTIES = (0.1, 1.0, 10.0)
GRID_STEP, GRID_HEARD = 4, 180  # every fourth clip; the first 180 of them are heard in the training that ships


@dataclass(frozen=True)
class Fer:
    """The `fer` network's opinion of a whole clip, kept like any feature."""

    name: str = "fer-clip-1"

    def __call__(self, clip: Clip) -> dict[str, np.ndarray] | None:
        assert clip.video is not None
        found = FaceReader()(clip.video, track(clip.video, workers=1))
        if found is None:
            return None
        return {"probabilities": np.array([found.scores.probabilities[name] for name in FACE_LABELS])}


@dataclass(frozen=True, eq=False)
class Clips:
    """The javanese clips: their streams, labels among `emotions`, and people."""

    emotions: tuple[str, ...]
    examples: Examples

    @property
    def people(self) -> np.ndarray:
        return np.array(self.examples.people)

    @property
    def labels(self) -> np.ndarray:
        return np.array(self.examples.labels)

    def part(self, chosen: np.ndarray) -> Examples:
        rows = np.flatnonzero(chosen)
        own = self.examples
        return Examples([own.streams[i] for i in rows], [own.labels[i] for i in rows], [own.people[i] for i in rows])

    def judged(self, names: Iterable[str], probabilities: np.ndarray) -> Evaluation:
        truth = [self.emotions[label] for label in self.examples.labels]
        return classified(tuple(names), truth, probabilities, list(self.examples.people))

    def only(self, chosen: np.ndarray) -> Clips:
        return Clips(self.emotions, self.part(chosen))


def fitted(recipe: FaceRecipe, clips: Clips, seed: int) -> FaceEmotionNet:
    task = FaceTask(recipe, clips.emotions, clips.examples, Examples(), {})
    net = Trainer(task, recipe.model_copy(update={"seed": seed})).fit().model
    assert isinstance(net, FaceEmotionNet)
    return net


def said(net: FaceEmotionNet, examples: Examples, known: bool) -> np.ndarray:
    streams = [net.reads(stream) for stream in examples.streams]
    read = Examples(streams, examples.labels, examples.people)
    return net.probabilities(streams, read.usual(net.usual) if known else None)


def held_out(clips: Clips, fit: Callable[[Clips], Callable[[Examples], np.ndarray]]) -> np.ndarray:
    """(clips, emotions): each person judged by what `fit` learned from all others."""
    p = np.zeros((len(clips.examples), len(clips.emotions)))
    for person in np.unique(clips.people):
        own = clips.people == person
        p[own] = fit(clips.only(~own))(clips.part(own))
    return p


def net_on(recipe: FaceRecipe, seed: int, choose: bool = False) -> Callable[[Clips], Callable[[Examples], np.ndarray]]:
    """Trains the room's network; `choose` takes the penalty that is best with each of these people held out in turn."""

    def fit(clips: Clips) -> Callable[[Examples], np.ndarray]:
        best = recipe
        if choose:
            tried = [recipe.model_copy(update={"penalty": penalty}) for penalty in PENALTIES]
            best = max(tried, key=lambda one: score(clips, held_out(clips, net_on(one, seed))))
            chosen.append(best.penalty)
        net = fitted(best, clips, seed)
        return lambda examples: said(net, examples, best.known > 0)

    return fit


chosen: list[float] = []


def baseline(model: Any, known: bool) -> Callable[[Clips], Callable[[Examples], np.ndarray]]:
    """A classifier of scikit-learn on mean, deviation, 90th percentile and mean change of the 51 blendshapes."""

    def vectors(examples: Examples) -> np.ndarray:
        x = np.stack([found[:, :51].ravel() for found in examples.statistics])
        if known:
            people = np.array(examples.people)
            for person in np.unique(people):
                own = people == person
                x[own] = (x[own] - x[own].mean(axis=0)) / np.maximum(x[own].std(axis=0), 1e-9)
        return x

    def fit(clips: Clips) -> Callable[[Examples], np.ndarray]:
        fresh = make_pipeline(StandardScaler(), model()).fit(vectors(clips.examples), clips.labels)
        return lambda examples: np.eye(len(clips.emotions))[fresh.predict(vectors(examples))]

    return fit


def score(clips: Clips, probabilities: np.ndarray) -> float:
    from espressivo.metrics import classification as of

    return float(of.macro_f1(of.confusion(clips.labels, probabilities.argmax(1), len(clips.emotions))))


def figures(
    clips: Clips, runs: list[np.ndarray], names: Iterable[str] | None = None, ece: bool = True
) -> dict[str, Any]:
    """Of several seeds: means, the deviation of macro-F1 over seeds, the first seed's interval over people."""
    labels = tuple(names or clips.emotions)
    found = [clips.judged(labels, p) for p in runs]
    people = []
    for person in np.unique(clips.people):
        own = clips.people == person
        people.append(clips.only(own).judged(labels, runs[0][own]).metrics["macro_f1"])
    f1 = [each.metrics["macro_f1"] for each in found]
    row: dict[str, Any] = {
        "macro_f1": np.mean(f1),
        "deviation": np.std(f1),
        "interval": list(found[0].intervals["macro_f1"]),
    }
    row |= {"mean_over_people": np.mean(people), "uar": np.mean([each.metrics["uar"] for each in found])}
    row |= {"ece": np.mean([each.metrics["ece"] for each in found])} if ece else {}
    row["recall"] = {name: values["recall"] for name, values in found[0].per_class.items() if values["n"]}
    return row


def trained(clips: Clips) -> dict[str, Any]:
    """Everything that learns from six people and is tried on the seventh."""
    rows: dict[str, Any] = {}
    for way, known in (("as is", False), ("known", True)):
        for name, model in (("svm", SVC), ("logistic regression", lambda: LogisticRegression(C=0.003, max_iter=500))):
            rows[f"{name}, {way}"] = figures(clips, [held_out(clips, baseline(model, known))], ece=False)
        recipe = read_recipe(FaceRecipe, "known" if known else "default", folder=RECIPES)
        chosen.clear()
        rows[f"ours, {way}"] = figures(clips, [held_out(clips, net_on(recipe, seed, choose=True)) for seed in SEEDS])
        rows[f"ours, {way}"]["penalties"] = sorted(chosen)
        along = read_recipe(FaceRecipe, "along", [f"known={recipe.known}"], folder=RECIPES)
        changes = {
            "as the recipe says": recipe,
            "without change": recipe.model_copy(update={"change": False}),
            "log-odds": recipe.model_copy(update={"odds": True}),
            "varied": recipe.model_copy(update={"varied": True}),
            "along time, varied": along,
        }
        for name, other in changes.items():
            rows[f"{name}, {way}"] = figures(clips, [held_out(clips, net_on(other, seed)) for seed in SEEDS])
            print(name, way, rows[f"{name}, {way}"]["macro_f1"], flush=True)
    return rows


def untaught(clips: Clips, fer: np.ndarray) -> dict[str, Any]:
    """What has never learned from any of these people, alone and together: log-probabilities averaged."""
    net = FaceEmotionNet.load(beside(SHIPPED))
    order = [FACE_LABELS.index(name) for name in net.config.emotions]
    opinions = {"fer": fer[:, order], **{w: said(net, clips.examples, w == "known") for w in ("strangers", "known")}}
    rows = {name: figures(clips, [p], net.config.emotions) for name, p in opinions.items()}
    for way in ("strangers", "known"):
        both = np.sqrt(opinions["fer"] * opinions[way])
        rows[f"fer + {way}"] = figures(clips, [both / both.sum(axis=1, keepdims=True)], net.config.emotions)
    return rows


def alarms(found: Tracked) -> dict[str, Any]:
    """Neutral talk of the man whose other clips the made-up people talk with: what is he taken for?"""
    net = FaceEmotionNet.load(beside(SHIPPED))
    p = net.probabilities([net.reads(stream) for stream in found.streams])
    shares = np.bincount(p.argmax(axis=1), minlength=len(net.config.emotions)) / len(p)
    return {"n": len(p), "taken_for": dict(zip(net.config.emotions, shares, strict=True))}


def main() -> None:
    torch.set_num_threads(1)
    begun = time.perf_counter()
    data = data_root()
    items = list(corpus("javanese").read(data / "javanese", print))
    grid = list(corpus("grid").read(data / "grid", print))[::GRID_STEP]
    found = tracked(items, jobs=2)
    emotions = tuple(name for name in EMOTIONS if name in {item.emotion for item in found.items})
    clips = Clips(emotions, labelled(found, emotions))
    store = FeatureStore(extract(found.items, Fer(), cache_dir() / "features", jobs=2).folder)
    fer = np.stack([store[item]["probabilities"] for item in found.items])
    majority = np.eye(len(emotions))[np.zeros(len(clips.examples), int)]
    result = {
        "seeds": list(SEEDS),
        "clips": len(clips.examples),
        "majority": figures(clips, [majority], ece=False),
        "never_learned_from_these_people": untaught(clips, fer),
        "held_out_people": trained(clips),
        "grid_neutral": alarms(tracked(grid[GRID_HEARD:], jobs=2)),
    }
    result = rounded(result) | {"minutes": round((time.perf_counter() - begun) / 60, 1)}
    for part in ("never_learned_from_these_people", "held_out_people"):
        table(
            {
                name: {k: v for k, v in row.items() if k not in ("recall", "penalties")}
                for name, row in result[part].items()
            }
        )
    save("face_emotion", result)


if __name__ == "__main__":
    main()
