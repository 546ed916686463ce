"""Converted speech, judged by others: its emotion, voice, words, melody and quality, on speakers nobody learned from.

    python benchmarks/conversion.py [--clips N] [--jobs N] [--checkpoint FOLDER --out FILE]

Sources are neutral recordings of RAVDESS and nEMO speakers that no checkpoint has heard; the judges of emotion
(emotion_judges.py) learned from the other speakers of both, from real recordings alone. References are other such
people's recordings of the same words in the wanted emotion. Writes benchmarks/results/conversion.json.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from common import data_root, rounded, save, table
from copy_synthesis import Judges, plain
from emoaug_clips import TESTED
from emotion_judges import SPEECH, Judge, Listener, Measuring
from espressivo.assets.shipped import beside
from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.corpora.readers import corpus
from espressivo.corpora.spread import cores, spread
from espressivo.media.read import from_arrays
from espressivo.metrics.words import word_errors
from espressivo.signal.speaker import similarity
from espressivo.systems.prosody2vec.conversion import Manner, aligned
from espressivo.systems.prosody2vec.examples import carried
from espressivo.systems.prosody2vec.parts import Takes, content_at
from espressivo.systems.prosody2vec.pipeline import Prosody
from espressivo.systems.prosody2vec.seconds import middles
from espressivo.training.checkpoint import load_speakers
from espressivo.training.seeds import threads
from simple_voice import SimpleFeature

STRANGERS = tuple(who for people in TESTED.values() for who in people)
SHIPPED = ("prosody2vec-nc", "prosody2vec")
SIX = ("neutral", "happy", "sad", "angry", "fearful", "surprised")
JUDGES = ("as it is", "speaker known", "other features")
MEASURES = (*JUDGES, "speaker_cosine", "dnsmos", "f0_correlation")
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
        self.judges, self.hearing, self.measuring = Judges(), Listener(others), Measuring(others)

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
        self.panel, self.others = panel, others
        self.chance = random.Random(f"{seed}-{own[0].speaker}")
        drawn = self.chance.sample(own, min(KNOWN, len(own) // 2))
        self.known = panel.of([wave(item) for item in drawn])
        self.own = [item for item in own if item not in drawn]  # nobody is judged on what the judges know
        self.sources = [item for item in self.own if item.emotion == "neutral"]
        self.chance.shuffle(self.sources)

    @cached_property
    def takes(self) -> Takes:
        return Takes()

    def real(self, clips: int) -> list[dict[str, Any]]:
        """The judges' opinion of real recordings, and how alike two of them are."""
        drawn = []
        for emotion in SIX:
            own = [item for item in self.own if item.emotion == emotion]
            drawn += self.chance.sample(own, min(clips, len(own)))
        return [self._row(wave(item), item, str(item.emotion)) for item in drawn]

    def unchanged(self, clips: int) -> list[dict[str, Any]]:
        """And of the sources as they are: what is lost later is lost against these."""
        rows = []
        for source in self.sources[:clips]:
            likes = [like for emotion in SIX if (like := self._reference(source, emotion)) is not None]
            row = self._row(wave(source), source, "neutral")
            row["f0_correlation"] = float(np.nanmean([contours(self.takes, wave(source), like) for like in likes]))
            rows.append(row)
        return rows

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
                samples = made.at(SPEECH).samples.copy()
                row = self._row(samples, source, emotion)
                if like is not None:
                    row["f0_correlation"] = contours(self.takes, samples, like)
                rows.append(row)
        return rows

    def _reference(self, source: Item, emotion: str) -> Item | None:
        """The same words by somebody else."""
        same = [item for item in self.others if item.emotion == emotion and item.text == source.text]
        return self.chance.choice(same) if same else None

    def _row(self, samples: np.ndarray, source: Item, emotion: str) -> dict[str, Any]:
        judges = self.panel.judges
        other = self.chance.choice([item for item in self.own if item is not source])
        row: dict[str, Any] = {"speaker": source.speaker, "emotion": emotion}
        row |= {name: judge(samples) == emotion for name, judge in self.known.items()}
        row["speaker_cosine"] = similarity(judges.speaker.embed(samples), judges.speaker.embed(wave(other)))
        row["dnsmos"] = judges.quality(samples)
        if source.language == "en" and source.text:
            said = plain(source.text).split()
            row["errors"], row["words"] = word_errors(said, judges.words(samples).split()), len(said)
        return row


