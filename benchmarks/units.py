"""Which units keep the words and drop the speaker? Phone purity, PNMI, probes and bitrate, on hand-labelled German.

python benchmarks/units.py [ENCODER:LAYER | FOLDER]...     about 20 minutes on two cores

Further rows: an encoder (hf:NAME:LAYER for one on the Hub), or the folder of units that you trained.
Every row clusters its features into 500 units at 25 a second. "fitted on it" clusters the German recordings themselves,
as is usual, although they hold but ten sentences; "fitted elsewhere" clusters English alone, as units are in use.
A row's lag is chosen on every other German speaker; purity and PNMI are those of the speakers between them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import data_root, rounded, save, table
from espressivo.clip import SPEECH_RATE
from espressivo.corpora.item import Item
from espressivo.corpora.readers import corpus
from espressivo.signal.encoder import speech_encoder
from espressivo.signal.mel import MelConfig, MelSpectrogram
from espressivo.signal.tokens import UNIT_RATE
from espressivo.systems.speech_units.model import STACK, UnitNet, stacked
from espressivo.systems.speech_units.quality import PAUSE, phone_row, scores
from espressivo.systems.speech_units.task import clustered, embedded, shipped

SHIFTS = (-0.04, -0.02, 0.0, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06)
SEED, COUNT = 0, 500
ENGLISH = 400  # recordings that the units of "fitted elsewhere" are clustered on
Features = Callable[[np.ndarray], np.ndarray]


@dataclass
class Corpus:
    """Recordings, and for the German ones where their phones lie."""

    items: list[Item]
    waves: list[np.ndarray]


def load(items: list[Item]) -> Corpus:
    waves = [item.clip().sound.at(SPEECH_RATE).samples for item in items]  # type: ignore[union-attr]
    return Corpus(items, waves)


def german(data: Path) -> Corpus:
    """EmoDB's recordings that were labelled throughout."""
    found = []
    for item in corpus("emodb").read(data / "emodb", lambda path, why: None):
        try:
            phone_row(Path(item.notes["phones"]), 1, 0.0)
        except (KeyError, ValueError):
            continue
        found.append(item)
    return load(found)


def english(data: Path) -> Corpus:
    items = [i for name in ("kathleen", "librispeech") for i in corpus(name).read(data / name, lambda path, why: None)]
    chosen = np.random.default_rng(SEED).permutation(len(items))[:ENGLISH]
    return load([items[i] for i in sorted(chosen)])


def mfcc(samples: np.ndarray) -> np.ndarray:
    """20 cepstra, 50 a second, two frames a row: (units, 40)."""
    mel = MelSpectrogram(MelConfig(SPEECH_RATE, 512, 320, 400, 40, 50, 7600, centred=True, power=2, floor=1e-8))
    bands = mel(torch.from_numpy(samples)[None])[0].numpy()[: len(samples) // 320]
    k, n = np.arange(1, 21)[:, None], np.arange(40)
    cepstra = bands @ np.cos(np.pi * k * (n + 0.5) / 40).T
    return cepstra[: len(cepstra) // STACK * STACK].reshape(-1, STACK * 20).astype(np.float32)


class Encoder:
    """An encoder that listens to each recording once, whichever of its layers are asked for."""

    def __init__(self, name: str, layers: tuple[int, ...]) -> None:
        self._encoder, self.layers = speech_encoder(name), layers
        self._heard: dict[bytes, np.ndarray] = {}

    def layer(self, layer: int) -> Features:
        return lambda samples: stacked(torch.from_numpy(self._hear(samples)[self.layers.index(layer)]).float()).numpy()

    def _hear(self, samples: np.ndarray) -> np.ndarray:
        key = sha1(samples.tobytes()).digest()
        if key not in self._heard:
            self._heard[key] = self._encoder(samples, self.layers).astype(np.float16)
        return self._heard[key]


def learned(net: UnitNet, encoder: Encoder) -> Features:
    below = encoder.layer(net.config.layer)
    return lambda samples: embedded(net, below(samples))


def rows(nets: list[UnitNet], encoders: dict[str, Encoder]) -> dict[str, Features]:
    """What is compared, by the name of its row."""
    found: dict[str, Features] = {"MFCC": mfcc, "WakeHuBERT": encoders["wakehubert-tiny"].layer(0)}
    found |= {f"Whisper tiny.en layer {i}": encoders["whisper-tiny-en"].layer(i) for i in (1, 2, 3, 4)}
    found |= {"Whisper base, last layer": encoders["whisper-base"].layer(0)}
    for name in sys.argv[1:]:
        if name in encoders:
            found[name] = encoders[name].layer(encoders[name].layers[0])
    return found | {f"bottleneck on {n.config.encoder}": learned(n, encoders[n.config.encoder]) for n in nets}


def named() -> dict[str, Encoder]:
    """The encoders of the table, and those that are named as arguments."""
    found = {"wakehubert-tiny": (0,), "whisper-tiny-en": (1, 2, 3, 4), "whisper-base": (0,)}
    encoders = {name: Encoder(name, layers) for name, layers in found.items()}
    for given in sys.argv[1:]:
        if not Path(given).is_dir():
            name, _, layer = given.rpartition(":")
            encoders[given] = Encoder(name, (int(layer),))
    return encoders


def phones(corpus: Corpus, lengths: list[int], lag: float) -> np.ndarray:
    parts = [phone_row(Path(i.notes["phones"]), n, lag) for i, n in zip(corpus.items, lengths, strict=True)]
    return np.concatenate(parts).astype(str)


def judged(features: Features, test: Corpus, other: Corpus) -> dict[str, Any]:
    """One row of the table."""
    parts = [features(wave) for wave in test.waves]
    lengths = [len(part) for part in parts]
    elsewhere = np.concatenate([features(wave) for wave in other.waves])
    mean, deviation = elsewhere.mean(axis=0), elsewhere.std(axis=0) + 1e-6
    x = np.concatenate(parts)
    own = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-6)
    units = predict(clustered((elsewhere - mean) / deviation, COUNT, SEED), (x - mean) / deviation)
    who = np.array([item.speaker for item in test.items])
    speaker = np.repeat(who, lengths)
    lag, rest = chosen_lag(units, test, lengths, speaker)
    phone = phones(test, lengths, lag)
    said = phone != PAUSE
    sentence = np.array([item.notes["sentence"] for item in test.items])
    refit = predict(clustered(own[said], COUNT, SEED), own)
    means = np.stack([part.mean(axis=0) for part in parts])
    bags = np.stack([np.bincount(u, minlength=COUNT) / len(u) for u in np.split(units, np.cumsum(lengths)[:-1])])
    return {
        "lag": lag,
        **score(units[rest], phone[rest]),
        "fitted_on_it": score(refit[rest], phone[rest]),
        "phone_probe": phone_probe(own[said], phone[said], speaker[said]),
        "speaker_probe": speaker_probe(means, who, sentence),
        "speaker_probe_units": speaker_probe(bags, who, sentence),
    }


def chosen_lag(units: np.ndarray, test: Corpus, lengths: list[int], speaker: np.ndarray) -> tuple[float, np.ndarray]:
    """The lag at which the units of half of the speakers say most of their phones, and which frames are the others'."""
    half = np.isin(speaker, np.unique(speaker)[::2])
    found = {shift: score(units[half], phones(test, lengths, shift)[half])["purity"] for shift in SHIFTS}
    return max(found, key=lambda shift: found[shift]), ~half


def score(units: np.ndarray, phone: np.ndarray) -> dict[str, float]:
    return scores(units, phone, phone != PAUSE)


def predict(codes: np.ndarray, x: np.ndarray) -> np.ndarray:
    return (x @ codes.T - (codes**2).sum(axis=1) / 2).argmax(axis=1)


def linear() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=100))


