"""Recordings in parts, cut to examples: what a batch of prosody2vec holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from espressivo.corpora.data import Data
from espressivo.corpora.features import Feature, FeatureStore, extract
from espressivo.corpora.item import Item
from espressivo.corpora.skips import none_left
from espressivo.emotion import EMOTIONS
from espressivo.signal.tokens import UNIT_RATE, deduplicated
from espressivo.systems.prosody2vec.encoder import BANDS, OFFSETS
from espressivo.systems.prosody2vec.parts import ACTIVE, MEL, PAIR, RATE, HeardFeature, Parts, PartsFeature, content_at
from espressivo.systems.prosody2vec.seconds import blend, members, middles, seconds_of
from espressivo.systems.speech_units.pipeline import SpeechUnits

QUIET = 0.05  # quantile of the frames that tell how noisy a recording is
BLUR = (0.15, 0.05, 0.05, 0.05)  # deviation of what is added to the offsets that the prosody encoder sees


class Batch(NamedTuple):
    """n examples of `frames` frames, `seconds` seconds and at most `runs` runs of the same kind of sound.

    Shapes: `mel` (n, frames, 160), `content` (n, frames, 64), `pitch` and `voiced` and `mask` (n, frames), `speaker`
    (n, 256), `noise` (n,), `blur` (n, offsets) to add to those that the encoder sees, `seconds` (n, seconds) shares of
    them that are there, `said` (n, seconds, codes) shares of each kind of sound, `who` and `felt` (n,) or -1, `usual`
    and `spread` (n, 80), `register` and `pitched` (n,), `heard` (n, frames, heard) and `heard_usual` (n, heard), `runs`
    (n, runs, 64), `run_blend` (n, runs, seconds), `lengths` and `run_mask` (n, runs).
    """

    mel: Tensor
    content: Tensor
    pitch: Tensor
    voiced: Tensor
    mask: Tensor
    speaker: Tensor
    noise: Tensor
    blur: Tensor
    seconds: Tensor
    said: Tensor
    who: Tensor
    felt: Tensor
    usual: Tensor
    spread: Tensor
    register: Tensor
    pitched: Tensor
    heard: Tensor
    heard_usual: Tensor
    runs: Tensor
    run_blend: Tensor
    lengths: Tensor
    run_mask: Tensor


class Recordings:
    """Those that could be read, and what the cache keeps of them."""

    def __init__(self, data: Data | Sequence[Item], hearing: HeardFeature | None = None, jobs: int = 1) -> None:
        self.store, self.skipped = _kept(data, PartsFeature(), jobs)
        self.heard = None
        if hearing is not None:
            self.heard, more = _kept(data, hearing, jobs)
            named = {name for name, _ in self.skipped}
            self.skipped += tuple((name, why) for name, why in more if name not in named)
        both = [self.store] if self.heard is None else [self.store, self.heard]
        self.items: list[Item] = [item for item in data if all(item in store for store in both)]
        if not self.items:
            raise none_left(self.skipped)
        units = SpeechUnits.from_pretrained(count=100)
        self.codes, self.lag = units.codebook, units.lag
        self._of: dict[str | None, list[int]] = defaultdict(list)
        for i, item in enumerate(self.items):
            self._of[item.speaker].append(i)
        self._number: dict[str, int] = {}
        found = {item.emotion for item in self.items}
        self.emotions = tuple(name for name in EMOTIONS if name in found)
        """That any of them is labelled with; their numbers in a batch are the places in it."""

    def __len__(self) -> int:
        return len(self.items)

    @property
    def hours(self) -> float:
        return sum(len(self.store[item]["hz"]) for item in self.items) / RATE / 3600

    def speakers(self) -> set[str | None]:
        return {item.speaker for item in self.items}

    def known(self, least: int) -> dict[str, int]:
        """Numbers for the speakers of at least `least` recordings."""
        counts = Counter(item.speaker for item in self.items if item.speaker is not None)
        self._number = {name: i for i, name in enumerate(sorted(n for n, c in counts.items() if c >= least))}
        return self._number

    def parts(self, item: Item) -> Parts:
        kept = {name: array.astype(np.float32) for name, array in self.store[item].items()}
        heard = np.zeros((1, 0)) if self.heard is None else self.heard[item]["heard"]
        return Parts(kept["mel"], kept["content"], kept["hz"], kept["speaker"], heard=heard.astype(np.float32))

    def batch(self, indices: np.ndarray, frames: int, random: np.random.Generator, blur: float) -> Batch:
        """Stretches of the recordings `indices` from anywhere in them."""
        examples = [self._example(int(i), frames, random, blur) for i in indices]
        most = max(len(example["lengths"]) for example in examples)
        for example in examples:
            for name in ("runs", "run_blend", "lengths", "run_mask"):
                value = example[name]
                example[name] = np.pad(value, [(0, most - len(value))] + [(0, 0)] * (value.ndim - 1))
        columns = {name: np.stack([example[name] for example in examples]) for name in Batch._fields}
        return Batch(**{name: torch.from_numpy(np.asarray(column)) for name, column in columns.items()})

    def _example(self, index: int, frames: int, random: np.random.Generator, blur: float) -> dict[str, np.ndarray]:
        item = self.items[index]
        parts = self.parts(item)
        begin = int(random.integers(0, max(1, len(parts) - frames + 1)))
        found = cut(parts, begin, frames, self.lag)
        found["speaker"] = self._voice(item, parts, random)
        found["who"] = np.array(self._number.get(item.speaker or "", -1))
        found["felt"] = np.array(self.emotions.index(item.emotion) if item.emotion in self.emotions else -1)
        found["blur"] = blur * random.normal(size=OFFSETS) * BLUR
        found |= usual(parts) | noise(parts)
        count = seconds_of(frames)
        member = members(frames) * found["mask"][:, None]
        found["seconds"] = member.sum(axis=0) / RATE
        found |= self._runs(parts, begin / RATE, min(len(parts), begin + frames) / RATE, count)
        return {
            name: np.asarray(value, np.int64 if name in ("who", "felt") else np.float32)
            for name, value in found.items()
        }

    def _voice(self, item: Item, parts: Parts, random: np.random.Generator) -> np.ndarray:
        """Of any recording of the same person, so that it cannot tell how this one feels."""
        others = self._of[item.speaker] if item.speaker is not None else []
        if len(others) < 2:
            return parts.speaker
        return self.store[self.items[others[int(random.integers(len(others)))]]]["speaker"]

    def _runs(self, parts: Parts, start: float, end: float, seconds: int) -> dict[str, np.ndarray]:
        """The runs of the same kind of sound that lie within, and how much of each there is in each second."""
        first, last = int(np.ceil(start * UNIT_RATE)), max(1, int(end * UNIT_RATE))
        points = parts.content[first:last] if last - first > 2 else parts.content[:last]
        codes = nearest(points, self.codes)
        runs, lengths, times = run_points(points, codes)
        whole = np.ones(len(lengths), np.float32)
        whole[[0, -1]] = 0  # cut off
        second = np.minimum((np.arange(len(codes)) / UNIT_RATE).astype(int), seconds - 1)
        said = np.zeros((seconds, len(self.codes)), np.float32)
        np.add.at(said, (second, codes), 1)
        said /= np.maximum(said.sum(axis=1, keepdims=True), 1)
        return {
            "runs": runs,
            "run_blend": blend(times, seconds),
            "lengths": np.log(lengths),
            "run_mask": whole,
            "said": said,
        }


def _kept(data: Data | Sequence[Item], feature: Feature, jobs: int) -> tuple[FeatureStore, tuple[tuple[str, str], ...]]:
    report = extract(data, feature, jobs=max(1, jobs))
    return report.store, tuple(report.skipped)


def nearest(points: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The nearest code of each point."""
    return (points @ codes.T - (codes**2).sum(axis=1) / 2).argmax(axis=1)


