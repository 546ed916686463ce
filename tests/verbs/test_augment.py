"""`augment`: every emotion is filled up, whatever is stopped goes on, and what is to be tested on stays as it is."""

import json
import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import espressivo
from espressivo.corpora.data import read_data
from espressivo.corpora.item import Item
from espressivo.errors import AssetError, ConfigError, InputError, OutputError
from espressivo.media.provenance import detect
from espressivo.systems.emoaug.filters import Limits
from espressivo.systems.emoaug.maker import Maker
from espressivo.systems.emoaug.pipeline import INTENSITIES, TEMPO, EmoAug
from espressivo.systems.emoaug.plan import Wanted
from espressivo.systems.emoaug.styles import Prosodies, ways
from espressivo.training.interrupt import Stopped
from espressivo.verbs.augment import Augmented, augment
from tests.corpora.making import table
from tests.verbs.tiny_prosody import Say, tiny_prosody

pytestmark = pytest.mark.weights
SAID = {
    "happy": ("We won the match today!", "What a lovely surprise!", "I am so glad!"),
    "sad": ("My dog is ill.", "I miss you so much."),
}
ANY: dict[str, Any] = {"least_similar": -1.0, "most_wrong": float("inf")}
"""Takes whatever a model that knows next to nothing makes, and is quick."""
Augment = Callable[..., Augmented]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, say: Say, asset: Callable[[str], Path]) -> Path:
    """A tiny model, and three happy and two sad recordings of two people: train.csv."""
    place = tmp_path_factory.mktemp("emoaug")
    (place / "prosody").mkdir()
    tiny_prosody(place / "prosody", say, asset)
    rows = []
    for emotion, texts in SAID.items():
        for n, text in enumerate(texts):
            soundfile.write(place / f"{emotion}{n}.wav", 0.5 * say(text), 16_000)
            rows.append(f'{emotion}{n},{emotion}{n}.wav,grid-s{n % 2},{emotion},"{text}",train')
    table(place / "train.csv", "id,path,speaker,emotion,text,part", *rows)
    return place


@pytest.fixture(scope="module")
def emoaug(folder: Path) -> EmoAug:
    return EmoAug.from_pretrained(folder=folder / "prosody" / "model")


