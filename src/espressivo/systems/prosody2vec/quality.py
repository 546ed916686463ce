"""What the prosody tells of feelings, and what it ought not to tell: who speaks, and which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from espressivo.corpora.data import Data
from espressivo.corpora.item import Item
from espressivo.corpora.skips import left_out
from espressivo.errors import InputError
from espressivo.metrics.probes import FOLDS, probe
from espressivo.metrics.report import Evaluation
from espressivo.systems.prosody2vec.examples import Recordings
from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.parts import Parts, hearing_of
from espressivo.systems.prosody2vec.pipeline import style_of

FEWEST = 2 * FOLDS  # recordings of a speaker, a sentence or an emotion, to be asked after


def vectors(net: Prosody2Vec, parts: Parts) -> dict[str, np.ndarray]:
    """A recording in numbers: its `prosody`, its `content`, its `mel` and its `voice`.

    The first three are means and deviations over time.
    """
    style = style_of(net, parts)
    return {
        "prosody": pooled(style),
        "content": pooled(parts.content),
        "mel": pooled(parts.mel),
        "voice": parts.speaker,
    }


def pooled(frames: np.ndarray) -> np.ndarray:
    """Mean and deviation over time: (frames, dim) to (2 dim,)."""
    return np.concatenate([frames.mean(axis=0), frames.std(axis=0)]).astype(np.float32)


def judged(net: Prosody2Vec, data: Data) -> Evaluation:
    """Probes of the prosody vector and, beside it, of what it was made from.

    Emotions and sentences are probed on speakers who were not in the probe's training; speakers on their other
    recordings.

    Raises:
        InputError: no recording can be used, or nothing is labelled often enough.
    """
    recordings = Recordings(data, hearing_of(net.config.hearing, net.config.layer))
    found = [vectors(net, recordings.parts(item)) for item in recordings.items]
    table = {name: np.stack([row[name] for row in found]) for name in found[0]}
    metrics: dict[str, float] = {}
    for label, values in labels_of(recordings.items).items():
        metrics |= probed(label, values, recordings.items, table)
    if not metrics:
        told = f"two speakers, sentences or emotions with {FEWEST} recordings each"
        more = f"; {left_out(recordings.skipped)}" if recordings.skipped else ""
        raise InputError(f"nothing to ask the prosody after: give at least {told}{more}")
    people = len({item.speaker for item in recordings.items})
    return Evaluation(len(found), metrics, speakers=people, skipped=recordings.skipped)


def labels_of(items: Sequence[Item]) -> dict[str, list[str | None]]:
    """What each recording is labelled with."""
    return {
        "speaker": [item.speaker for item in items],
        "sentence": [item.text for item in items],
        "emotion": [item.emotion for item in items],
    }


def probed(
    label: str, values: Sequence[str | None], items: Sequence[Item], table: dict[str, np.ndarray]
) -> dict[str, float]:
    """What each kind of vector tells of a label."""
    counts = Counter(value for value in values if value is not None)
    rows = [i for i, value in enumerate(values) if value is not None and counts[value] >= FEWEST]
    groups = None if label == "speaker" else [str(items[i].speaker) for i in rows]
    metrics: dict[str, float] = {}
    for name, x in table.items() if rows else ():
        result = probe(x[rows], [str(values[i]) for i in rows], groups)
        if result is not None:
            metrics |= {f"{label}_from_{name}": result.recall, f"{label}_chance": result.chance}
    return metrics
