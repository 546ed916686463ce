"""Emotion corpora as lists of utterances, read from their official folder layouts: just enough to train this room."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from espressivo.emotion import canonical
from espressivo.errors import InputError

RAVDESS_CODES = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
EMODB_CODES = dict(W="angry", L="bored", E="disgusted", A="fearful", F="happy", T="sad", N="neutral")


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
