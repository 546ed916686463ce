"""Made-up voices: hums, their pitch the emotion's, their loudness the speaker's, and an ear that measures both."""

import csv
from pathlib import Path

import numpy as np
import soundfile

from espressivo.clip import Clip
from espressivo.errors import InputError
from espressivo.systems.voice_emotion.hearing import MELODY

RATE, WIDTH = 16_000, 6
HERTZ = {"neutral": 100, "happy": 200, "sad": 300, "bored": 400}


def hum(hertz: float, level: float = 0.1, seconds: float = 0.2) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def measured(clip: Clip) -> dict[str, np.ndarray]:
    """In place of an encoder: a one at the place of the emotion, and the speaker's habit on top of it."""
    assert clip.sound is not None
    wave = clip.sound.at(RATE).samples
    if not wave.any():
        raise InputError(f"hardly anybody speaks in {clip.name}")
    hertz = int(np.abs(np.fft.rfft(wave)).argmax()) * RATE / len(wave)
    layers = np.zeros((1, 3, WIDTH), np.float16)
    layers[0, :, round(hertz / 100) - 1] = 1
    layers += np.random.default_rng(int(hertz + 1e6 * wave.std())).normal(0, 0.05, layers.shape).astype(np.float16)
    layers[0, :, -1] += 10 * wave.std()
    return {"layers": layers, "melody": np.full(MELODY, wave.std(), np.float32)}


def recordings(folder: Path, emotions: tuple[str, ...], speakers: int = 4, each: int = 3) -> Path:
    """A table of hums in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for speaker in range(speakers):
        for number, emotion in enumerate(emotions * each):
            name = f"{speaker}-{number}.wav"
            level = 0.05 * (1 + speaker) * (1 + 0.01 * number)
            soundfile.write(folder / name, hum(HERTZ[emotion], level), RATE)
            rows.append({"path": name, "speaker": f"s{speaker}", "emotion": emotion})
    return table(folder, rows)


def table(folder: Path, rows: list[dict[str, str]], name: str = "my.csv") -> Path:
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "speaker", "emotion"])
        writer.writeheader()
        writer.writerows(rows)
    return folder / name
