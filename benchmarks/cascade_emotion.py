"""How well face and voice together read feelings, on clips as a user would give them.

python benchmarks/cascade_emotion.py     about 5 minutes on two cores. The voice alone: voice_emotion.py.
"""

from __future__ import annotations

import argparse
import io
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from common import data_root, rounded, save, table
from espressivo.corpora.readers import corpus
from espressivo.emotion import EmotionScores, canonical
from espressivo.media.face import track
from espressivo.metrics import classification
from espressivo.metrics.report import classified
from espressivo.systems.cascade.face_scores import FaceReader, MovementReader
from espressivo.systems.cascade.fer import FACE_LABELS, FACE_SIZE
from espressivo.systems.feeling import FAIRLY_SURE, SURE, Feeling, combine, sureness
from espressivo.systems.voice_emotion.pipeline import VoiceEmotion

SIX = ("neutral", "happy", "sad", "angry", "fearful", "surprised")
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the face


def face_alone(data: Path) -> dict[str, Any]:
    """The face network on FER2013's own test part: does our reading of the weights give what they are known to give?"""
    crops, truth = [], []
    with zipfile.ZipFile(data / "fer2013" / "fer2013.zip") as archive:
        for name in sorted(n for n in archive.namelist() if n.startswith("test/") and n.endswith(".webp")):
            picture = Image.open(io.BytesIO(archive.read(name))).convert("L")
            crops.append(np.asarray(picture.resize((FACE_SIZE, FACE_SIZE), Image.Resampling.BILINEAR)))
            truth.append(canonical(name.split("/")[1]))
    p = FaceReader().probabilities(np.stack(crops))
    found = classified(FACE_LABELS, truth, p).metrics
    return {"n": len(truth), "accuracy": found["war"], "uar": found["uar"], "ece": found["ece"]}


def judged(scores: list[EmotionScores], truth: np.ndarray) -> dict[str, Any]:
    """What an answer is worth: with all answers allowed, and with only the six that the clips show."""
    all_p, six = table_of(scores, FACE_LABELS), table_of(scores, SIX)
    found = classified(FACE_LABELS, truth.tolist(), all_p)
    right = np.array(FACE_LABELS)[all_p.argmax(axis=1)] == truth
    words = np.array([sureness(one) for one in scores])
    levels = {
        word: {"clips": int((words == word).sum()), "right": float(right[words == word].mean())}
        for word in ("sure", "fairly sure", "unsure")
        if (words == word).any()
    }
    return {
        "n": found.n,
        "accuracy": found.metrics["war"],
        "macro_f1": found.metrics["macro_f1"],
        "macro_f1_six": classified(SIX, truth.tolist(), six).metrics["macro_f1"],
        "ece": found.metrics["ece"],
        "levels": levels,
        "recall": {name: found.per_class[name]["recall"] for name in SIX},
    }


def table_of(scores: Iterable[EmotionScores], names: Sequence[str]) -> np.ndarray:
    """(clips, names) probabilities; an emotion that was not asked about has none."""
    return np.array([[one.probabilities.get(name, 0.0) for name in names] for one in scores])


def _skip(path: Path, why: str) -> None:
    print(f"left out: {path.name}: {why}")


def javanese(data: Path) -> dict[str, Any]:
    """Every clip of javanese/ as a user would give it; nothing was trained, tuned or normalised on these people."""
    clips = list(corpus("javanese").read(data / "javanese", _skip))
    truth = np.array([clip.emotion for clip in clips])
    faces = {"any": FaceReader(), "permissive": MovementReader()}
    voices = {name: VoiceEmotion.from_pretrained(licence=name) for name in faces}
    face: dict[str, list[Feeling | None]] = {name: [] for name in faces}
    voice: dict[str, list[Feeling | None]] = {name: [] for name in faces}
    for item in clips:
        clip = item.clip()
        assert clip.video is not None
        assert clip.sound is not None
        found = track(clip.video)
        for name in faces:
            face[name].append(faces[name](clip.video, found))
            voice[name].append(voices[name](clip.sound.samples))
    rows = {}
    for name in faces:
        for sense, said in (("face", face[name]), ("voice", voice[name])):
            rows[f"{sense}, {name}"] = judged([f.scores for f in said if f], truth[[f is not None for f in said]])
        both = [combine(f, v) for f, v in zip(face[name], voice[name], strict=True)]
        rows[f"both, {name}"] = judged(both, truth)
    rows["majority"] = {"n": len(truth), "accuracy": 1 / 6, "macro_f1": 2 / 7 / 6}
    people = np.array([clip.speaker for clip in clips])
    return {"javanese": rows, "fusion": {name: fusions(face[name], voice[name], truth, people) for name in faces}}