def phone_probe(x: np.ndarray, phone: np.ndarray, speaker: np.ndarray) -> float:
    """Accuracy of a linear classifier of phones on people whom it never heard: two halves, each tried on the other."""
    people, right = np.unique(speaker), []
    for half in (people[::2], people[1::2]):
        rows = np.isin(speaker, half)
        right.append(linear().fit(x[rows][::3], phone[rows][::3]).score(x[~rows], phone[~rows]))
    return float(np.mean(right))


def speaker_probe(x: np.ndarray, who: np.ndarray, sentence: np.ndarray) -> float:
    """Accuracy of a linear classifier of speakers on sentences that it never heard, from one vector a recording."""
    said, right = np.unique(sentence), []
    for half in (said[::2], said[1::2]):
        rows = np.isin(sentence, half)
        right.append(linear().fit(x[rows], who[rows]).score(x[~rows], who[~rows]))
    return float(np.mean(right))


def codebooks(net: UnitNet, encoder: Encoder, test: Corpus) -> dict[str, Any]:
    """The units that ship, as they ship, on the speakers whom their lag was not chosen on."""
    below = encoder.layer(net.config.layer)
    parts = [below(wave) for wave in test.waves]
    lengths = [len(part) for part in parts]
    phone, speaker = phones(test, lengths, net.config.lag), np.repeat([i.speaker for i in test.items], lengths)
    x, found = torch.from_numpy(np.concatenate(parts)), {}
    for count in net.config.counts:
        with torch.inference_mode():
            units = net.units(x, count).numpy()
        lag, rest = chosen_lag(units, test, lengths, speaker)
        found[str(count)] = {"best_lag": lag, **score(units[rest], phone[rest])}
    return found


def main() -> None:
    folder = shipped()
    assert folder is not None, "train the units first: espressivo train speech-units"
    nets = [UnitNet.load(path) for path in (folder, *(Path(given) for given in sys.argv[1:] if Path(given).is_dir()))]
    data, encoders = data_root(), named()
    test, other = german(data), english(data)
    found = {}
    for name, features in rows(nets, encoders).items():
        found[name] = rounded(judged(features, test, other))
        print(name, found[name], flush=True)
    table({name: {k: v for k, v in row.items() if not isinstance(v, dict)} for name, row in found.items()})
    seconds = sum(len(wave) for wave in test.waves) / SPEECH_RATE
    facts = {"seed": SEED, "units": COUNT, "rate": UNIT_RATE, "recordings": len(test.waves), "seconds": round(seconds)}
    people, sentences = ({f(i) for i in test.items} for f in (lambda i: i.speaker, lambda i: i.notes["sentence"]))
    facts |= {"chance_speaker": 1 / len(people), "sentences": len(sentences), "english": len(other.waves)}
    ours = codebooks(nets[0], encoders[nets[0].config.encoder], test)
    save("units", {**facts, "rows": found, "shipped": rounded(ours)})


if __name__ == "__main__":
    main()
