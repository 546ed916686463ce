"""How well the cascade reads feelings: held-out people, unseen corpora, calibration, javanese clips.

python benchmarks/cascade_emotion.py [--cache FOLDER]     tens of minutes on two cores without a cache
"""

from __future__ import annotations

import argparse
import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from common import data_root, save, table
from espressivo.emotion import EmotionScores, canonical
from espressivo.media.face import track
from espressivo.media.read import read
from espressivo.systems.cascade.corpora import Table, read_table, utterances
from espressivo.systems.cascade.face_scores import FaceReader
from espressivo.systems.cascade.model import FACE_LABELS, FACE_SIZE, VoiceNet
from espressivo.systems.cascade.task import RECIPES, Recipe, held_out, relabelled, train
from espressivo.systems.cascade.voice_scores import VoiceReader
from espressivo.systems.feeling import FAIRLY_SURE, SURE, Feeling, combine, sureness

CORPORA = ("emodb", "ravdess", "nemo")
SIX = ("neutral", "happy", "sad", "angry", "fearful", "surprised")


def uar(truth: np.ndarray, guess: np.ndarray) -> float:
    """Unweighted average recall over the classes in `truth`."""
    return float(np.mean([(guess[truth == name] == name).mean() for name in np.unique(truth)]))


def macro_f1(truth: np.ndarray, guess: np.ndarray) -> float:
    hits = [
        2 * ((guess == n) & (truth == n)).sum() / ((guess == n).sum() + (truth == n).sum()) for n in np.unique(truth)
    ]
    return float(np.mean(hits))


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error with equal bins."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    parts = [(place == i) for i in range(bins) if (place == i).any()]
    return float(sum(abs(confidence[p].mean() - right[p].mean()) * p.mean() for p in parts))


def probabilities(net: VoiceNet, x: np.ndarray, temperature: float | None = None) -> np.ndarray:
    with torch.inference_mode():
        logits = net(torch.from_numpy(x))
        return (logits if temperature is None else logits * net.temperature / temperature).softmax(dim=1).numpy()


def features(corpus: str, data: Path, cache: Path | None) -> Table:
    """The features of one corpus, from the cache if they are there."""
    path = cache / f"{corpus}.npz" if cache else None
    if path is not None and path.exists():
        with np.load(path) as stored:
            return Table(**{f.name: stored[f.name][()] for f in fields(Table)})
    made = read_table([corpus], data)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{f.name: getattr(made, f.name) for f in fields(Table)})
    return made


def joined(tables: list[Table]) -> Table:
    names = [field.name for field in fields(Table) if field.name != "skipped"]
    return Table(**{name: np.concatenate([getattr(part, name) for part in tables]) for name in names})


def leave_one_out(recipe: Recipe, data: Table, by: str) -> dict[str, Any]:
    """UAR over folds that each hold out one speaker or corpus; mean and deviation over the folds."""
    folds = {}
    for name, rows, net in held_out(recipe, data, by):
        part = data.only(rows & np.isin(data.emotion, net.config.emotions))
        guess = np.array(net.config.emotions)[probabilities(net, part.x).argmax(axis=1)]
        folds[name] = uar(part.emotion, guess)
    values = list(folds.values())
    chance = 1 / len(np.unique(data.emotion))
    return {"uar": np.mean(values), "deviation": np.std(values), "majority": chance, "folds": folds}


