"""The clips that benchmarks/emoaug.py trains on: recordings by fraction and balance, perturbed ones, EmoAug's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import soxr

from common import data_root
from espressivo.assets.cache import cache_dir
from espressivo.clip import SPEECH_RATE
from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.corpora.readers import corpus
from espressivo.errors import InputError
from espressivo.media.read import from_arrays
from espressivo.systems.emoaug.pipeline import INTENSITIES, NAMED, TEMPO, EmoAug, Variation, utterance
from espressivo.systems.emoaug.plan import dealt
from espressivo.systems.emoaug.styles import WAYS, Prosodies, ways
from espressivo.systems.prosody2vec.conversion import Change
from espressivo.systems.prosody2vec.examples import Recordings
from espressivo.systems.prosody2vec.parts import MEL, PAIR, Parts, hearing_of
from espressivo.systems.prosody2vec.pipeline import changed
from espressivo.systems.voice_emotion.examples import Table, read_table
from espressivo.systems.voice_emotion.hearing import VoiceFeature
from espressivo.systems.voice_emotion.inputs import vector
from simple_voice import SIMPLE, SimpleFeature
from voice_emotion import PLAIN

READERS = ("ours", "simple")
TESTED = {
    "ravdess": tuple(f"ravdess-{number}" for number in range(16, 21)),
    "nemo": ("nemo-TP0", "nemo-MP0"),
}
COPIES, MOST = 1, 24  # clips of a recording, and at most of an emotion
FEW_COPIES, FEW_MOST = 4, 48  # where recordings are few
RARE = 0.25
SPEEDS, SEMITONES = (0.9, 1.1), (-2.0, 2.0)
VERSION = 5  # of what is kept in the cache


@dataclass(frozen=True)
class Setting:
    """A training set: so much of a corpus, drawn with this seed, in this balance; and how much is added to it."""

    corpus: str
    fraction: float
    balance: str
    seed: int
    styles: tuple[str, ...] = ("other",)
    copies: int = COPIES
    most: int = MOST
    few: bool = False

    @property
    def row(self) -> str:
        return f"{self.corpus}, {self.fraction:.0%}, {self.balance}" + (", by style" if len(self.styles) > 1 else "")

    @property
    def id(self) -> str:
        return f"{self.row}, seed {self.seed}"


@cache
def items(name: str, few: bool) -> list[Item]:
    """All recordings; or a few of three speakers and of one to test on."""
    found = list(corpus(name).read(data_root() / name, lambda path, why: None))
    if not few:
        return found
    people = [*sorted({str(item.speaker) for item in found} - set(TESTED[name]))[:3], TESTED[name][0]]
    rows: dict[tuple[str | None, str | None], list[Item]] = defaultdict(list)
    for item in found:
        rows[item.speaker, item.emotion].append(item)
    return [item for (who, _), own in rows.items() if who in people for item in own[:4]]


@cache
def heard(name: str, few: bool, jobs: int = 1) -> Table:
    """What both readers hear in the recordings, `ours` first and then `simple`."""
    found = read_table(items(name, few), VoiceFeature(), PLAIN.stats, jobs=jobs)
    of = {item.id: item for item in items(name, few)}
    store = extract(of.values(), SimpleFeature(), jobs=jobs).store
    found = found.only(np.array([of[one] in store for one in found.ids.tolist()]))
    simple = np.stack([store[of[one]]["simple"] for one in found.ids.tolist()])
    return replace(found, x=np.hstack([found.x, simple]))


def heard_by(reader: str, data: Table) -> Table:
    """What one of READERS hears."""
    return replace(data, x=data.x[:, -SIMPLE:] if reader == "simple" else data.x[:, :-SIMPLE])


def drawn(setting: Setting, tools: Lab) -> list[Item]:
    """The recordings to train on: the fraction of each emotion, and of every other one a quarter of that."""
    random, of = np.random.default_rng(setting.seed), defaultdict(list)
    for item in tools.recordings(setting.corpus, setting.few).items:
        of[str(item.emotion)].append(item)
    rare = set(random.permutation(sorted(of))[: len(of) // 2].tolist()) if setting.balance == "imbalanced" else set()
    chosen = []
    for emotion, own in sorted(of.items()):
        share = setting.fraction * (RARE if emotion in rare else 1.0)
        count = max(3, round(share * len(own)))
        chosen += [own[i] for i in sorted(random.permutation(len(own))[:count])]
    return chosen


def lacks(setting: Setting, chosen: Iterable[Item]) -> dict[str, int]:
    """How many clips both augmentations add to each emotion."""
    counts: dict[str, int] = defaultdict(int)
    for item in chosen:
        counts[str(item.emotion)] += 1
    full = max(counts.values())
    wanted = {name: setting.copies * count for name, count in counts.items()}
    if setting.balance == "imbalanced":
        wanted = {name: full - count for name, count in counts.items()}
    return {name: min(count, setting.most) for name, count in wanted.items() if count}


class Lab:
    """The models that make clips and listen to them, once in each process."""

    def __init__(self, checkpoint: Path | None) -> None:
        self.emoaug = EmoAug.from_pretrained(folder=checkpoint, licence="permissive")
        self.feature, self.simple = VoiceFeature(), SimpleFeature()
        self._taken: dict[str, Recordings] = {}

    def recordings(self, name: str, few: bool, jobs: int = 1) -> Recordings:
        """Those of a corpus that may be trained on, taken apart once."""
        if name not in self._taken:
            config = self.emoaug.config
            chosen = [item for item in items(name, few) if item.speaker not in TESTED[name]]
            self._taken[name] = Recordings(chosen, hearing_of(config.hearing, config.layer), jobs)
        return self._taken[name]

    def perturbed(self, item: Item, parts: Parts, random: np.random.Generator) -> np.ndarray:
        """At another speed or another pitch, samples at 16 kHz."""
        sound = item.clip().sound
        assert sound is not None
        if random.uniform() < 0.5:
            speed = random.choice(SPEEDS)
            return soxr.resample(sound.at(SPEECH_RATE).samples, SPEECH_RATE * speed, SPEECH_RATE)
        factor, count = 2 ** (random.choice(SEMITONES) / 12), len(parts)
        change = Change(np.arange(count, dtype=float), np.full(count, factor), np.zeros((PAIR * count, MEL.n_mels)))
        return changed(sound, parts, change).at(SPEECH_RATE).samples.copy()

    def measured(self, samples: np.ndarray) -> np.ndarray | None:
        """What the readers hear; None where that is hardly any speech."""
        try:
            clip = from_arrays(sound=(np.asarray(samples, np.float32), SPEECH_RATE))
            ours, simple = vector(self.feature(clip), PLAIN.stats), self.simple(clip)
        except InputError:
            return None
        return None if simple is None else np.concatenate([ours, simple["simple"]])


@cache
def lab(checkpoint: Path | None) -> Lab:
    return Lab(checkpoint)


Clip = tuple[Item, str, np.ndarray]
"""A source, the emotion that the clip is labelled with, and its samples at 16 kHz."""


def perturbations(setting: Setting, chosen: Sequence[Item], tools: Lab) -> Iterable[Clip]:
    random, taken = np.random.default_rng([setting.seed, 1]), tools.recordings(setting.corpus, setting.few)
    for emotion, count in lacks(setting, chosen).items():
        sources = dealt([item for item in chosen if item.emotion == emotion], random)
        for _, item in zip(range(count), sources, strict=False):
            yield item, emotion, tools.perturbed(item, taken.parts(item), random)


def transfers(setting: Setting, chosen: Sequence[Item], tools: Lab, style: str) -> Iterable[Clip]:
    """As `augment` makes them: a prosody of the emotion, drawn intensity and pace.

    Any recording of the emotion is the source, of the style "any source" any recording at all; these are told the
    emotion's name as well, unless they show it, and so are those of the style "named".
    """
    random, prosodies = np.random.default_rng([setting.seed, 2]), defaultdict(list)
    taken = tools.recordings(setting.corpus, setting.few)
    for item in chosen:
        prosodies[item.emotion].append((item.id, tools.emoaug.prosody_of(taken.parts(item)).mean(axis=0)))
    own = [Prosodies(str(name), *_columns(rows)) for name, rows in prosodies.items()]
    same = style != "any source"
    draw, everything = ways(style if style in WAYS else "other", own), dealt(chosen, random)
    for emotion, count in lacks(setting, chosen).items():
        sources = dealt([item for item in chosen if item.emotion == emotion], random) if same else everything
        made = 0
        while made < count:
            item = next(sources)
            try:
                point = draw[emotion].draw(random, item.id).point
                speech = tools.emoaug(
                    utterance(item.clip()),
                    taken.parts(item),
                    point,
                    Variation.drawn(random, emotion if style == "named" or item.emotion != emotion else None),
                )
            except InputError:  # of three recordings one is the source
                continue
            made += 1
            yield item, emotion, speech.at(SPEECH_RATE).samples.copy()


def _columns(rows: Sequence[tuple[str, np.ndarray]]) -> tuple[tuple[str, ...], np.ndarray]:
    names, points = zip(*rows, strict=True)
    return names, np.stack(points)


def kept(setting: Setting, way: str, clips: Iterable[Clip], tools: Lab) -> Table:
    """What the reader hears in clips; they are made once, and only if they are asked for."""
    folder = cache_dir() / "benchmarks" / "emoaug"
    drawing = (INTENSITIES, NAMED, TEMPO, SPEEDS, SEMITONES, TESTED)
    with_what = f"{VERSION} {tools.emoaug.digest} {tools.emoaug.prosody.manner} {drawing}"
    with_what += f" {tools.feature.name} {PLAIN.stats} {tools.simple.name}"
    told = f"{with_what} {setting.id} {setting.copies} {setting.most} {setting.few} {way}"
    path = folder / f"{sha256(told.encode()).hexdigest()[:24]}.npz"
    if not path.is_file():
        rows = [(tools.measured(samples), emotion, item) for item, emotion, samples in clips]
        rows = [row for row in rows if row[0] is not None]
        folder.mkdir(parents=True, exist_ok=True)
        names = {"emotion": [e for _, e, _ in rows], "speaker": [str(i.speaker) for *_, i in rows]}
        part = path.with_suffix(".part.npz")
        np.savez(part, x=np.stack([x for x, *_ in rows]), ids=[i.id for *_, i in rows], **names)
        part.replace(path)
    with np.load(path) as found:
        which = {name: found[name] for name in ("x", "emotion", "speaker", "ids")}
    return Table(**which, corpus=np.full(len(which["x"]), setting.corpus))
