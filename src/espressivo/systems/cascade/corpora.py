"""Emotion corpora as lists of utterances, read from their official folder layouts: just enough to train this room."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.progress import track

from espressivo.emotion import canonical
from espressivo.errors import InputError
from espressivo.media.read import read
from espressivo.systems.cascade.features import POOLED, VoiceFeatures, pool

RAVDESS_CODES = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
EMODB_CODES = {"W": "angry", "L": "bored", "E": "disgusted", "A": "fearful", "F": "happy", "T": "sad", "N": "neutral"}


@dataclass(frozen=True)
class Utterance:
    """A recording, who speaks, and the emotion it was acted or labelled with."""

    path: Path
    corpus: str
    speaker: str
    emotion: str


def _ravdess(root: Path) -> Iterator[tuple[Path, str, str]]:
    for path in root.glob("Actor_*/03-01-*"):
        fields = path.stem.split("-")
        yield path, fields[6], RAVDESS_CODES[int(fields[2]) - 1]


def _emodb(root: Path) -> Iterator[tuple[Path, str, str]]:
    for path in root.glob("wav/*"):
        yield path, path.stem[:2], EMODB_CODES[path.stem[5]]


def _nemo(root: Path) -> Iterator[tuple[Path, str, str]]:
    for path in root.glob("samples/*"):
        speaker, emotion, _ = path.stem.split("_")
        yield path, speaker, emotion


def _javanese(root: Path) -> Iterator[tuple[Path, str, str]]:
    with open(root / "clips.csv", newline="") as file:
        for row in csv.DictReader(file):
            yield root / row["path"], row["speaker"], row["emotion"]


READERS: dict[str, Callable[[Path], Iterator[tuple[Path, str, str]]]] = {
    "ravdess": _ravdess,
    "emodb": _emodb,
    "nemo": _nemo,
    "javanese": _javanese,
}


def utterances(corpus: str, data: Path) -> list[Utterance]:
    """All utterances of `corpus`, which lies in the folder of that name under `data`, in the order of their names.

    Raises:
        InputError: the folder is missing or holds none.
    """
    root = data / corpus
    found = sorted(READERS[corpus](root)) if root.is_dir() else []
    if not found:
        raise InputError(f"no utterances of {corpus} in {root}: put the corpus there in its official layout")
    return [Utterance(path, corpus, f"{corpus}-{speaker}", canonical(emotion)) for path, speaker, emotion in found]


@dataclass(frozen=True, eq=False)
class Table:
    """Pooled features of many utterances, and what is known of each.

    Attributes:
        x: (utterances, POOLED) float32.
        emotion, speaker, corpus: (utterances,) names.
        skipped: how many utterances were left out because hardly anything in them is voiced.
    """

    x: np.ndarray
    emotion: np.ndarray
    speaker: np.ndarray
    corpus: np.ndarray
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.x)

    def only(self, rows: np.ndarray) -> Table:
        """The utterances that `rows`, a mask or indices, choose."""
        return replace(
            self,
            x=self.x[rows],
            emotion=self.emotion[rows],
            speaker=self.speaker[rows],
            corpus=self.corpus[rows],
        )


def read_table(corpora: Iterable[str], data: Path) -> Table:
    """Computes the features of every utterance of `corpora`: about 20 a second on two cores.

    Raises:
        InputError: a corpus is missing, or a recording cannot be read.
    """
    features = VoiceFeatures()
    said = [utterance for corpus in corpora for utterance in utterances(corpus, data)]

    def pooled(utterance: Utterance) -> np.ndarray | None:
        sound = read(utterance.path).sound
        return None if sound is None else pool(features(sound.samples))

    with ThreadPoolExecutor() as workers:  # decoding and onnxruntime both let other threads run
        vectors = list(track(workers.map(pooled, said), "listening", len(said), disable=not sys.stderr.isatty()))
    kept = [(utterance, vector) for utterance, vector in zip(said, vectors, strict=True) if vector is not None]
    x = np.stack([vector for _, vector in kept])
    emotion, speaker, corpus = (np.array([getattr(u, f) for u, _ in kept]) for f in ("emotion", "speaker", "corpus"))
    return Table(x, emotion, speaker, corpus, skipped=len(said) - len(kept))


def synthetic_table(seed: int, speakers: int = 4, each: int = 12) -> Table:
    """Made-up features in which the emotion shows a little and the speaker more: for a training that takes seconds."""
    random = np.random.default_rng(seed)
    emotions = np.tile(np.repeat(["neutral", "happy", "sad"], each), speakers)
    people = np.repeat(np.arange(speakers), 3 * each)
    names, emotion = np.unique(emotions, return_inverse=True)
    x = random.normal(size=(len(names), POOLED))[emotion] + random.normal(size=(speakers, POOLED))[people]
    x = x + 6 * random.normal(size=x.shape)
    speaker = np.array([f"made-up-{person}" for person in people])
    return Table(x.astype(np.float32), emotions, speaker, np.full(len(x), "synthetic"))
