"""Copy synthesis: what is lost when a recording goes through the mel spectrogram and a vocoder and back to sound.

    python benchmarks/copy_synthesis.py [--utterances N] [--seed S] [--checkpoint FOLDER]

Our harmonic vocoder beside HiFi-GAN in fp32 and bf16, on people whom ours did not learn from. Needs the real corpora
(librispeech, ravdess, nemo) and the pinned weights. Prints a table and writes benchmarks/results/copy_synthesis.json.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soxr
import torch

from common import data_root, rounded, save, table
from espressivo.assets import fetch
from espressivo.clip import SPEECH_RATE
from espressivo.corpora.item import Item
from espressivo.corpora.readers import corpus
from espressivo.metrics.quality import DNSMOS, melody_agreement
from espressivo.metrics.words import word_errors
from espressivo.signal.harmonic_vocoder import HarmonicVocoder
from espressivo.signal.mel import MelSpectrogram
from espressivo.signal.pitch import PitchTracker
from espressivo.signal.speaker import similarity, speaker_encoder
from espressivo.signal.vocoder import Vocoder, vocoder
from espressivo.systems.vocoder.task import shipped
from espressivo.training.checkpoint import load_speakers

CORPORA = ("librispeech", "ravdess", "nemo")
VOCODERS = {
    "harmonic": "ours, harmonics and noise, float32",
    "float32": "HiFi-GAN V1 universal in float32",
    "bfloat16": "HiFi-GAN V1 universal in bfloat16",
}
PEER = "bfloat16"  # the quicker of the two
MOST_WORDS = 25
TOTALS = ("word_errors", "synthesis_seconds")


class Utterance(NamedTuple):
    corpus: str
    item: Item

    @property
    def words(self) -> str:
        """What is said, as word error rates count it; "" where it is not English."""
        return plain(self.item.text or "") if self.item.language == "en" else ""


def utterances(data: Path, count: int, seed: int) -> list[Utterance]:
    """`count` of them in equal parts from the corpora; within each, the speakers take turns."""
    chance = random.Random(seed)
    chosen = []
    for number, name in enumerate(CORPORA):
        found = [item for item in corpus(name).read(data / name, lambda path, why: None) if wanted(item)]
        chance.shuffle(found)
        unseen: dict[str | None, list[Utterance]] = {}
        for item in found:
            unseen.setdefault(item.speaker, []).append(Utterance(name, item))
        turns = [takes[i] for i in range(max(map(len, unseen.values()))) for takes in unseen.values() if i < len(takes)]
        chosen += turns[: count // len(CORPORA) + (number < count % len(CORPORA))]
    return chosen


def wanted(item: Item) -> bool:
    """Speech with sound. Of LibriSpeech the test parts, and no utterance far longer than the others."""
    if item.id.startswith("librispeech"):
        # The longest ones would take most of the time and weigh most in the word error rate.
        return item.part == "test" and item.text is not None and len(item.text.split()) <= MOST_WORDS
    return item.notes.get("channel") != "song" and item.notes.get("modality") != "video"


class Judges:
    """The measures, each loaded once."""

    def __init__(self) -> None:
        from faster_whisper import WhisperModel

        self.whisper = WhisperModel(str(fetch("whisper-base")), device="cpu", compute_type="int8")
        self.quality = DNSMOS()
        self.speaker = speaker_encoder()
        self.pitch = PitchTracker()

    def words(self, wave: np.ndarray) -> str:
        segments, _ = self.whisper.transcribe(wave, language="en", beam_size=5, condition_on_previous_text=False)
        return plain(" ".join(segment.text for segment in segments))

    def errors(self, reference: str, wave: np.ndarray) -> dict[str, int]:
        """Nothing where there is no English to compare with."""
        return {"word_errors": word_errors(reference.split(), self.words(wave).split())} if reference else {}


def plain(text: str) -> str:
    """Lower case, no punctuation: what word error rates are counted on."""
    return " ".join(re.sub(r"[^a-z' ]+", " ", text.lower()).split())


def measure(utterance: Utterance, models: Mapping[str, Vocoder], judges: Judges) -> dict[str, Any]:
    """One utterance through every vocoder."""
    model = models["harmonic"]
    features, sound = MelSpectrogram(model.mel), utterance.item.clip().sound
    assert sound is not None
    source = sound.at(model.rate).samples
    source = source[: len(source) // model.hop * model.hop]
    mel = features(torch.from_numpy(source)[None])
    heard = soxr.resample(source, model.rate, SPEECH_RATE)
    row: dict[str, Any] = {
        "corpus": utterance.corpus,
        "id": utterance.item.id,
        "speaker": utterance.item.speaker,
        "seconds": len(source) / model.rate,
        "words": len(utterance.words.split()),
        "original": {**judges.errors(utterance.words, heard), "dnsmos": judges.quality(heard)},
    }
    voice, melody = judges.speaker.embed(heard), judges.pitch(heard).hz
    for name, vocode in models.items():
        start = time.perf_counter()
        made = vocode(mel)
        seconds = time.perf_counter() - start
        copy = soxr.resample(made[0].numpy(), model.rate, SPEECH_RATE)
        correlation, voicing = melody_agreement(melody, judges.pitch(copy).hz)
        row[name] = {
            "synthesis_seconds": seconds,
            **judges.errors(utterance.words, copy),
            "dnsmos": judges.quality(copy),
            "speaker_cosine": similarity(voice, judges.speaker.embed(copy)),
            "log_mel_l1": float((features(made) - mel).abs().mean()),
            "f0_correlation": None if np.isnan(correlation) else correlation,
            "voicing_agreement": voicing,
        }
    return row


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Of the recordings and of each vocoder; `relative_time` is its real-time factor against that of PEER."""
    found = {name: summarise(rows, name) for name in ("original", *VOCODERS)}
    for name in VOCODERS:
        found[name]["relative_time"] = found[name]["real_time_factor"] / found[PEER]["real_time_factor"]
    return found


