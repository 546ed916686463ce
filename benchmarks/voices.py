"""Whose voice, and is it a voice at all: speaker encoders and speech detection on real recordings.

    python benchmarks/voices.py

Cosines of pairs of the same and of different speakers (RAVDESS neutral takes, LibriSpeech test-other), the equal error
rate, and how often speech is heard in speech corpora and in ESC-10's noises. Writes benchmarks/results/voices.json.
"""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from common import data_root, save, table
from espressivo.media.read import read
from espressivo.signal.speaker import similarity, speaker_encoder
from espressivo.signal.vad import SpeechDetector

SEED, CLIPS = 0, 12
SPEECH = {
    "grid": "grid/s1/*.mp4",
    "kathleen": "kathleen/data/*.opus",
    "javanese": "javanese/*.mp4",
    "ravdess": "ravdess/Actor_*/*",
    "vasp": "vasp/*/*.mp4",
    "librispeech": "librispeech/train-clean-100/**/*.[!t]*",
}


def samples(path: Path) -> np.ndarray:
    sound = read(path).sound
    assert sound is not None
    return sound.samples


def speakers(root: Path) -> dict[str, list[tuple[str, Path]]]:
    """(speaker, recording): three neutral takes of ten actors; up to three utterances of each reader."""
    ravdess = [(f"{actor:02}", path) for actor in range(1, 11) for path in _neutral(root, actor)]
    readers: dict[str, list[Path]] = {}
    for path in sorted((root / "librispeech" / "test-other").rglob("*.[!t]*")):
        if path.is_file():
            readers.setdefault(path.name.split("-")[0], []).append(path)
    libri = [(reader, path) for reader, paths in readers.items() for path in paths[:3]]
    return {"ravdess": ravdess, "librispeech": libri}


def _neutral(root: Path, actor: int) -> list[Path]:
    return sorted((root / "ravdess" / f"Actor_{actor:02}").glob("03-01-01-*"))[:3]


def cosines(name: str, takes: list[tuple[str, Path]]) -> dict[str, Any]:
    """Means and extremes of same-speaker and different-speaker cosines, and where the two errors are equal."""
    encoder = speaker_encoder(name)
    vectors = [(who, encoder.embed(samples(path))) for who, path in takes]
    same, different = [], []
    for (one, first), (other, second) in combinations(vectors, 2):
        (same if one == other else different).append(similarity(first, second))
    edges = np.linspace(-1, 1, 2001)
    missed = np.array([np.mean(np.array(same) < edge) for edge in edges])
    mistaken = np.array([np.mean(np.array(different) >= edge) for edge in edges])
    equal = int(np.abs(missed - mistaken).argmin())
    figures = {
        "same": np.mean(same),
        "least_same": min(same),
        "different": np.mean(different),
        "most_different": max(different),
        "eer": (missed[equal] + mistaken[equal]) / 2,
    }
    return {"speakers": len(set(dict(takes))), "pairs": len(same)} | {k: round(float(v), 3) for k, v in figures.items()}


def heard(root: Path) -> dict[str, dict[str, Any]]:
    """In how many of a few clips of each kind speech is detected."""
    rng, detector = random.Random(SEED), SpeechDetector()
    kinds = {kind: sorted(root.glob(pattern)) for kind, pattern in SPEECH.items()}
    kinds |= {folder.name: sorted(folder.iterdir()) for folder in sorted((root / "esc10").iterdir()) if folder.is_dir()}
    rows = {}
    for kind, paths in kinds.items():
        chosen = rng.sample([path for path in paths if path.is_file()], CLIPS)
        found = sum(bool(detector.speech_segments(samples(path))) for path in chosen)
        rows[kind] = {"clips": len(chosen), "with_speech": found}
    return rows


def main() -> None:
    root = data_root()
    rows = {
        f"{name}, {corpus}": cosines(name, takes)
        for corpus, takes in speakers(root).items()
        for name in ("wespeaker-resnet34", "ge2e")
    }
    table(rows)
    detected = heard(root)
    table(detected)
    save("voices", {"seed": SEED, "speakers": rows, "speech": detected})


if __name__ == "__main__":
    main()
