"""Small recordings and tables, made on the spot."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from espressivo.corpora.item import Item
from tests.synthetic import tone


def wav(path: Path, seconds: float = 0.5, hz: float = 220.0, rate: int = 16_000, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = tone(seconds, rate, hz)
    soundfile.write(path, sound if channels == 1 else np.stack([sound] * channels, 1), rate)
    return path


def table(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def long_table(path: Path, count: int, speakers: int = 100) -> Path:
    emotions = ("happy", "sad", "angry", "neutral")
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "start", "end", "speaker", "text", "emotion"])
        for n in range(count):
            who = f"someone-{n % speakers}"
            rows.writerow([f"{who}/{n // 10}.wav", n % 10 * 3.0, n % 10 * 3.0 + 2.5, who, f"line {n}", emotions[n % 4]])
    return path


def items(voices: dict[str, Iterable[str]], each: int = 2) -> list[Item]:
    """`each` items of each emotion of each speaker; no files."""
    return [
        Item(f"{who}-{emotion}-{n}", Path(f"{who}/{emotion}/{n}.wav"), speaker=who, emotion=emotion)
        for who, emotions in voices.items()
        for emotion in emotions
        for n in range(each)
    ]