def fusions(
    face: Sequence[Feeling | None], voice: Sequence[Feeling | None], truth: np.ndarray, people: np.ndarray
) -> dict[str, Any]:
    """Other ways than `combine` to make one of two: nothing of them is used, they say whether there is a better one."""
    f, v = evidence(face), evidence(voice)
    target = np.array([FACE_LABELS.index(name) for name in truth])
    product = table_of([combine(*pair) for pair in zip(face, voice, strict=True)], FACE_LABELS)
    pools = {weight: normal(f**weight * v ** (1 - weight)) for weight in WEIGHTS}
    rules = {"product (ours)": product, "mean": normal(f + v), "log pool, equal": pools[0.5]}
    rules["mean, by certainty"] = normal(certainty(f) * f + certainty(v) * v)
    power = certainty(f) / (certainty(f) + certainty(v))
    rules["log pool, by certainty"] = normal(f**power * v ** (1 - power))
    rows = {}
    for name, p in rules.items():
        rows[name] = worth(target, p, people)
    for name, better in (("log loss", lambda p, of: -log_loss(target[of], p[of])), ("macro-F1", partial(f1, target))):
        p, weights = np.zeros_like(f), []
        for person in np.unique(people):
            own = people == person
            weights.append(max(WEIGHTS, key=lambda weight, own=own, better=better: better(pools[weight], ~own)))
            p[own] = pools[weights[-1]][own]
        rows[f"log pool, face weight by {name}"] = worth(target, p, people) | {"weights": weights}
    rows |= {f"log pool, face weight {weight:g}": worth(target, p, people) for weight, p in pools.items()}
    return rows


def evidence(said: Sequence[Feeling | None]) -> np.ndarray:
    """(clips, emotions) probabilities; an emotion that a sense does not know gets its average, as in `combine`."""
    parts = [
        dict.fromkeys(FACE_LABELS, 1 / len(FACE_LABELS)) if one is None else one.scores.probabilities for one in said
    ]
    return normal(np.array([[max(part.get(name, 1 / len(part)), 1e-3) for name in FACE_LABELS] for part in parts]))


def normal(p: np.ndarray) -> np.ndarray:
    return p / p.sum(axis=1, keepdims=True)


def certainty(p: np.ndarray) -> np.ndarray:
    """(clips, 1): 1 of one emotion alone, almost 0 of all alike."""
    return 1 + 1e-6 + (p * np.log(p)).sum(axis=1, keepdims=True) / np.log(p.shape[1])


def log_loss(target: np.ndarray, p: np.ndarray) -> float:
    return float(-np.log(np.maximum(p[np.arange(len(target)), target], 1e-12)).mean())


def f1(target: np.ndarray, p: np.ndarray, of: np.ndarray) -> float:
    counts = classification.confusion(target[of], p[of].argmax(axis=1), p.shape[1])
    return float(classification.macro_f1(counts))


def worth(target: np.ndarray, p: np.ndarray, people: np.ndarray) -> dict[str, Any]:
    found = classified(FACE_LABELS, [FACE_LABELS[number] for number in target], p, people.tolist())
    kept = {"accuracy": found.metrics["war"], **{name: found.metrics[name] for name in ("macro_f1", "uar", "ece")}}
    return kept | {"log_loss": log_loss(target, p), "interval": list(found.intervals["macro_f1"])}


def speed(data: Path) -> dict[str, float]:
    """Seconds for 4 s of clip, models loaded: the best of seven runs, so that other work on the machine counts less."""
    clip = list(corpus("javanese").read(data / "javanese", _skip))[2].clip()
    assert clip.video is not None
    assert clip.sound is not None
    samples = np.resize(clip.sound.samples, 64_000)
    pictures = replace(clip.video, end=min(clip.video.end, clip.video.start + 4))
    found, faces, voices = track(pictures), FaceReader(), VoiceEmotion.from_pretrained()
    return {"face": _best(lambda: faces(pictures, found)), "voice": _best(lambda: voices(samples))}


def _best(action: Callable[[], object], runs: int = 7) -> float:
    action()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return min(times)


def show(result: dict[str, Any]) -> None:
    """The tables of README.md and of the model cards."""
    table({name: {k: v for k, v in row.items() if not isinstance(v, dict)} for name, row in result["javanese"].items()})
    for name, row in result["javanese"].items():
        print(name, row.get("levels", ""), row.get("recall", ""))
    for name, rows in result["fusion"].items():
        print("both,", name)
        table(rows)
    print("fer2013 test", result["fer2013_test"], "seconds for 4 s", result["seconds_for_4_s"])


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    torch.set_num_threads(1)  # networks so small are no faster with two, and far slower on a busy machine
    data = data_root()
    result = {
        "seed": 0,
        "fer2013_test": face_alone(data),
        **javanese(data),
        "levels": {"sure": SURE, "fairly sure": FAIRLY_SURE},
        "seconds_for_4_s": speed(data),
    }
    result = rounded(result)
    show(result)
    save("cascade_emotion", result)


if __name__ == "__main__":
    main()