@pytest.fixture
def more(folder: Path, emoaug: EmoAug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Augment:
    """`more(per_class=4)` augments train.csv with the tiny model; the weights stay in the cache, what is heard not."""
    monkeypatch.setattr("espressivo.corpora.features.cache_dir", lambda: folder / "cache")

    def call(data: Path | None = None, out: str = "more", **options: Any) -> Augmented:
        wish = {"per_class": 4, "pipeline": emoaug, **ANY, **options}
        return augment(data or folder / "train.csv", out=tmp_path / out, **wish)

    return call


def rows(made: Augmented) -> list[dict[str, Any]]:
    assert made.provenance is not None
    return [json.loads(line) for line in made.provenance.read_text().splitlines()]


def sounds(made: Augmented) -> dict[str, np.ndarray]:
    return {path.name: soundfile.read(path)[0] for path in sorted((made.folder / "clips").iterdir())}


def test_fills_every_emotion(more: Augment, folder: Path, tmp_path: Path) -> None:
    made = more(least_similar=0.0, most_wrong=2.0)
    assert (made.before, made.after) == ({"happy": 3, "sad": 2}, {"happy": 4, "sad": 4})
    assert (made.refused, made.short, made.skipped, made.log) == (0, {}, (), None)
    assert made.made is not None
    assert made.all is not None
    originals = {item.id: item for item in read_data(folder / "train.csv")}
    clips, everything = list(read_data(made.made)), list(read_data(made.all))
    assert [item.id for item in everything] == [*originals, *(clip.id for clip in clips)]
    assert Counter(item.emotion for item in everything) == {"happy": 4, "sad": 4}
    for clip, row in zip(clips, rows(made), strict=True):
        source = originals[clip.notes["made_from"]]
        assert (clip.speaker, clip.text, clip.part) == (source.speaker, source.text, "train")
        assert clip.notes["style_from"] != source.id
        assert originals[clip.notes["style_from"]].emotion == clip.emotion
        assert (row["id"], row["source"], row["style_from"]) == (clip.id, source.id, [clip.notes["style_from"]])
        assert row["source_path"] == str(source.path)
        assert (row["way"], row["seed"], row["made"], row["model"]) == ("other", 0, True, "prosody2vec-debug")
        assert INTENSITIES[0] <= row["intensity"] <= INTENSITIES[1]
        assert abs(np.log(row["tempo"])) <= TEMPO + 1e-4
        assert 0 < row["similarity"] < 1
        assert row["wer"] >= 0
        info = soundfile.info(clip.path)
        assert row["seconds"] == pytest.approx(info.duration, abs=1e-3)
        assert (info.format, info.samplerate, info.channels) == ("FLAC", 22_050, 1)
        mark = detect(clip.path)
        assert (mark.synthetic, mark.watermark) == (True, False)
    note = (tmp_path / "more" / "README.md").read_text()
    assert "3 clips (1 happy, 2 sad)" in note
    assert "prosody2vec-debug,\nas the recordings say" in note
    assert "| grid | 5 | " in note


def test_the_same_seed_makes_the_same_sound_and_another_does_not(more: Augment) -> None:
    one, two, other = sounds(more()), sounds(more(out="again")), sounds(more(out="other", seed=1))
    assert one.keys() == two.keys() == other.keys()
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not any(np.array_equal(one[name], other[name]) for name in one)


def test_what_was_stopped_goes_on(more: Augment, tmp_path: Path) -> None:
    whole = more(out="whole", per_class=5)

    def stop(done: int, total: int | None) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Stopped, match="2 of 5 clips are made and kept; the same command goes on from there"):
        more(per_class=5, tell=stop)
    assert not (tmp_path / "more" / "all.jsonl.gz").exists()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "more" / "clips").iterdir()}
    assert len(kept) == 2
    told: list[tuple[int, int | None]] = []
    made = more(per_class=5, tell=lambda done, total: told.append((done, total)))
    assert told == [(3, 5), (4, 5), (5, 5)]
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert rows(made) == rows(whole)
    assert all(np.array_equal(one, two) for one, two in zip(sounds(made).values(), sounds(whole).values(), strict=True))
    assert more(per_class=5) == made


def test_another_command_into_the_same_folder(more: Augment) -> None:
    more()
    with pytest.raises(ConfigError, match=r"begun with another per_class \(4 there, 5 now\)"):
        more(per_class=5)


def test_broken_recordings_are_named_and_the_rest_is_done(more: Augment, folder: Path, tmp_path: Path) -> None:
    lines = (folder / "train.csv").read_text().splitlines()
    soundfile.write(folder / "silent.wav", np.zeros(16_000), 16_000)
    (folder / "broken.wav").write_text("no sound")
    extra = [f"{name},{name}.wav,x,sad,,train" for name in ("gone", "broken", "silent")]
    made = more(table(folder / "with-broken.csv", *lines, *extra))
    assert [name for name, _ in made.skipped] == ["gone", "broken", "silent"]
    assert made.log is not None
    assert len(made.log.read_text().splitlines()) == 3
    assert made.all is not None
    assert not {item.id for item in read_data(made.all)} & {"gone", "broken", "silent"}
    assert (made.before["sad"], made.after["sad"]) == (2, 4)


