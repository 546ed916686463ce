"""Recordings in made-up parts, in which voice, words and feeling are known; and networks of random weights."""

from __future__ import annotations

import csv
from pathlib import Path
from zlib import crc32

import numpy as np
import soundfile
import torch

from espressivo.clip import Clip, Sound
from espressivo.corpora.item import Item
from espressivo.errors import InputError
from espressivo.signal.tokens import SpeechTokens
from espressivo.signal.whisper import WhisperNetwork
from espressivo.systems.prosody2vec.encoder import BANDS
from espressivo.systems.prosody2vec.model import Prosody2Vec, ProsodyConfig
from espressivo.systems.prosody2vec.parts import LEVEL, MEL, PAIR, RATE, Parts
from espressivo.systems.prosody2vec.recipe import FOLDER, ProsodyRecipe
from espressivo.training import read_recipe

HIGHER = {"neutral": 0.0, "happy": 0.5, "sad": -0.4, "angry": 0.3}  # nats of pitch
BRIGHTER = {"neutral": 0.0, "happy": 1.0, "sad": -1.0, "angry": 2.0}  # nats from the lowest band to the highest
FIXED = np.random.default_rng(7)
CODES = FIXED.normal(size=(40, 64)).astype(np.float32)  # the sounds that are said
SHOWN = (0.1 * FIXED.normal(size=(64, BANDS))).astype(np.float32)  # how a sound looks in the mel


def parts_of(
    seconds: float = 2.0, seed: int = 0, voice: int = 0, emotion: str | None = None, heard: int = 0, voiced: bool = True
) -> Parts:
    """`seconds` s of somebody who says sounds of 80 to 240 ms, with a pause at either end."""
    random, person = np.random.default_rng(seed), np.random.default_rng(1000 + voice)
    frames, units = int(seconds * MEL.frame_rate) // PAIR, int(seconds * 25)
    said = np.repeat(random.integers(len(CODES), size=units), random.integers(2, 7, units))[:units]
    content = CODES[said] + 0.05 * random.normal(size=(units, 64)).astype(np.float32)
    times = (np.arange(frames) + 0.5) / RATE
    unit = np.minimum((times * 25).astype(int), units - 1)
    speaks = (times > 0.1) & (times < seconds - 0.1)
    axis = np.linspace(-0.5, 0.5, BANDS)
    loud = np.where(speaks, 0.5 * np.sin(2 * np.pi * 3 * times), -7.0)
    mel = loud[:, None] + content[unit] @ SHOWN + BRIGHTER.get(emotion or "", 0.0) * axis + 0.5 * person.normal(size=80)
    mel = np.repeat(mel, PAIR, axis=0) + 0.05 * random.normal(size=(PAIR * frames, BANDS))
    mel += LEVEL - mel[np.repeat(speaks, PAIR)].mean()
    usual = 100 * np.exp(person.uniform(0, 0.7) + HIGHER.get(emotion or "", 0.0))
    hz = usual * np.exp(0.1 * np.sin(2 * np.pi * 1.3 * times + seed))
    hz *= speaks & (said[unit] % 5 > 0) & voiced
    speaker = person.normal(size=256) + 0.2 * random.normal(size=256)
    return Parts(
        np.maximum(mel, np.log(MEL.floor)).reshape(frames, PAIR * BANDS).astype(np.float32),
        content,
        hz.astype(np.float32),
        (speaker / np.linalg.norm(speaker)).astype(np.float32),
        heard=random.normal(size=(units if heard else 1, heard)).astype(np.float32),
    )


def measured(clip: Clip) -> dict[str, np.ndarray]:
    """In place of PartsFeature: parts as long as the clip, by its name, speaker and emotion."""
    assert clip.sound is not None
    if clip.sound.duration < 0.5:
        raise InputError(f"{clip.name} is short")
    seed, voice = crc32(clip.name.encode()), crc32((clip.speaker or clip.name).encode())
    parts = parts_of(clip.sound.duration, seed, voice, clip.emotion)
    arrays = {"mel": parts.mel, "content": parts.content, "hz": parts.hz, "speaker": parts.speaker}
    return {name: array.astype(np.float16) for name, array in arrays.items()}