def contours(takes: Takes, samples: np.ndarray, like: Item) -> float:
    """Correlation of log-F0 over what is voiced in both, after time warping on what is said."""
    sounds = (from_arrays(sound=(samples, SPEECH)).sound, like.clip().sound)
    parts = [takes(sound) for sound in sounds if sound is not None]
    said = [content_at(part.content, middles(len(part)), 0.0) for part in parts]
    match = aligned(*said)
    both = (parts[0].hz > 0) & (parts[1].hz[match] > 0)
    if both.sum() < 10:
        return float("nan")
    return float(np.corrcoef(carried(parts[0].hz)[both], carried(parts[1].hz)[match][both])[0, 1])


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means and deviations of the speakers' means; hits also by emotion, words over all words."""
    found: dict[str, Any] = {"clips": len(rows)}
    for name in MEASURES:
        by: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            if np.isfinite(row.get(name, np.nan)):
                by[row["speaker"]].append(float(row[name]))
        if by:
            found[name] = float(np.mean([value for values in by.values() for value in values]))
            found[f"{name} ±"] = float(np.std([np.mean(values) for values in by.values()]))
    words = sum(row.get("words", 0) for row in rows)
    if words:
        found["wer"] = sum(row.get("errors", 0) for row in rows) / words
    changed = [row for row in rows if row["emotion"] != "neutral"]
    found["hits"] = {
        judge: {
            emotion: float(np.mean([row[judge] for row in changed if row["emotion"] == emotion]))
            for emotion in SIX
            if any(row["emotion"] == emotion for row in changed)
        }
        for judge in JUDGES
    }
    found["not neutral"] = {judge: float(np.mean([row[judge] for row in changed])) for judge in JUDGES if changed}
    return found


def ways(folder: Path) -> dict[str, tuple[Prosody, dict[str, Any]]]:
    """What is compared."""
    usual = Prosody(folder)
    moved, tinted = Prosody(folder, Manner(colour=0.0)), Prosody(folder, Manner(pace=0.0, melody=0.0))
    return {
        "by name": (usual, {}),
        "by name, 0.7": (usual, {"intensity": 0.7}),
        "by name, pace and melody alone": (moved, {}),
        "by name, colour alone": (tinted, {}),
        "by reference": (usual, {"reference": True}),
    }


@cache
def panel() -> Panel:
    return Panel([item for item in everything() if item.speaker not in STRANGERS])


@cache
def everything() -> list[Item]:
    return [item for name in TESTED for item in items(name)]


@dataclass(frozen=True)
class Hearing:
    """One speaker heard with one model's conversions, or None's: real recordings."""

    speaker: str
    folder: Path | None
    clips: int
    seed: int

    @property
    def id(self) -> str:
        return f"{self.speaker}, {self.folder.name if self.folder else 'real'}"


def heard(one: Hearing) -> dict[str, list[Any]]:
    """The rows of each way; may work in another process."""
    own = [item for item in everything() if item.speaker == one.speaker]
    others = [item for item in everything() if item.speaker in STRANGERS and item.speaker != one.speaker]
    with threads(1):
        trial = Trial(panel(), own, others, one.seed)
        if one.folder is None:
            return {"real": trial.real(one.clips), "sources": trial.unchanged(one.clips)}
        return {way: trial.converted(pipeline, one.clips, **how) for way, (pipeline, how) in ways(one.folder).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, help="another than the two that are shipped")
    parser.add_argument("--clips", type=int, default=2, help="neutral recordings of each speaker")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=cores(), help="processes")
    parser.add_argument("--out", type=Path, help="write elsewhere than into benchmarks/results")
    given = parser.parse_args()
    folders = [beside(f"checkpoints/{name}") for name in SHIPPED] if given.checkpoint is None else [given.checkpoint]
    for folder in folders:
        if known := {who for people in load_speakers(folder).values() for who in people} & set(STRANGERS):
            sys.exit(f"{folder} has heard {', '.join(sorted(known))}, who are converted here")
    extract([item for item in everything() if item.speaker not in STRANGERS], SimpleFeature(), jobs=given.jobs)
    asked = [Hearing(who, folder, given.clips, given.seed) for folder in (*folders, None) for who in STRANGERS]
    rows: dict[str, dict[str, dict[str, list[Any]]]] = {}
    for done in spread(heard, asked, jobs=given.jobs):
        if done.value is None:
            raise done.error or RuntimeError(done.item.id)
        model = done.item.folder.name if done.item.folder else "real"
        for way, found in done.value.items():
            parts = rows.setdefault(model, {}).setdefault(way, {})
            for part in ("all", done.item.speaker.split("-")[0]):
                parts.setdefault(part, []).extend(found)
        print(done.item.id, flush=True)
    result = {
        model: {way: {part: summary(found) for part, found in parts.items()} for way, parts in own.items()}
        for model, own in rows.items()
    }
    for model, own in result.items():
        for summed in own.values():
            for part, figures in summed.items():
                usual = result["real"]["real"][part]["speaker_cosine"]
                figures["cosine_share"] = figures["speaker_cosine"] / usual
        print(model)
        table({way: {k: v for k, v in parts["all"].items() if not isinstance(v, dict)} for way, parts in own.items()})
    whole = rounded({"speakers": list(STRANGERS), "clips": given.clips, "models": result})
    if given.out is None:
        save("conversion", whole)
    else:
        given.out.write_text(json.dumps(whole, indent=2))


if __name__ == "__main__":
    main()
