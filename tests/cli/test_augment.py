"""`espressivo augment` as typed."""

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from espressivo.cli import grow
from espressivo.systems.emoaug import filters
from espressivo.training.interrupt import Stopped
from tests.corpora.making import table
from tests.verbs.tiny_prosody import Say, tiny_prosody

from .conftest import Ended, Run

pytestmark = pytest.mark.weights
Augment = Callable[..., Ended]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, say: Say, asset: Callable[[str], Path]) -> Path:
    """A tiny model, two happy recordings and two sad ones, and one that is broken."""
    place = tmp_path_factory.mktemp("augment")
    (place / "prosody").mkdir()
    tiny_prosody(place / "prosody", say, asset)
    rows = []
    for name, emotion, text in (
        ("a", "happy", "I am so glad!"),
        ("b", "sad", "My dog is ill."),
        ("c", "happy", "We won the match!"),
        ("e", "sad", "I miss you so much."),
    ):
        soundfile.write(place / f"{name}.wav", say(text), 16_000)
        rows.append(f"{name}.wav,anna,{emotion}")
    (place / "d.wav").write_text("no sound")
    table(place / "d.csv", "path,speaker,emotion", *rows, "d.wav,x,sad")
    return place


@pytest.fixture
def augment(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Augment:
    monkeypatch.setattr("espressivo.corpora.features.cache_dir", lambda: folder / "cache")
    model, lax = folder / "prosody" / "model", ("--least-similar", "-1", "--most-wrong", "inf")

    def call(*more: object, data: object = folder / "d.csv") -> Ended:
        return run("augment", data, "-o", tmp_path / "more", "--checkpoint", model, *lax, *more)

    return call


def test_fills_up(augment: Augment, tmp_path: Path) -> None:
    ended = augment("--per-class", 3)
    assert ended.code == 0, ended
    more = tmp_path / "more"
    assert ended.out.splitlines() == [
        "happy: 2 → 3",
        "sad: 2 → 3",
        f"{more / 'all.jsonl.gz'}: originals and 2 clips made ({more / 'provenance.jsonl'} tells how)",
    ]
    said = ended.err.splitlines()
    assert said[0].startswith("skipped: d.wav: ")
    assert said[1] == (
        f"espressivo: made with prosody2vec-debug (licence: as the recordings say); see {more / 'README.md'}"
    )
    assert len(said) == 2


def test_nothing_to_make(augment: Augment, tmp_path: Path) -> None:
    ended = augment("--per-class", 1)
    assert ended.code == 0
    assert ended.out.endswith("no emotion has fewer than 1 clips: nothing to make, nothing written\n")
    assert not (tmp_path / "more").exists()


def test_stopped(augment: Augment, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*given: object, **options: object) -> None:
        raise Stopped("stopped: 1 of 3 clips are made and kept; the same command goes on from there")

    monkeypatch.setattr("espressivo.verbs.augment.augment", stop)
    ended = augment("--per-class", 3)
    assert ended.code == 130
    assert ended.err == "espressivo: stopped: 1 of 3 clips are made and kept; the same command goes on from there\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--per-class", 0), "got 0 clips of each emotion: give 1 or more"),
        (("--per-class", 3, "--style", "best"), "best"),
        (("--per-class", 3, "--from", "mine"), "mine"),
        (("--per-class", "many"), "valid integer"),
        (("--per-class", 3, "--seed", -1), "got a seed of -1"),
        (("--per-class", 3, "--jobs", 0), "got 0 processes"),
        (("--per-class", 3, "--most-wrong", "nan"), "most wrong words"),
        ((), "--per-class"),
    ],
)
def test_wrong_words(augment: Augment, tmp_path: Path, arguments: tuple[object, ...], says: str) -> None:
    assert says in augment(*arguments).complaint
    assert not (tmp_path / "more").exists()


def test_data_that_cannot_be_filled(augment: Augment, folder: Path, tmp_path: Path) -> None:
    one = table(folder / "one.csv", "path,emotion", "a.wav,happy", "c.wav,happy")
    assert "all 2 labelled recordings are happy" in augment("--per-class", 3, data=one).complaint
    none = table(folder / "none.csv", "path,speaker", "a.wav,anna")
    assert "names no emotion" in augment("--per-class", 3, data=none).complaint
    test = table(folder / "test.csv", "path,emotion", "a.wav,happy", "b.wav,sad")
    assert "test.csv is there to test on" in augment("--per-class", 3, data=test).complaint
    broken = table(folder / "broken.csv", "path,emotion", "d.wav,happy", "gone.wav,sad")
    assert "no recording can be used: 2 recordings were left out, the first" in (
        augment("--per-class", 3, data=broken).complaint
    )
    assert "no data at" in augment("--per-class", 3, data=folder / "gone.csv").complaint
    assert not (tmp_path / "more").exists()


def test_the_folder_holds_something_else(augment: Augment, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "diary.txt").write_text("dear diary")
    assert "holds something else already" in augment("--per-class", 3).complaint
    assert [path.name for path in (tmp_path / "more").iterdir()] == ["diary.txt"]


def test_the_help_names_the_defaults() -> None:
    assert (grow.LEAST_SIMILAR, grow.MOST_WRONG) == (filters.LEAST_SIMILAR, filters.MOST_WRONG)
