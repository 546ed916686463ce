"""Converted speech, judged by others: its emotion, voice, words, melody and quality, on speakers nobody learned from.

    python benchmarks/conversion.py [--checkpoint FOLDER] [--clips N]

Sources are neutral recordings of the RAVDESS and nEMO speakers that the checkpoint has not heard; the judges of emotion
(emotion_judges.py) learned from the other speakers of both, from real recordings alone. References are other
people's recordings of the same words in the wanted emotion. Writes benchmarks/results/conversion.json.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from common import data_root, rounded, save, table
from copy_synthesis import Judges, plain, word_errors
from emotion_judges import SPEECH, Hearing, Judge, Measuring
from espressivo.corpora.item import Item
from espressivo.corpora.readers import corpus
from espressivo.media.speech import Speech
from espressivo.signal.speaker import similarity
from espressivo.systems.prosody2vec.conversion import Manner, aligned
from espressivo.systems.prosody2vec.examples import carried
from espressivo.systems.prosody2vec.parts import content_at
from espressivo.systems.prosody2vec.pipeline import Prosody
from espressivo.systems.prosody2vec.seconds import middles
from espressivo.training.checkpoint import load_speakers

CORPORA = ("ravdess", "nemo")
SIX = ("neutral", "happy", "sad", "angry", "fearful", "surprised")
KNOWN = 18  # recordings that tell the judge how somebody usually speaks


def items(name: str) -> list[Item]:
    """Its recordings of the six emotions; calm is neutral."""
    found = corpus(name).read(data_root() / name, lambda path, why: None)
    renamed = (replace(item, emotion="neutral") if item.emotion == "calm" else item for item in found)
    return [item for item in renamed if item.emotion in SIX]


def wave(item: Item) -> np.ndarray:
    sound = item.clip().sound
    assert sound is not None
    return sound.at(SPEECH).samples


class Panel:
    """All judges."""

    def __init__(self, others: Sequence[Item]) -> None:
        self.judges, self.hearing, self.measuring = Judges(), Hearing(others), Measuring(others)

    def of(self, usual: Sequence[np.ndarray]) -> dict[str, Judge]:
        """Those who name emotions, of somebody who usually sounds so."""
        return {
            "as it is": self.hearing.of(),
            "speaker known": self.hearing.of(usual),
            "other features": self.measuring.of(usual),
        }


class Trial:
    """One speaker's neutral recordings, given each emotion in each way."""

    def __init__(self, panel: Panel, own: list[Item], others: list[Item], seed: int) -> None:
        self.panel, self.own, self.others = panel, own, others
        self.chance = random.Random(f"{seed}-{own[0].speaker}")
        drawn = self.chance.sample(own, min(KNOWN, len(own)))
        self.known = panel.of([wave(item) for item in drawn])
        self.sources = [item for item in own if item.emotion == "neutral"]
        self.chance.shuffle(self.sources)

    def real(self, clips: int) -> list[dict[str, Any]]:
        """The judges' opinion of real recordings, and how alike two of them are."""
        drawn = [
            (item, emotion)
            for emotion in SIX
            for item in self.chance.sample(self.own, len(self.own))
            if item.emotion == emotion
        ]
        kept = [pair for n, pair in enumerate(drawn) if [emotion for _, emotion in drawn[:n]].count(pair[1]) < clips]
        return [self._row(wave(item), item, emotion) | {"emotion": emotion} for item, emotion in kept]

    def converted(self, pipeline: Prosody, clips: int, *, reference: bool = False, intensity: float = 1.0) -> list[Any]:
        rows = []
        for source in self.sources[:clips]:
            sound = source.clip().sound
            assert sound is not None
            for emotion in SIX:
                if emotion not in pipeline.emotions:
                    continue
                like = self._reference(source, emotion)
                if reference and like is None:
                    continue
                wanted: dict[str, Any] = (
                    {"reference": like.clip().sound} if reference and like else {"emotion": emotion}
                )
                made = pipeline.convert(sound, intensity=intensity, **wanted)
                row = self._row(made.at(SPEECH).samples.copy(), source, emotion)
                if like is not None:
                    row["f0_correlation"] = contours(pipeline, made, like)
                rows.append(row | {"emotion": emotion})
        return rows

    def _reference(self, source: Item, emotion: str) -> Item | None:
        """The same words by somebody else."""
        same = [item for item in self.others if item.emotion == emotion and item.text == source.text]
        return self.chance.choice(same) if same else None

    def _row(self, samples: np.ndarray, source: Item, emotion: str) -> dict[str, Any]:
        judges = self.panel.judges
        other = self.chance.choice([item for item in self.own if item is not source])
        row: dict[str, Any] = {name: judge(samples) == emotion for name, judge in self.known.items()}
        row["speaker_cosine"] = similarity(judges.speaker.embed(samples), judges.speaker.embed(wave(other)))
        row["dnsmos"] = judges.quality(samples)
        if source.language == "en" and source.text:
            text = plain(source.text)
            row["errors"], row["words"] = word_errors(text, judges.words(samples)), len(text.split())
        return row


