"""Copy synthesis: what is lost when a recording goes through the mel spectrogram and the vocoder and back to sound.

    python benchmarks/copy_synthesis.py [--utterances N] [--seed S]

Needs the real corpora (kathleen, librispeech, ravdess) and the pinned weights. Prints a table and writes
benchmarks/results/copy_synthesis.json.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
import torch

from common import data_root, save, table
from espressivo.assets import fetch
from espressivo.signal.mel import MelSpectrogram
from espressivo.signal.pitch import PitchTracker
from espressivo.signal.speaker import similarity, speaker_encoder
from espressivo.signal.vocoder import Vocoder, vocoder

SPEECH = 16_000
PRECISIONS = ("float32", "bfloat16")
RAVDESS_TEXT = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}
MOST_WORDS = 25


@dataclass(frozen=True)
class Utterance:
    path: Path
    corpus: str
    speaker: str
    text: str


def utterances(data: Path, count: int, seed: int) -> list[Utterance]:
    """`count` of them in equal parts from three corpora; within each, the speakers take turns."""
    chance = random.Random(seed)
    share = [count // 3 + (i < count % 3) for i in range(3)]
    lists = [list(_kathleen(data)), list(_librispeech(data)), list(_ravdess(data))]
    chosen = []
    for wanted, found in zip(share, lists, strict=True):
        chance.shuffle(found)
        unseen: dict[str, list[Utterance]] = {}
        for utterance in found:
            unseen.setdefault(utterance.speaker, []).append(utterance)
        turns = [takes[i] for i in range(max(map(len, unseen.values()))) for takes in unseen.values() if i < len(takes)]
        chosen += turns[:wanted]
    return chosen


def _kathleen(data: Path) -> Iterator[Utterance]:
    for text in sorted((data / "kathleen" / "data").glob("*.txt")):
        yield Utterance(text.with_suffix(".opus"), "kathleen", "kathleen", text.read_text())


def _librispeech(data: Path) -> Iterator[Utterance]:
    for listing in sorted((data / "librispeech").glob("test-*/**/*.trans.txt")):
        for line in listing.read_text().splitlines():
            name, text = line.split(" ", 1)
            # About ten seconds: the longest ones would take most of the time and weigh most in the word error rate.
            for path in listing.parent.glob(f"{name}.*") if len(text.split()) <= MOST_WORDS else ():
                yield Utterance(path, "librispeech", name.split("-")[0], text)


def _ravdess(data: Path) -> Iterator[Utterance]:
    for path in sorted((data / "ravdess").glob("Actor_*/03-01-*")):
        parts = path.stem.split("-")
        yield Utterance(path, "ravdess", parts[6], RAVDESS_TEXT[parts[4]])


def load(path: Path, rate: int) -> np.ndarray:
    """The first sound stream, mono float32."""
    import av

    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", rate)
        frames = [*container.decode(audio=0), None]
        return np.concatenate([out.to_ndarray()[0] for frame in frames for out in resampler.resample(frame)])


class Judges:
    """The measures, each loaded once."""

    def __init__(self) -> None:
        from faster_whisper import WhisperModel

        from espressivo.signal.weights import open_session

        self.whisper = WhisperModel(str(fetch("whisper-base")), device="cpu", compute_type="int8")
        self.dnsmos = open_session(fetch("dnsmos"))
        self.speaker = speaker_encoder()
        self.pitch = PitchTracker()

    def words(self, wave: np.ndarray) -> str:
        segments, _ = self.whisper.transcribe(wave, language="en", beam_size=5, condition_on_previous_text=False)
        return plain(" ".join(segment.text for segment in segments))

    def quality(self, wave: np.ndarray) -> float:
        """DNSMOS P.835 overall, 1 to 5: the mean over windows of 9.01 s, one a second; short sounds are repeated."""
        window = 144_160
        wave = np.tile(wave, -(-window // len(wave))) if len(wave) < window else wave
        starts = range(0, len(wave) - window + 1, SPEECH)
        raw = np.concatenate([self.dnsmos.run(None, {"input_1": wave[None, s : s + window]})[0] for s in starts])[:, 2]
        # The calibration its authors publish with the network.
        return float(np.mean(-0.06766283 * raw**2 + 1.11546468 * raw + 0.04602535))

    def pitch_agreement(self, one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
        """Correlation of F0 where both are voiced, and the share of frames whose voicing agrees."""
        a, b = self.pitch(one), self.pitch(other)
        frames = min(len(a), len(b))
        both = a.voiced[:frames] & b.voiced[:frames]
        together = np.corrcoef(a.hz[:frames][both], b.hz[:frames][both])[0, 1] if both.sum() > 2 else np.nan
        return float(together), float((a.voiced[:frames] == b.voiced[:frames]).mean())


def plain(text: str) -> str:
    """Lower case, no punctuation: what word error rates are counted on."""
    return " ".join(re.sub(r"[^a-z' ]+", " ", text.lower()).split())


def word_errors(reference: str, heard: str) -> int:
    """Insertions, deletions and substitutions between two plain texts."""
    row = list(range(len(heard.split()) + 1))
    for i, wanted in enumerate(reference.split(), start=1):
        diagonal, row[0] = row[0], i
        for j, word in enumerate(heard.split(), start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != wanted))
    return row[-1]


def measure(utterance: Utterance, models: dict[str, Vocoder], judges: Judges) -> dict[str, object]:
    """One utterance through every vocoder."""
    model = models["float32"]
    features = MelSpectrogram(model.mel)
    source = load(utterance.path, model.rate)
    source = source[: len(source) // model.hop * model.hop]
    mel = features(torch.from_numpy(source)[None])
    heard = soxr.resample(source, model.rate, SPEECH)
    reference = plain(utterance.text)
    row: dict[str, object] = {
        "corpus": utterance.corpus,
        "speaker": utterance.speaker,
        "seconds": len(source) / model.rate,
        "words": len(reference.split()),
        "original": {"word_errors": word_errors(reference, judges.words(heard)), "dnsmos": judges.quality(heard)},
    }
    voice = judges.speaker.embed(heard)
    for name, vocode in models.items():
        start = time.perf_counter()
        sound = vocode(mel)
        seconds = time.perf_counter() - start
        copy = soxr.resample(sound[0].numpy(), model.rate, SPEECH)
        correlation, voicing = judges.pitch_agreement(heard, copy)
        row[name] = {
            "synthesis_seconds": seconds,
            "word_errors": word_errors(reference, judges.words(copy)),
            "dnsmos": judges.quality(copy),
            "speaker_cosine": similarity(voice, judges.speaker.embed(copy)),
            "log_mel_l1": float((features(sound) - mel).abs().mean()),
            "f0_correlation": correlation,
            "voicing_agreement": voicing,
        }
    return row


def summarise(rows: list[dict], name: str) -> dict[str, float]:
    """Means over utterances; word errors and real-time factor over all words and seconds."""
    cells = [row[name] for row in rows]
    seconds, words = sum(row["seconds"] for row in rows), sum(row["words"] for row in rows)
    means = {
        key: float(np.nanmean([cell[key] for cell in cells]))
        for key in cells[0]
        if key not in ("word_errors", "synthesis_seconds")
    }
    means["wer"] = sum(cell["word_errors"] for cell in cells) / words
    if "synthesis_seconds" in cells[0]:
        means["real_time_factor"] = sum(cell["synthesis_seconds"] for cell in cells) / seconds
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--utterances", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chosen = utterances(data_root(), options.utterances, options.seed)
    models, judges = {name: vocoder(precision=name) for name in PRECISIONS}, Judges()
    for model in models.values():
        model(torch.full((1, 50, model.mel.n_mels), -5.0))  # loads the weights and warms up, outside the clock
    rows = []
    for utterance in chosen:
        rows.append(measure(utterance, models, judges))
        print(f"{utterance.corpus:12} {utterance.path.name}", flush=True)
    summary = {name: summarise(rows, name) for name in ("original", *PRECISIONS)}
    table({name: {key: round(value, 3) for key, value in row.items()} for name, row in summary.items()})
    threads = torch.get_num_threads()
    save(
        "copy_synthesis",
        {"seed": options.seed, "n": len(rows), "torch_threads": threads, "summary": summary, "utterances": rows},
    )


if __name__ == "__main__":
    main()