def test_refused_attempts_are_told(more: Augment, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none of the clips could be made, the first: happy-0000: another voice"):
        more(least_similar=1.0)
    lines = [json.loads(line) for line in (tmp_path / "more" / "provenance.jsonl").read_text().splitlines()]
    assert len(lines) == 3 * 3
    assert {row["made"] for row in lines} == {False}
    assert [row["attempt"] for row in lines[:3]] == [0, 1, 2]
    assert all(row["why"].startswith("another voice: similarity ") for row in lines)
    assert not list((tmp_path / "more" / "clips").iterdir())


def test_some_are_refused(more: Augment) -> None:
    """With a threshold between what the attempts reach."""
    found = sorted(row["similarity"] for row in rows(more(per_class=6)))
    made = more(out="strict", per_class=6, least_similar=round(found[3] + 1e-3, 4))
    assert made.refused > 0
    assert sum(made.after.values()) == 5 + sum(row["made"] for row in rows(made))
    for name, why in made.short.items():
        assert why.endswith("refused at every attempt")
        assert made.after[name] < 6


@pytest.mark.parametrize("style", ["mix", "sample"])
def test_other_styles(more: Augment, style: str) -> None:
    made = more(style=style, per_class=4, sources="any")
    if style == "mix":  # of two sad ones and a sad source one is left
        assert {len(row["style_from"]) for row in rows(made) if row["made"]} == {2}
        assert all(0 <= row["weight"] <= 1 for row in rows(made) if row["made"])
    else:
        assert {tuple(row["style_from"]) for row in rows(made)} == {()}
        assert made.made is not None
        assert next(iter(read_data(made.made))).notes["style_from"] == "all happy"
    assert made.after == {"happy": 4, "sad": 4}


def test_sources_of_the_same_emotion(more: Augment) -> None:
    made = more(sources="same", per_class=5)
    assert all(row["source_emotion"] == row["emotion"] for row in rows(made))
    mixed = more(sources="same", style="mix", per_class=5, out="mixed")
    assert mixed.short == {"sad": "2 of its recordings can be used, the style 'mix' needs 3"}
    assert mixed.after == {"happy": 5, "sad": 2}


def test_made_clips_count_but_nothing_is_made_of_them(more: Augment) -> None:
    first = more()
    assert first.all is not None
    second = more(first.all, out="second", per_class=6)
    assert (second.before, second.after) == ({"happy": 4, "sad": 4}, {"happy": 6, "sad": 6})
    assert all("#" not in row["source"] for row in rows(second))
    assert second.all is not None
    ids = [item.id for item in read_data(second.all)]
    assert len(set(ids)) == len(ids) == 12


def test_nothing_is_lacking(more: Augment, tmp_path: Path) -> None:
    made = more(per_class=2)
    assert (made.made, made.all, made.provenance) == (None, None, None)
    assert made.before == made.after == {"happy": 3, "sad": 2}
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"per_class": 0}, ConfigError, "got 0 clips of each emotion"),
        ({"style": "best"}, ConfigError, "unknown style 'best'"),
        ({"sources": "mine"}, ConfigError, "cannot take sources from 'mine'"),
        ({"seed": -1}, ConfigError, "got a seed of -1"),
        ({"jobs": 0}, ConfigError, "got 0 processes"),
        ({"least_similar": 2.0}, ConfigError, "least similarity of 2"),
        ({"licence": "none", "pipeline": None}, ConfigError, "unknown licence 'none'"),
        ({"checkpoint": "nowhere", "pipeline": None}, AssetError, "'nowhere' is not a model's folder"),
        ({"data": Path("gone.csv")}, InputError, "no data at 'gone.csv'"),
        ({"out": "no/where"}, OutputError, "does not exist; make it"),
    ],
)
def test_what_cannot_be_done(
    more: Augment, tmp_path: Path, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        more(**options)
    assert not (tmp_path / "more").exists()


def test_a_test_split_is_not_touched(more: Augment, folder: Path, tmp_path: Path) -> None:
    for name, lines in (
        ("test.csv", (folder / "train.csv").read_text()),
        ("all.csv", (folder / "train.csv").read_text().replace(",train", ",test")),
    ):
        (folder / name).write_text(lines)
        with pytest.raises(ConfigError, match="to test on"):
            more(folder / name)
    assert not (tmp_path / "more").exists()


def test_a_maker_works_in_another_process(emoaug: EmoAug, folder: Path, tmp_path: Path) -> None:
    """It is sent there pickled, without its models, and makes the same sound."""
    style = np.random.default_rng(0).normal(size=(3, emoaug.config.style)).astype(np.float32)
    drawn = ways("sample", [Prosodies("sad", ("a", "b", "c"), style)])
    item = Item("happy0", folder / "happy0.wav", emotion="happy")
    wanted = Wanted("sad-0000", "sad", 0, (item,))
    maker = Maker(emoaug, tmp_path, drawn, "sample", Limits(**ANY))
    one = maker(wanted)
    first = soundfile.read(tmp_path / "sad-0000.flac")[0]
    sent = pickle.dumps(replace(maker))
    assert len(sent) < 20_000
    assert pickle.loads(sent)(wanted) == one
    assert np.array_equal(soundfile.read(tmp_path / "sad-0000.flac")[0], first)


def test_a_public_name() -> None:
    assert espressivo.augment is augment
