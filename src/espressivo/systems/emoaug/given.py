"""The recordings that are given: which may be used at all, what is heard in them, and what is made of one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from espressivo.corpora.data import CUTS, TABLES, Data
from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.corpora.recorded import examine
from espressivo.corpora.skips import Skipped, left_out
from espressivo.corpora.spread import spread
from espressivo.corpora.survey import survey
from espressivo.errors import ConfigError, InputError
from espressivo.systems.emoaug.maker import Row
from espressivo.systems.emoaug.pipeline import EmoAug, ProsodyFeature
from espressivo.systems.emoaug.plan import evenly, labels
from espressivo.systems.emoaug.styles import Prosodies

MOST = 2000
"""Recordings of an emotion that are heard; more would tell next to nothing new of its prosody."""
FROM, STYLE = "made_from", "style_from"
"""Notes of a made clip: its source, and the recordings whose prosody it has."""
_HELD = re.compile(r"test|val(id(ation)?)?|dev(elopment)?|eval(uation)?|held([-_ ]?out)?", re.IGNORECASE)
"""Names of what is kept from training."""


def to_train_on(data: Data) -> list[Item]:
    """The items of data that may be trained on and show several emotions. No recording is opened.

    Raises:
        InputError: shards, a wrong row, an id that comes twice, no emotions, or one.
        ConfigError: data to test on, by the name of the file or the part of an item.
    """
    if not data.path.name.lower().endswith((*TABLES, *CUTS)):
        raise InputError(f"{str(data.path)!r} holds shards: give a CSV or a CutSet, with a file for each recording")
    named = (*re.split(r"[^a-z]+", data.path.name.partition(".")[0].lower()), data.path.absolute().parent.name)
    if any(_HELD.fullmatch(name) for name in named):
        told = f"{data.path.name} is there to test on, by its name or folder"
        raise ConfigError(f"{told}: augment what is trained on, alone")
    survey(data)
    items = list(data)
    held = next((item for item in items if any(_HELD.fullmatch(name) for name in _parts(item))), None)
    if held is not None:
        what = f"{held.id} is of the part {next(_parts(held))!r}, which is there to test on"
        raise ConfigError(f"{what}: augment what is trained on, alone ('espressivo split --by part' divides data)")
    found = labels(items)
    if not found:
        raise InputError(f"{str(data.path)!r} names no emotion: fill in the column 'emotion'")
    if len(found) == 1:
        told = f"all {found.total()} labelled recordings are {next(iter(found))}"
        raise InputError(f"{told}: give data with two emotions at least")
    return items


def _parts(item: Item) -> Iterator[str]:
    """What part of the data it is, also where the column has one of its other names."""
    for name in (item.part, *(item.notes.get(other) for other in ("split", "subset", "set", "partition"))):
        if name:
            yield name.strip()


def open_all(items: Sequence[Item], skipped: list[Skipped], jobs: int = 1) -> list[Item]:
    """The items whose file can be opened; the others are added to `skipped`.

    Raises:
        InputError: none with an emotion is left.
    """
    opened: list[Item] = []
    for done in spread(examine, items, jobs=jobs):
        if done.value is not None:
            opened.append(done.value)
        else:
            skipped.append((done.item.id, str(done.error)))
    if not labels(opened):
        raise InputError(f"no recording can be used: {left_out(skipped)}")
    return opened


def drawn_from(items: Sequence[Item], seed: int, most: int = MOST) -> list[Item]:
    """Those that clips are made of: at most so many of each emotion, and none that was made itself."""
    of: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.emotion is not None and FROM not in item.notes:
            of[item.emotion].append(item)
    return [item for own in of.values() for item in evenly(own, most, seed)]


def hear(
    pool: Sequence[Item], emoaug: EmoAug, skipped: list[Skipped], jobs: int = 1
) -> tuple[list[Item], list[Prosodies]]:
    """The items that can be used, and their prosodies, emotion by emotion; the others are added to `skipped`.

    What was heard once is kept below the cache folder.
    """
    report = extract(pool, ProsodyFeature(emoaug), jobs=jobs)
    skipped += report.skipped
    store = report.store
    usable = [item for item in pool if item in store]
    of: dict[str, list[Item]] = defaultdict(list)
    for item in usable:
        of[str(item.emotion)].append(item)
    return usable, [
        Prosodies(emotion, tuple(item.id for item in own), np.stack([store[item]["mean"] for item in own]))
        for emotion, own in of.items()
    ]


def item_of(row: Row, source: Item, place: Path) -> Item:
    """The clip that a row of provenance in the folder `place` tells of: words and speaker are the source's, the emotion
    is the prosody's."""
    return Item(
        id=row["id"],
        path=place / row["clip"],
        speaker=source.speaker,
        text=source.text,
        language=source.language,
        emotion=row["emotion"],
        part=source.part,
        notes={FROM: source.id, STYLE: " + ".join(row["style_from"]) or f"all {row['emotion']}"},
    )