def contours(pipeline: Prosody, made: Speech, like: Item) -> float:
    """Correlation of log-F0 over what is voiced in both, after time warping on what is said."""
    from espressivo.media.read import from_arrays

    sounds = (from_arrays(sound=(made.samples, made.rate)).sound, like.clip().sound)
    parts = [pipeline.takes(sound) for sound in sounds if sound is not None]
    said = [content_at(part.content, middles(len(part)), 0.0) for part in parts]
    match = aligned(*said)
    both = (parts[0].hz > 0) & (parts[1].hz[match] > 0)
    if both.sum() < 10:
        return float("nan")
    return float(np.corrcoef(carried(parts[0].hz)[both], carried(parts[1].hz)[match][both])[0, 1])


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means; hits also by emotion, words over all words."""
    names = ("as it is", "speaker known", "other features", "speaker_cosine", "dnsmos", "f0_correlation")
    found: dict[str, Any] = {"clips": len(rows)}
    for name in names:
        values = [row[name] for row in rows if name in row]
        if values:
            found[name] = float(np.nanmean(values))
    words = sum(row.get("words", 0) for row in rows)
    if words:
        found["wer"] = sum(row.get("errors", 0) for row in rows) / words
    found["hits"] = {
        emotion: float(np.mean([row["speaker known"] for row in rows if row["emotion"] == emotion]))
        for emotion in SIX
        if any(row["emotion"] == emotion for row in rows)
    }
    return found


def ways(folder: Path) -> dict[str, tuple[Prosody, dict[str, Any]]]:
    """What is compared."""
    usual = Prosody(folder)
    plain, tinted = Prosody(folder, Manner(colour=0.0)), Prosody(folder, Manner(pace=0.0, melody=0.0))
    return {
        "by name": (usual, {}),
        "by name, half": (usual, {"intensity": 0.5}),
        "by name, pace and melody alone": (plain, {}),
        "by name, colour alone": (tinted, {}),
        "by reference": (usual, {"reference": True}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoints/prosody2vec-nc"))
    parser.add_argument("--clips", type=int, default=3, help="neutral recordings of each speaker")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write elsewhere than into benchmarks/results")
    options = parser.parse_args()
    heard = {name for part in load_speakers(options.checkpoint).values() for name in part}
    everything = [item for name in CORPORA for item in items(name)]
    panel = Panel([item for item in everything if item.speaker in heard])
    strangers = sorted({str(item.speaker) for item in everything if item.speaker not in heard})
    rows: dict[str, dict[str, list[Any]]] = {}
    for speaker in strangers:
        name = speaker.split("-")[0]
        own = [item for item in everything if item.speaker == speaker]
        others = [item for item in everything if item.speaker != speaker and item.speaker not in heard]
        trial = Trial(panel, own, others, options.seed)
        rows.setdefault("real", {}).setdefault(name, []).extend(trial.real(options.clips))
        for way, (pipeline, how) in ways(options.checkpoint).items():
            rows.setdefault(way, {}).setdefault(name, []).extend(trial.converted(pipeline, options.clips, **how))
    found = {
        way: {"all": summary([row for part in parts.values() for row in part])}
        | {name: summary(part) for name, part in parts.items()}
        for way, parts in rows.items()
    }
    table(
        {way: {name: value for name, value in parts["all"].items() if name != "hits"} for way, parts in found.items()}
    )
    result = rounded({"checkpoint": options.checkpoint.name, "speakers": strangers, "ways": found})
    if options.out is None:
        save("conversion", result)
    else:
        options.out.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
