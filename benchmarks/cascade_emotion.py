"""How well face and voice together read feelings, on clips as a user would give them.

python benchmarks/cascade_emotion.py     about 5 minutes on two cores. The voice alone: voice_emotion.py.
"""

from __future__ import annotations

import argparse
import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from common import data_root, rounded, save, table
from espressivo.corpora.readers import corpus
from espressivo.emotion import EmotionScores, canonical
from espressivo.media.face import track
from espressivo.systems.cascade.face_scores import FaceReader, MovementReader
from espressivo.systems.cascade.fer import FACE_LABELS, FACE_SIZE
from espressivo.systems.feeling import FAIRLY_SURE, SURE, Feeling, combine, sureness
from espressivo.systems.voice_emotion.pipeline import VoiceEmotion

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
    return rows


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
    print("fer2013 test", result["fer2013_test"], "seconds for 4 s", result["seconds_for_4_s"])


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    data = data_root()
    result = {
        "seed": 0,
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