def calibration(recipe: Recipe, data: Table) -> dict[str, float]:
    """ECE over held-out people before and after; a fold's temperature never sees the people it is tried on."""
    confidence: dict[str, list[np.ndarray]] = {"before": [], "after": []}
    right = []
    for speaker in np.unique(data.speaker)[:: max(1, len(np.unique(data.speaker)) // 8)]:
        rest, part = data.only(data.speaker != speaker), data.only(data.speaker == speaker)
        net = train(recipe, rest)
        for name, value in (("before", 1.0), ("after", None)):
            confidence[name].append(probabilities(net, part.x, value).max(axis=1))
        guess = np.array(net.config.emotions)[probabilities(net, part.x).argmax(axis=1)]
        right.append(guess == part.emotion)
    return {
        f"ece_{name}": calibration_error(np.concatenate(c), np.concatenate(right)) for name, c in confidence.items()
    }


def across(recipe: Recipe, source: Table, target: Table) -> dict[str, float]:
    """Trained on `source`, tried on another corpus: the emotions that both have, and all of the model's as answers."""
    net = train(recipe, source)
    part = target.only(np.isin(target.emotion, net.config.emotions))
    p = probabilities(net, part.x)
    names = np.array(net.config.emotions)
    guess, right = names[p.argmax(axis=1)], names[p.argmax(axis=1)] == part.emotion
    shared = np.isin(names, part.emotion)
    closed = names[shared][p[:, shared].argmax(axis=1)]
    raw = probabilities(net, part.x, 1.0).max(axis=1)
    return {
        "uar": uar(part.emotion, guess),
        "uar_shared_only": uar(part.emotion, closed),
        "macro_f1_shared_only": macro_f1(part.emotion, closed),
        "ece_before": calibration_error(raw, right),
        "ece_after": calibration_error(p.max(axis=1), right),
        "temperature": float(net.temperature),
    }


def face_alone(data: Path) -> dict[str, Any]:
    """The face network on FER2013's own test part: does our reading of the weights give what they are known to give?"""
    crops, truth = [], []
    with zipfile.ZipFile(data / "fer2013" / "fer2013.zip") as archive:
        for name in sorted(n for n in archive.namelist() if n.startswith("test/") and n.endswith(".webp")):
            picture = Image.open(io.BytesIO(archive.read(name))).convert("L")
            crops.append(np.asarray(picture.resize((FACE_SIZE, FACE_SIZE), Image.Resampling.BILINEAR)))
            truth.append(canonical(name.split("/")[1]))
    p = FaceReader().probabilities(np.stack(crops))
    actual, guess = np.array(truth), np.array(FACE_LABELS)[p.argmax(axis=1)]
    error = calibration_error(p.max(axis=1), guess == actual)
    return {"n": len(actual), "accuracy": float((guess == actual).mean()), "uar": uar(actual, guess), "ece": error}


def judged(scores: list[EmotionScores], truth: np.ndarray) -> dict[str, Any]:
    """What an answer is worth: with all answers allowed, and with only the six that the clips show."""
    top = np.array([s.top for s in scores])
    six = np.array([max(SIX, key=lambda name, s=s: s.probabilities.get(name, 0.0)) for s in scores])
    confidence, words = np.array([s.confidence for s in scores]), np.array([sureness(s) for s in scores])
    levels = {
        word: {"clips": int((words == word).sum()), "right": float((top == truth)[words == word].mean().round(3))}
        for word in ("sure", "fairly sure", "unsure")
        if (words == word).any()
    }
    return {
        "n": len(top),
        "accuracy": float((top == truth).mean()),
        "macro_f1": float(macro_f1(truth, top)),
        "macro_f1_six": macro_f1(truth, six),
        "ece": calibration_error(confidence, top == truth),
        "levels": levels,
        "recall": {name: float((top[truth == name] == name).mean().round(3)) for name in SIX},
    }


def javanese(data: Path) -> dict[str, Any]:
    """Every clip of javanese/ as a user would give it; nothing was trained, tuned or normalised on these people."""
    clips = utterances("javanese", data)
    truth = np.array([clip.emotion for clip in clips])
    faces, readers = FaceReader(), {name: VoiceReader(licence=name) for name in ("permissive", "any")}
    face: list[Feeling | None] = []
    voice: dict[str, list[Feeling | None]] = {name: [] for name in readers}
    for utterance in clips:
        clip = read(utterance.path)
        assert clip.video is not None
        assert clip.sound is not None
        face.append(faces(clip.video, track(clip.video)))
        for name, reader in readers.items():
            voice[name].append(reader(clip.sound.samples))
    rows = {"face": judged([f.scores for f in face if f], truth[[f is not None for f in face]])}
    for name, said in voice.items():
        rows[f"voice, {name}"] = judged([v.scores for v in said if v], truth[[v is not None for v in said]])
        rows[f"both, {name}"] = judged([combine(f, v) for f, v in zip(face, said, strict=True)], truth)
    rows["majority"] = {"n": len(truth), "accuracy": 1 / 6, "macro_f1": 2 / 7 / 6}
    return rows


def speed(data: Path) -> dict[str, float]:
    """Seconds for 4 s of clip, models loaded: the best of seven runs, so that other work on the machine counts less."""
    clip = read(utterances("javanese", data)[2].path)
    assert clip.video is not None
    assert clip.sound is not None
    samples = np.resize(clip.sound.samples, 64_000)
    pictures = replace(clip.video, end=min(clip.video.end, clip.video.start + 4))
    found, faces, voices = track(pictures), FaceReader(), VoiceReader()
    return {"face": _best(lambda: faces(pictures, found)), "voice": _best(lambda: voices(samples))}


def _best(action: Callable[[], object], runs: int = 7) -> float:
    action()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return min(times)


def voices(data: Path, cache: Path | None) -> dict[str, Any]:
    """Everything about the voice classifier that is measured on features alone."""
    free, nc = (Recipe.read(RECIPES / f"{name}.yaml") for name in ("voice", "voice-nc"))
    # Each corpus with all of its own labels, as others report it.
    plain = free.model_copy(update={"leave_out": (), "labels": {}})
    by_speaker = nc.model_copy(update={"calibrate_on": "speaker"})
    heard = {name: features(name, data, cache) for name in (*CORPORA, "javanese")}
    few = {name: relabelled(nc, heard[name]) for name in (*CORPORA, "javanese")}
    everything = joined([few[name] for name in CORPORA])
    others = {name: joined([few[other] for other in CORPORA if other != name]) for name in CORPORA}
    return {
        "left_out_as_unvoiced": {name: int(found.skipped) for name, found in heard.items()},
        "own_labels": {name: leave_one_out(plain, heard[name], "speaker") for name in CORPORA},
        "held_out_people": {
            "cascade-voice": leave_one_out(free, few["emodb"], "speaker") | calibration(free, few["emodb"]),
            "cascade-voice-nc": leave_one_out(nc, everything, "speaker"),
        },
        "across_corpora": {
            "ravdess → emodb": across(by_speaker, few["ravdess"], few["emodb"]),
            **{f"emodb → {name}": across(free, few["emodb"], few[name]) for name in ("ravdess", "nemo", "javanese")},
            **{f"other two → {name}": across(nc, others[name], few[name]) for name in CORPORA},
            "all three → javanese": across(nc, everything, few["javanese"]),
        },
    }


def show(result: dict[str, Any]) -> None:
    """The tables of README.md and of the model cards."""
    folds = result["own_labels"] | result["held_out_people"]
    table({name: {k: v for k, v in row.items() if k != "folds"} for name, row in folds.items()})
    table(result["across_corpora"])
    table({name: {k: v for k, v in row.items() if not isinstance(v, dict)} for name, row in result["javanese"].items()})
    for name, row in result["javanese"].items():
        print(name, row.get("levels", ""), row.get("recall", ""))
    print("fer2013 test", result["fer2013_test"], "seconds for 4 s", result["seconds_for_4_s"])


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return round(float(value), 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, help="folder where computed features are kept between runs")
    cache, data = parser.parse_args().cache, data_root()
    result = {
        "seed": 0,
        **voices(data, cache),
        "fer2013_test": face_alone(data),
        "javanese": javanese(data),
        "levels": {"sure": SURE, "fairly sure": FAIRLY_SURE},
        "seconds_for_4_s": speed(data),
    }
    result = rounded(result)
    show(result)
    save("cascade_emotion", result)


if __name__ == "__main__":
    main()
