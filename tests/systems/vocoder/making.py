"""Vocoders with random weights, and recordings of voices that are sums of harmonics."""

import csv
from pathlib import Path

import numpy as np
import soundfile
import torch

from espressivo.signal.harmonic import MEL, HarmonicConfig, HarmonicNet
from espressivo.signal.harmonic_vocoder import HarmonicVocoder, VocoderConfig
from espressivo.training.checkpoint import save_model
from tests.synthetic import speechlike

SMALL = HarmonicConfig(width=32, layers=2, pitch_width=16, pitch_layers=1)


def random_folder(folder: Path, lively: bool = True, config: HarmonicConfig = SMALL) -> Path:
    """A model of random weights; `lively` is one that does much to the sound, the others are as training begins."""
    torch.manual_seed(0)
    net = HarmonicNet(config)
    if lively:
        torch.nn.init.normal_(net.out.weight, std=0.1)
        torch.nn.init.normal_(net.pitch_out.weight, std=0.5)
    save_model(folder, net, VocoderConfig("random", "CC0", net.config), "# Random")
    return folder


def random_vocoder(folder: Path, lively: bool = True) -> HarmonicVocoder:
    return HarmonicVocoder(random_folder(folder, lively))


def hum(hertz: float, seconds: float = 1.0, rate: int = MEL.rate, highest: float = 7000.0) -> np.ndarray:
    """A steady voice, (samples,) float32: falling harmonics up to `highest`."""
    time = np.arange(round(seconds * rate)) / rate
    partials = range(1, int(highest / hertz) + 1)
    return sum(0.2 / k * np.sin(2 * np.pi * hertz * k * time) for k in partials).astype(np.float32)


def recordings(folder: Path, speakers: int = 2, each: int = 2, seconds: float = 1.0, first: int = 0) -> Path:
    """A table of babble in `folder`, at 22.05 kHz, with silence now and then."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(first * each, (first + speakers) * each):
        name = f"{number}.wav"
        soundfile.write(folder / name, speechlike(seconds, MEL.rate, seed=number), MEL.rate)
        rows.append({"path": name, "speaker": f"made-{number // each}"})
    return table(folder, rows)


def table(folder: Path, rows: list[dict[str, str]], name: str = "my.csv") -> Path:
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "speaker"])
        writer.writeheader()
        writer.writerows(rows)
    return folder / name