def run_points(points: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each run of the same code: the mean of its points, how many units it lasts, and its middle in seconds."""
    _, lengths = deduplicated(codes)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    means = np.add.reduceat(points, starts, axis=0) / lengths[:, None]
    return means, lengths, (starts + lengths / 2) / UNIT_RATE


def cut(parts: Parts, begin: int, frames: int, lag: float) -> dict[str, np.ndarray]:
    """`frames` frames from `begin` on, silence where the recording has ended."""
    here = slice(begin, begin + frames)
    there = len(parts.hz[here])
    rest = ((0, frames - there), (0, 0))
    hz = np.pad(parts.hz[here], (0, frames - there))
    return {
        "mel": np.pad(parts.mel[here], rest, constant_values=float(np.log(MEL.floor))),
        "content": content_at(parts.content, begin / RATE + middles(frames), lag),
        "pitch": carried(hz),
        "voiced": hz > 0,
        "heard": content_at(parts.heard, begin / RATE + middles(frames), 0.0),
        "mask": np.arange(frames) < there,
    }


def carried(hz: np.ndarray) -> np.ndarray:
    """The logarithm of the pitch, on straight lines where nothing is voiced; of 150 Hz where nothing ever is."""
    voiced = np.flatnonzero(hz > 0)
    if not len(voiced):
        return np.full(len(hz), np.log(150.0), np.float32)
    return np.interp(np.arange(len(hz)), voiced, np.log(hz[voiced])).astype(np.float32)


def usual(parts: Parts) -> dict[str, np.ndarray]:
    """Mean and deviation of the recording's active frames, the middle of its pitch, the mean of what is heard."""
    both = parts.mel.reshape(-1, PAIR, BANDS).mean(axis=1)
    loud = both.mean(axis=1)
    speaks = loud > loud.max() - ACTIVE
    voiced = parts.hz[parts.hz > 0]
    times = (np.arange(len(parts.heard)) + 0.5) / UNIT_RATE
    heard = parts.heard[speaks[np.minimum((times * RATE).astype(int), len(speaks) - 1)]]
    return {
        "usual": both[speaks].mean(axis=0),
        "spread": both[speaks].std(axis=0),
        "register": np.asarray(np.log(np.median(voiced)) if len(voiced) else 0.0),
        "pitched": np.asarray(float(len(voiced) > 0)),
        "heard_usual": (heard if len(heard) else parts.heard).mean(axis=0),
    }


def noise(parts: Parts) -> dict[str, np.ndarray]:
    """How far the quietest frames lie below the speech, in nats."""
    loud = parts.mel.mean(axis=1)
    return {"noise": np.asarray(np.clip(loud[loud > loud.max() - ACTIVE].mean() - np.quantile(loud, QUIET), 0, 10))}
