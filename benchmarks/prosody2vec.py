"""What prosody tells: emotions, as it should; speakers and words, as it should not; beside units and simple features.

    python benchmarks/prosody2vec.py [--jobs N]

One speaker left out at a time, 3 seeds, the classifier of systems/voice_emotion on each kind of vector. Every corpus
is heard by a checkpoint that did not learn from it, or not from the speakers that are probed. Writes
benchmarks/results/prosody2vec.json.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
import torch

from common import rounded, save, table
from emoaug_clips import TESTED
from espressivo.assets.shipped import beside
from espressivo.corpora.features import extract
from espressivo.corpora.spread import cores, spread
from espressivo.metrics.probes import probe
from espressivo.systems.prosody2vec.examples import Recordings
from espressivo.systems.prosody2vec.model import Prosody2Vec, ProsodyConfig
from espressivo.systems.prosody2vec.parts import hearing_of
from espressivo.systems.prosody2vec.pipeline import look_of, style_of
from espressivo.systems.prosody2vec.quality import pooled
from espressivo.systems.voice_emotion.examples import Table
from espressivo.training.checkpoint import load_speakers
from espressivo.training.seeds import threads
from simple_voice import SimpleFeature
from voice_emotion import (
    CORPORA,
    PLAIN,
    SEEDS,
    fitted,
    items,
    leave_one_out,
    probabilities,
    relabelled,
    simple,
    uar,
    wakehubert,
    war,
)

HEARD_BY = {"emodb": "prosody2vec-nc", "ravdess": "prosody2vec", "nemo": "prosody2vec"}
"""EmoDB is in the one that allows any use, RAVDESS and nEMO are in the other."""
KINDS = {
    "prosody": ("style", "encoder"),
    "units": ("units",),
    "prosody and units": ("style", "encoder", "units"),
    "prosody, units, and the layer": ("style", "encoder", "units", "hearing"),
    "the few numbers alone": ("style",),
    "the layer alone": ("hearing",),
}
"""What a vector is made of: `style`, the few numbers; `encoder`, what they are said of; `hearing`, the layer of a
speech encoder that it hears through besides; `units`, the points that the units stand for. Means and deviations over
time, of the layer means."""
PLAINER: dict[str, Callable[[str], Table]] = {"WakeHuBERT": wakehubert, "simple features": simple}


@cache
def vectors(name: str, model: str) -> tuple[dict[str, np.ndarray], Table]:
    """Of each recording of a corpus: what each part of the model makes of it; and the table with an empty x."""
    net = Prosody2Vec.load(beside(f"checkpoints/{model}"))
    recordings = taken(name, net.config)
    rows: dict[str, list[np.ndarray]] = {"style": [], "encoder": [], "hearing": [], "units": [], "mel": []}
    for item in recordings.items:
        parts = recordings.parts(item)
        rows["style"].append(pooled(style_of(net, parts)))
        with torch.inference_mode():
            inner = net.prosody.pooled(look_of(net, parts), torch.ones(1, len(parts)))[0].numpy()
        rows["encoder"].append(pooled(inner))
        rows["hearing"].append(parts.heard.mean(axis=0))
        rows["units"].append(pooled(parts.content))
        rows["mel"].append(pooled(parts.mel))
    found = recordings.items
    names = (np.array([getattr(item, key) for item in found]) for key in ("emotion", "speaker", "id"))
    emotion, speaker, ids = names
    empty = Table(np.zeros((len(found), 0), np.float32), emotion, speaker, np.array([name] * len(found)), ids)
    return {key: np.stack(values).astype(np.float32) for key, values in rows.items()}, empty


def taken(name: str, config: ProsodyConfig, jobs: int = 1) -> Recordings:
    """The labelled recordings of a corpus, apart."""
    chosen = [item for item in items(name) if item.emotion is not None]
    return Recordings(chosen, hearing_of(config.hearing, config.layer), jobs)


def strangers(name: str) -> None:
    """Ends the benchmark if the model that is to hear a corpus has learned from somebody in it."""
    folder = beside(f"checkpoints/{HEARD_BY[name]}")
    known = {who for part in load_speakers(folder).values() for who in part} & {item.speaker for item in items(name)}
    if known:
        sys.exit(f"{folder} has heard {', '.join(sorted(map(str, known)))}")


def of(name: str, parts: Iterable[str], model: str | None = None) -> Table:
    found, empty = vectors(name, model or HEARD_BY[name])
    x = np.concatenate([found[part] for part in parts], axis=1)
    return Table(x, empty.emotion, empty.speaker, empty.corpus, empty.ids)


@dataclass(frozen=True)
class Asked:
    """One kind of vector on one corpus."""

    corpus: str
    kind: str

    @property
    def id(self) -> str:
        return f"{self.corpus}, {self.kind}"


def recognised(asked: Asked) -> dict[str, float]:
    """UAR and WAR, one speaker left out; may work in another process."""
    with threads(1):
        if asked.kind in KINDS:
            return leave_one_out(PLAIN, of(asked.corpus, KINDS[asked.kind]), SEEDS)
        plain, known = PLAINER[asked.kind](asked.corpus), set(of(asked.corpus, ("style",)).ids.tolist())
        return leave_one_out(PLAIN, plain.only(np.array([one in known for one in plain.ids.tolist()])), SEEDS)


def recognition(jobs: int) -> dict[str, Any]:
    """By kind and corpus."""
    rows: dict[str, Any] = {kind: {} for kind in (*KINDS, *PLAINER)}
    asked = [Asked(name, kind) for name in reversed(CORPORA) for kind in rows]  # the longest first
    for done in spread(recognised, asked, jobs=jobs):
        if done.value is None:
            raise done.error or RuntimeError(done.item.id)
        rows[done.item.kind][done.item.corpus] = done.value
        print(f"{done.item.id}: {rounded(done.value)}", flush=True)
    return rows


def across() -> dict[str, Any]:
    """UAR on a corpus never learned from, over the emotions that both show; the model has perhaps heard the other."""
    rows = {}
    for one, other in permutations(CORPORA, 2):
        taught, asked = (
            relabelled(PLAIN, of(name, KINDS["prosody and units"], HEARD_BY[other])) for name in (one, other)
        )
        shared = sorted(set(taught.emotion.tolist()) & set(asked.emotion.tolist()))
        taught, asked = (data.only(np.isin(data.emotion, shared)) for data in (taught, asked))
        net = fitted(PLAIN, taught)
        found: dict[str, float] = {"emotions": len(shared)}
        for way, known in (("as it is", False), ("speaker known", True)):
            found[way] = uar(net.config.emotions, asked.emotion, probabilities(net, asked, known))
        rows[f"{one} → {other}"] = found
    return rows


def fine_tuned() -> dict[str, Any]:
    """UAR and WAR on the speakers that prosody2vec-nc was not fine-tuned on, by what it was; mean over the seeds."""
    rows: dict[str, Any] = {}
    for name, people in TESTED.items():
        tables = {kind: of(name, parts, "prosody2vec-nc") for kind, parts in KINDS.items()}
        for kind, data in (tables | {kind: made(name) for kind, made in PLAINER.items()}).items():
            held = np.isin(data.speaker, people)
            taught, asked = (relabelled(PLAIN, data.only(chosen)) for chosen in (~held, held))
            found: dict[str, list[float]] = {"uar": [], "speaker known": [], "war": []}
            for seed in SEEDS:
                net = fitted(PLAIN, taught, seed)
                p, known = (probabilities(net, asked, way) for way in (False, True))
                names, truth = net.config.emotions, asked.emotion
                for key, value in (("uar", uar(names, truth, p)), ("war", war(names, truth, p))):
                    found[key].append(value)
                found["speaker known"].append(uar(names, truth, known))
            row = {key: float(np.mean(values)) for key, values in found.items()}
            rows.setdefault(kind, {})[name] = row | {"seeds ±": float(np.std(found["uar"]))}
    return rows


def leakage() -> dict[str, Any]:
    """What a linear probe reads of the speaker, and of the sentence by speakers it has not heard."""
    rows: dict[str, Any] = {}
    for name in CORPORA:
        found, empty = vectors(name, HEARD_BY[name])
        texts = {item.id: item.text or "" for item in items(name)}
        said = [texts[one] for one in empty.ids.tolist()]
        for kind in ("style", "encoder", "units", "mel", "hearing"):
            asked = {
                "speaker": probe(found[kind], empty.speaker.tolist()),
                "sentence": probe(found[kind], said, empty.speaker.tolist()),
            }
            told = {label: answer for label, answer in asked.items() if answer is not None}
            rows.setdefault(kind, {})[name] = {label: answer.recall for label, answer in told.items()}
            rows.setdefault("chance", {})[name] = {label: answer.chance for label, answer in told.items()}
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=cores(), help="processes")
    jobs, begun = parser.parse_args().jobs, time.perf_counter()
    for name in CORPORA:
        strangers(name)
        taken(name, Prosody2Vec.load(beside(f"checkpoints/{HEARD_BY[name]}")).config, jobs)
        extract(items(name), SimpleFeature(), jobs=jobs)  # each process finds in the cache what was measured
    result = {"heard by": HEARD_BY, "one speaker left out": recognition(jobs), "across corpora": across()}
    result["fine-tuned"] = fine_tuned()
    result["probes"] = leakage()
    for name in CORPORA:
        table({kind: rows[name] for kind, rows in result["one speaker left out"].items()})
        table({kind: rows[name] for kind, rows in result["probes"].items()})
    for name in TESTED:
        table({kind: rows[name] for kind, rows in result["fine-tuned"].items()})
    save("prosody2vec", rounded(result | {"seconds": time.perf_counter() - begun}))


if __name__ == "__main__":
    main()