def summarise(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, float]:
    """Means over utterances; word errors and real-time factor over all words and seconds."""
    cells = [row[name] for row in rows]
    seconds, words = sum(row["seconds"] for row in rows), sum(row["words"] for row in rows)
    means = dict(_means(cells))
    if words:
        means["wer"] = sum(cell.get("word_errors", 0) for cell in cells) / words
    if "synthesis_seconds" in cells[0]:
        means["real_time_factor"] = sum(cell["synthesis_seconds"] for cell in cells) / seconds
    return means


def _means(cells: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    for key in (key for key in cells[0] if key not in TOTALS):
        known = [cell[key] for cell in cells if cell[key] is not None]
        if known:
            yield key, float(np.mean(known))


def by_corpus(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    parts = {name: [row for row in rows if row["corpus"] == name] for name in CORPORA}
    return {
        name: {"n": len(part), "speakers": len({row["speaker"] for row in part}), **summary(part)}
        for name, part in parts.items()
        if part
    }


def known(chosen: Sequence[Utterance], checkpoint: Path) -> list[str]:
    """The speakers on whom our vocoder's weights were chosen; ends the benchmark where it learned from any of them."""
    people, heard = {utterance.item.speaker for utterance in chosen} - {None}, load_speakers(checkpoint)
    learned = sorted(people.intersection(heard.get("train", [])))
    if learned:
        sys.exit(f"the vocoder in {checkpoint} learned from {', '.join(map(str, learned))}: give another")
    return sorted(map(str, people.intersection(heard.get("validation", []))))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--utterances", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path, help="folder of another harmonic vocoder than the one that ships")
    options = parser.parse_args()
    folder = options.checkpoint or shipped()
    if folder is None:
        sys.exit("no harmonic vocoder ships: give the folder of one, --checkpoint FOLDER")
    chosen = utterances(data_root(), options.utterances, options.seed)
    chosen_on = known(chosen, folder)
    hifigan = {name: vocoder("hifigan-universal", precision=name) for name in ("float32", "bfloat16")}
    models, judges = {"harmonic": HarmonicVocoder(folder), **hifigan}, Judges()
    for model in models.values():
        model(torch.full((1, 50, model.mel.n_mels), -5.0))  # loads the weights and warms up, outside the clock
    rows = []
    for utterance in chosen:
        rows.append(measure(utterance, models, judges))
        print(utterance.item.id, flush=True)
    overall = summary(rows)
    table(rounded(overall, 3))
    save(
        "copy_synthesis",
        {
            "seed": options.seed,
            "n": len(rows),
            "speakers": len({row["speaker"] for row in rows}),
            "speakers_validated_on": chosen_on,
            "torch_threads": torch.get_num_threads(),
            "vocoders": VOCODERS,
            "summary": overall,
            "corpora": by_corpus(rows),
            "utterances": rounded(rows),
        },
    )


if __name__ == "__main__":
    main()