def heard_in(clip: Clip) -> dict[str, np.ndarray]:
    """In place of HeardFeature: six numbers, 25 times a second."""
    assert clip.sound is not None
    return {"heard": parts_of(clip.sound.duration, crc32(clip.name.encode()), heard=6).heard.astype(np.float16)}


def recordings(folder: Path, people: int = 2, each: int = 2, emotions: tuple[str, ...] = (), first: int = 0) -> Path:
    """A table of recordings of 1.2 to 2.4 s: `each` of each speaker, and of each of `emotions` if there are any."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for who in range(first, first + people):
        for number, emotion in enumerate((emotions or ("",)) * each):
            row = {"path": f"{who}-{number}.wav", "speaker": f"made-{who}", "emotion": emotion}
            sounding(folder / row["path"], 1.2 + 0.4 * (number % 4))
            rows.append(row | {"text": f"sentence {number % 2}"})
    return table(folder, rows)


def sounding(path: Path, seconds: float) -> None:
    """A file as long as that; nobody listens to it."""
    level = 0.05 + crc32(str(path).encode()) % 10_000 / 20_000  # no two are alike
    soundfile.write(path, np.full(round(seconds * 8000), level, np.float32), 8000)


def table(folder: Path, rows: list[dict[str, str]], name: str = "my.csv") -> Path:
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "speaker", "emotion", "text"])
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


def items(emotions: str, speakers: str | None = None) -> list[Item]:
    """Items without recordings: "neutral happy -" are three, the last without a label."""
    people = (speakers or "a " * len(emotions.split())).split()
    return [
        Item(f"{n}", Path(f"{n}.wav"), speaker=None if who == "-" else who, emotion=None if name == "-" else name)
        for n, (name, who) in enumerate(zip(emotions.split(), people, strict=True))
    ]


SMALL = {"style": 4, "styles": 4, "width": 32, "layers": 1}
NARROW = {"prosody_width": 16, "prosody_layers": 1, "contour_width": 16, "contour_layers": 1}


def lively(seed: int = 0, **shape: object) -> Prosody2Vec:
    """Small networks of random weights, in which conditions do something from the start."""
    torch.manual_seed(seed)
    ear = {"hearing": "whisper-base", "layer": 2} if shape.get("heard") else {}
    net = Prosody2Vec(ProsodyConfig("made", "CC0", **{**SMALL, **NARROW, **ear, **shape}))  # type: ignore[arg-type]
    for name, weight in net.named_parameters():
        if "film" in name:
            torch.nn.init.normal_(weight, std=0.3)
    torch.nn.init.normal_(net.prosody.out.bias, std=0.1)
    net.styles.copy_(torch.randint(-2, 3, net.styles.shape) / 2)
    net.codes.copy_(torch.randn(net.codes.shape))
    return net.eval()


def debug(**values: object) -> ProsodyRecipe:
    """The `debug` recipe with settings of one's own."""
    return read_recipe(ProsodyRecipe, "debug", [f"{key}={value}" for key, value in values.items()], FOLDER)


class Ears:
    """In place of Whisper: a small one, at random."""

    width = 24

    @property
    def network(self) -> WhisperNetwork:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return WhisperNetwork(self.width, heads=2, blocks=3).eval()


class Units:
    """In place of the speech units: 40 of them, which come one after the other."""

    lag, codebook = 0.015, CODES

    def tokens(self, samples: np.ndarray) -> SpeechTokens:
        count = len(samples) // 640
        pitch = np.where(np.arange(-(-count // 2)) % 5 > 0, 30, 0).astype(np.int16)
        return SpeechTokens((np.arange(count) % 40).astype(np.int16), pitch, register=140.0)


class Taking:
    """In place of `Takes`: made-up parts as long as the sound; of a deep sound a whisper's, of a high one a child's."""

    def __call__(self, given: Sound) -> Parts:
        hz = np.abs(np.fft.rfft(given.samples)).argmax() / given.duration
        return parts_of(given.duration, seed=round(hz), voice=round(hz), voiced=hz > 100)
