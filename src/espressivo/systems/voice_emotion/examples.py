"""Labelled utterances in numbers: what the recordings of a DATA give to learn from, or to be judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.corpora.licences import corpus_of
from espressivo.corpora.skips import leave_out, none_left
from espressivo.systems.voice_emotion.hearing import VoiceFeature
from espressivo.systems.voice_emotion.inputs import vector
from espressivo.training.seeds import threads

if TYPE_CHECKING:
    from jaxtyping import Float

NOBODY = "?"


@dataclass(frozen=True, eq=False)
class Table:
    """Utterances, row by row.

    Attributes:
        x: (utterances, inputs) float32.
        emotion, speaker, corpus, ids: (utterances,) names.
        skipped: recordings that could not be used, and why.
    """

    x: Float[np.ndarray, "utterances inputs"]
    emotion: np.ndarray
    speaker: np.ndarray
    corpus: np.ndarray
    ids: np.ndarray
    skipped: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.x)

    def only(self, rows: np.ndarray) -> Table:
        """The utterances that `rows`, a mask or indices, choose."""
        parts = {name: getattr(self, name)[rows] for name in ("x", "emotion", "speaker", "corpus", "ids")}
        return replace(self, **parts)

    def speakers(self) -> set[str | None]:
        return {None if name == NOBODY else name for name in self.speaker.tolist()}


def read_table(
    items: Iterable[Item],
    feature: VoiceFeature,
    stats: tuple[str, ...],
    *,
    labels: Mapping[str, str] | None = None,
    jobs: int = 1,
) -> Table:
    """Listens to all labelled `items`; what was heard once is kept below the cache folder, and found again there.

    A recording that cannot be used is left out, and so is one without an emotion: `skipped` names them.

    Args:
        labels: an emotion, and the one that it is taken for.
        jobs: processes.

    Raises:
        InputError: nothing is left.
    """
    everything = list(items)
    given = [item for item in everything if item.emotion is not None]
    mute = tuple((item.id, "it has no emotion: fill it in") for item in everything if item.emotion is None)
    leave_out(list(mute))
    with threads(1):  # pieces so short are heard no faster by two, and far slower on a busy machine
        report = extract(given, feature, jobs=jobs)
    heard, skipped = report.store, (*mute, *report.skipped)
    kept = [item for item in given if item in heard]
    if not kept:
        raise none_left(skipped)
    x = np.stack([vector(heard[item], stats) for item in kept])
    names = [(labels or {}).get(str(item.emotion), str(item.emotion)) for item in kept]
    speakers = [item.speaker or NOBODY for item in kept]
    corpora, ids = [corpus_of(item) for item in kept], [item.id for item in kept]
    return Table(x, np.array(names), np.array(speakers), np.array(corpora), np.array(ids), skipped)
