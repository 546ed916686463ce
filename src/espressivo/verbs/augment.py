"""More of each emotion: recordings with the prosody of others, until every emotion has as many clips."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from espressivo.corpora.data import Data, read_data, write_data
from espressivo.corpora.item import Item
from espressivo.corpora.licences import corpus_of
from espressivo.corpora.skips import SkipList, Skipped, left_out, told
from espressivo.corpora.spread import LostError, spread
from espressivo.errors import ConfigError, InputError
from espressivo.media.files import writing
from espressivo.systems.emoaug.filters import LEAST_SIMILAR, MOST_WRONG, Limits
from espressivo.systems.emoaug.folder import ALL, MADE, NOTE, PROVENANCE, SKIPPED, Work, check, working
from espressivo.systems.emoaug.given import drawn_from, hear, item_of, open_all, to_train_on
from espressivo.systems.emoaug.maker import Maker
from espressivo.systems.emoaug.note import note
from espressivo.systems.emoaug.pipeline import EmoAug
from espressivo.systems.emoaug.plan import SOURCES, Wanted, labels, lacking, plan
from espressivo.systems.emoaug.styles import Prosodies, Way, way, ways
from espressivo.training.checkpoint import fingerprint
from espressivo.training.interrupt import Stopped

Tell = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Augmented:
    """What `augment` made.

    Attributes:
        made, all: the clips; originals and clips together. None where nothing was lacking.
        before, after: clips of each emotion.
        refused: attempts that were refused; `provenance` says why.
        short: why an emotion has fewer clips than wanted, by its name.
        skipped: recordings that could not be used, and why; `log` lists them.
        model, licence: whose weights made it.
    """

    folder: Path
    made: Path | None
    all: Path | None
    provenance: Path | None
    before: dict[str, int]
    after: dict[str, int]
    model: str
    licence: str
    refused: int = 0
    short: dict[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    log: Path | None = None


def augment(
    data: str | os.PathLike[str] | Data,
    *,
    per_class: int,
    out: str | os.PathLike[str],
    style: str = "other",
    sources: str = "same",
    seed: int = 0,
    licence: str = "any",
    checkpoint: str | os.PathLike[str] | None = None,
    pipeline: EmoAug | None = None,
    least_similar: float = LEAST_SIMILAR,
    most_wrong: float = MOST_WRONG,
    jobs: int = 1,
    tell: Tell | None = None,
) -> Augmented:
    """Fills labelled data up to `per_class` clips of each emotion in them, with clips made into the folder `out`.

    A clip has the words and the voice of a recording, its source, and the prosody of the emotion that it is labelled
    with. Emotions with as many or more are left alone. What was stopped goes on when the same is asked for again.

    The files say that they are synthetic in their metadata; the sound is not marked as our speech otherwise is, for a
    classifier could learn the mark in place of the emotion.

    Data to test on are refused: those called test or validation, as `split` calls them, by their file's name or by the
    part of any item; what is tuned on should be real as well. Folds are taken, for the training side of a round has
    several of them; so it is up to you not to augment all folds together.

    Args:
        data: CSV or CutSet with emotions; what `augment` made before counts, but nothing is made of it again.
        style: where the prosody is from: "other" (another recording of the emotion), "mix" (between two of them) or
            "sample" (a draw from the Gaussian of them all).
        sources: "same" takes words and voices from the wanted emotion's own recordings, "any" from every emotion's.
        seed: the same one makes the same sound.
        licence, checkpoint, pipeline: which weights: ours under that licence, a folder's, or a loaded EmoAug.
        least_similar, most_wrong: what is refused, see `Limits`; after three attempts a clip is given up.
        jobs: processes.
        tell: called as clips are made.

    Raises:
        InputError: no data, or a wrong row; a test split; no emotions, or one only; nothing that can be used.
        ConfigError: an option that makes no sense, or an `out` that was begun with other ones.
        OutputError: `out` cannot be written, or holds something else.
        AssetError: the weights are missing.
        Stopped: by Ctrl-C.
    """
    kind, limits = way(style), Limits(least_similar, most_wrong)
    if per_class < 1:
        raise ConfigError(f"got {per_class} clips of each emotion: give 1 or more")
    if seed < 0:
        raise ConfigError(f"got a seed of {seed}: give 0 or more")
    if sources not in SOURCES:
        raise ConfigError(f"cannot take sources from {sources!r}: choose one of {', '.join(SOURCES)}")
    given = data if isinstance(data, Data) else read_data(data)
    items, place = to_train_on(given), Path(out).expanduser()
    folder = None if checkpoint is None else Path(checkpoint).expanduser()
    emoaug = pipeline or EmoAug.from_pretrained(licence=licence, folder=folder)
    asked = {"per_class": per_class, "style": style, "from": sources, "seed": seed}
    asked |= {"least_similar": least_similar, "most_wrong": str(most_wrong)}
    weights = {"name": emoaug.config.name, "sha256": emoaug.digest}
    settings = {"data": fingerprint(given.path), **asked, "model": weights}
    check(place, settings)
    return _Job(given, place, emoaug, kind, asked, limits, settings, jobs).run(items, tell)


@dataclass
class _Job:
    """One call of `augment`, step by step."""

    data: Data
    place: Path
    emoaug: EmoAug
    kind: type[Way]
    asked: Mapping[str, Any]
    limits: Limits
    settings: Mapping[str, Any]
    jobs: int
    skipped: list[Skipped] = field(default_factory=list)
    short: dict[str, str] = field(default_factory=dict)

    def run(self, items: Sequence[Item], tell: Tell | None) -> Augmented:
        opened = open_all(items, self.skipped, self.jobs)
        before = dict(labels(opened))
        lacks = lacking(before, self.asked["per_class"])
        if not lacks:
            return self._nothing(before)
        seed, sources = self.asked["seed"], self.asked["from"]
        pool = drawn_from([item for item in opened if sources == "any" or item.emotion in lacks], seed)
        usable, heard = hear(pool, self.emoaug, self.skipped, self.jobs)
        useless = {name for name, _ in self.skipped}
        opened = [item for item in opened if item.id not in useless]
        left = labels(opened)
        lacks = self._fillable(lacking({name: left[name] for name in before}, self.asked["per_class"]), heard)
        wanted = plan(lacks, usable, [item.id for item in items], sources=sources, seed=seed)
        with working(self.place, self.settings) as work:
            drawn = ways(self.asked["style"], heard)
            maker = Maker(self.emoaug, work.clips, drawn, self.asked["style"], self.limits, seed)
            self._make(maker, wanted, work, tell)
            return self._written(work, items, opened, usable)

    def _fillable(self, lacks: Mapping[str, int], heard: Sequence[Prosodies]) -> dict[str, int]:
        """The emotions with recordings enough to draw a prosody from."""
        counts = {own.emotion: len(own) for own in heard}
        least = self.kind.least + (self.asked["from"] == "same" and self.kind.besides)
        for name in lacks:
            if counts.get(name, 0) < least:
                told = f"{counts.get(name, 0)} of its recordings can be used"
                self.short[name] = f"{told}, the style {self.asked['style']!r} needs {least}"
        left = {name: lack for name, lack in lacks.items() if name not in self.short}
        if not left:
            first = next(iter(self.short))
            more = f"; {left_out(self.skipped)}" if self.skipped else ""
            raise InputError(f"nothing can be made: {first}: {self.short[first]}{more}")
        return left

    def _make(self, maker: Maker, wanted: Sequence[Wanted], work: Work, tell: Tell | None) -> None:
        left = [one for one in wanted if one.tag not in work]
        finished = len(wanted) - len(left)
        try:
            for done in spread(maker, left, jobs=self.jobs):
                if done.value is not None:
                    work.add(done.item.tag, done.value)
                elif isinstance(done.error, LostError):  # the machine's fault: next time it may do
                    self.skipped.append((done.item.tag, str(done.error)))
                elif done.error is not None:
                    raise done.error
                finished += 1
                if tell is not None:
                    tell(finished, len(wanted))
        except KeyboardInterrupt:
            told = f"{len(work.made())} of {len(wanted)} clips are made and kept"
            raise Stopped(f"stopped: {told}; the same command goes on from there") from None
        work.tidy([one.tag for one in wanted])

    def _written(self, work: Work, items: Sequence[Item], opened: Sequence[Item], usable: Sequence[Item]) -> Augmented:
        rows, refused = work.made(), work.refused()
        if not rows:
            why = told(refused[0]["tag"], refused[0]["why"]) if refused else left_out(self.skipped)
            raise InputError(f"none of the clips could be made, the first: {why}")
        for name, missing in work.missing().items():
            self.short[name] = f"{missing} clip{'s were' if missing > 1 else ' was'} refused at every attempt"
        sources = {item.id: item for item in items}
        made = [item_of(row, sources[row["source"]], self.place) for row in rows]
        write_data(self.place / MADE, made)
        write_data(self.place / ALL, [*opened, *made])
        before, count = labels(opened), Counter(str(row["emotion"]) for row in rows)
        return replace(
            self._nothing(before),
            made=self.place / MADE,
            all=self.place / ALL,
            provenance=self.place / PROVENANCE,
            after=dict(before + count),
            refused=len(refused),
            short=self.short,
            log=self._told(count, Counter(corpus_of(item) for item in usable)),
        )

    def _nothing(self, before: Mapping[str, int]) -> Augmented:
        """As long as no clip is made."""
        config, counts = self.emoaug.config, dict(before)
        skipped = tuple(self.skipped)
        return Augmented(self.place, None, None, None, counts, counts, config.name, config.licence, skipped=skipped)

    def _told(self, made: Mapping[str, int], corpora: Mapping[str, int]) -> Path | None:
        """Writes what people read: under which conditions, and what was left out; gives the place of that list."""
        with writing(self.place / NOTE) as part:
            part.write_text(note(self.emoaug.config, corpora, made, self._command()), encoding="utf-8")
        with SkipList(self.place / SKIPPED) as log:
            for skipped in self.skipped:
                log.skip(*skipped)
            return log.keep()

    def _command(self) -> str:
        options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in self.asked.items())
        return f"espressivo augment {self.data.path.name} {options}"
