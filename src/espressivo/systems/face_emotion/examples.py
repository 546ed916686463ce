"""What the network learns from: streams with their labels and people, from recordings or made up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.systems.face_emotion.person import LEAST_CLIPS, Usual
from espressivo.systems.face_emotion.stream import FaceFeature, mirrored, resampled, statistics, stream_of

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

_SHORTEST = 10  # frames that augmentation leaves


@dataclass(frozen=True, eq=False)
class Examples:
    """Streams (frames, 54), and for each the number of its emotion and who it is."""

    streams: list[np.ndarray] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    people: list[str | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.streams)

    @cached_property
    def statistics(self) -> list[np.ndarray]:
        return [statistics(stream) for stream in self.streams]

    def only(self, chosen: Bool[np.ndarray, " clips"]) -> Examples:
        rows = np.flatnonzero(chosen)
        streams, labels, people = self.streams, self.labels, self.people
        return Examples([streams[i] for i in rows], [labels[i] for i in rows], [people[i] for i in rows])

    def usual(self, everybody: Usual, odds: bool = False) -> list[Usual]:
        """For each clip, the usual face of its person; of everybody where too few clips of them are known."""
        own: dict[str, list[np.ndarray]] = {}
        for stream, name in zip(self.streams, self.people, strict=True):
            if name is not None:
                own.setdefault(name, []).append(stream)
        known = {name: Usual.of(streams, odds) for name, streams in own.items() if len(streams) >= LEAST_CLIPS}
        return [known.get(name or "", everybody) for name in self.people]


@dataclass(frozen=True, eq=False)
class Tracked:
    """Recordings and the streams of those in which a face could be followed."""

    items: list[Item]
    streams: list[np.ndarray]
    skipped: list[tuple[str, str]]


def tracked(items: Iterable[Item], folder: Path | None = None, jobs: int = 1) -> Tracked:
    """Follows the face of each recording, or finds what was found before in the cache `folder`."""
    wanted = list(items)
    report = extract(wanted, FaceFeature(), folder, jobs=jobs)
    lost, store = {name for name, _ in report.skipped}, report.store
    kept = [item for item in wanted if item.id not in lost]
    return Tracked(kept, [stream_of(store[item]) for item in kept], report.skipped)


def labelled(found: Tracked, emotions: Sequence[str]) -> Examples:
    """Those recordings that are labelled with one of `emotions`."""
    pairs = [
        (item, stream) for item, stream in zip(found.items, found.streams, strict=True) if item.emotion in emotions
    ]
    labels = [list(emotions).index(item.emotion or "") for item, _ in pairs]
    return Examples([stream for _, stream in pairs], labels, [item.speaker for item, _ in pairs])


def varied(
    stream: Float[np.ndarray, "time channels"], random: np.random.Generator
) -> Float[np.ndarray, "after channels"]:
    """As it might have been as well: mirrored, a part of it, quicker or slower, more or less lively."""
    if random.random() < 0.5:
        stream = mirrored(stream)
    frames = max(min(_SHORTEST, len(stream)), round(len(stream) * random.uniform(0.6, 1)))
    start = random.integers(len(stream) - frames + 1)
    stream = resampled(stream[start : start + frames], random.uniform(0.8, 1.25))
    middle = np.median(stream, axis=0)
    return middle + (stream - middle) * np.float32(random.uniform(0.8, 1.25))
