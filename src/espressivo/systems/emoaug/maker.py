"""Makes the clips that are wanted, tries again where one is refused, and says how each was made."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from espressivo.clip import SPEECH_RATE, Sound
from espressivo.corpora.item import Item
from espressivo.emotion import EMOTIONS
from espressivo.errors import InputError
from espressivo.media.encode import write_sound
from espressivo.media.provenance import metadata
from espressivo.media.speech import Speech
from espressivo.systems.emoaug.filters import Judge, Limits, Reference
from espressivo.systems.emoaug.pipeline import EmoAug, Variation, utterance
from espressivo.systems.emoaug.plan import Wanted
from espressivo.systems.emoaug.styles import Target, Way
from espressivo.training.seeds import threads

if TYPE_CHECKING:
    from espressivo.systems.prosody2vec.parts import Parts

SUFFIX = ".flac"
_KEPT = 32  # sources that are kept in memory

Row = dict[str, Any]
"""A line of provenance.jsonl: an attempt, made or refused."""


class Source(NamedTuple):
    """A source, it in parts, and what its clips are held against."""

    sound: Sound
    parts: Parts
    reference: Reference | None


@dataclass(frozen=True)
class Maker:
    """A function from what is wanted to what came of it, which may work in another process.

    The clips are marked as synthetic in their metadata, and not in the sound, as other speech of ours is: whoever
    learns emotions from them could learn the mark instead, which only made clips carry and some emotions more often.

    Args:
        clips: folder that they are written to.
        ways: to draw prosodies of each emotion.
        style: name of that way.
    """

    emoaug: EmoAug
    clips: Path
    ways: Mapping[str, Way]
    style: str
    limits: Limits
    seed: int = 0
    _tools: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __call__(self, wanted: Wanted) -> list[Row]:
        """The attempts, in order; the last one made it, or there are as many as there are sources.

        Raises:
            OutputError: the clip cannot be written.
            AssetError: weights are out of reach.
        """
        rows: list[Row] = []
        for attempt, source in enumerate(wanted.sources):
            row = self._attempt(wanted, attempt, source)
            rows.append(row)
            if row["made"]:
                return rows
        rows[-1]["given_up"] = True
        return rows

    def _attempt(self, wanted: Wanted, attempt: int, item: Item) -> Row:
        random = self.random(wanted, attempt)
        row = self._origin(wanted, attempt, item)
        try:
            target = self.ways[wanted.emotion].draw(random, item.id)
            told = item.emotion != wanted.emotion and wanted.emotion in self.emoaug.config.emotions
            how = Variation.drawn(random, wanted.emotion if told else None)
            row |= {"style_from": list(target.ids), "weight": _short(target.weight)}
            row |= {"intensity": _short(how.intensity), "tempo": _short(how.tempo), "named": _short(how.named)}
            with threads(1):  # the same sound however many processes share the work
                speech = self._made(item, target, how, row)
        except InputError as error:
            return row | {"made": False, "why": str(error)}
        if speech is None:
            return row | {"made": False}
        name = wanted.tag + SUFFIX
        write_sound(self.clips / name, speech.samples, speech.rate, metadata=metadata("synthetic speech"))
        return row | {"made": True, "clip": f"{self.clips.name}/{name}", "seconds": _short(speech.duration)}

    def random(self, wanted: Wanted, attempt: int) -> np.random.Generator:
        """Of this attempt alone, so that what else is made, and in which order, changes nothing."""
        return np.random.default_rng([self.seed, EMOTIONS.index(wanted.emotion), wanted.number, attempt])

    def _made(self, item: Item, target: Target, how: Variation, row: Row) -> Speech | None:
        """The clip; None if it is refused. What was found is added to `row`."""
        source = self._source(item)
        speech = self.emoaug(source.sound, source.parts, target.point, how)
        heard = speech.at(SPEECH_RATE).samples.copy()  # what a Speech holds cannot be written to, as PyTorch wants
        found = self._judge(source.parts.speaker, source.reference, heard)
        row |= {"similarity": _short(found.similarity), "wer": _short(found.wer)}
        row |= {"wer_source": _short(found.wer_source)} | ({"why": found.why} if found.why else {})
        return None if found.why else speech

    def _source(self, item: Item) -> Source:
        kept: OrderedDict[str, Source] = self._tools.setdefault("sources", OrderedDict())
        if item.id not in kept:
            sound = utterance(item.clip())
            parts = self.emoaug.prosody.takes(sound)
            heard = self._judge.reference(item, sound.at(SPEECH_RATE).samples) if self.limits.words else None
            kept[item.id] = Source(sound, parts, heard)
            if len(kept) > _KEPT:
                kept.popitem(last=False)
        return kept[item.id]

    @property
    def _judge(self) -> Judge:
        if "judge" not in self._tools:
            self._tools["judge"] = Judge(self.limits)
        return self._tools["judge"]

    def _origin(self, wanted: Wanted, attempt: int, item: Item) -> Row:
        config = self.emoaug.config
        return {
            "id": f"{item.id}#{wanted.tag}",
            "tag": wanted.tag,
            "emotion": wanted.emotion,
            "attempt": attempt,
            "source": item.id,
            "source_path": os.path.abspath(item.path),
            "source_emotion": item.emotion,
            "speaker": item.speaker,
            "way": self.style,
            "seed": self.seed,
            "model": config.name,
            "licence": config.licence,
        }

    def __reduce__(self) -> tuple[type[Maker], tuple[object, ...]]:
        return type(self), (self.emoaug, self.clips, self.ways, self.style, self.limits, self.seed)


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
