"""What is given: data to train on, opened, and heard as far as it can be."""

from pathlib import Path

import pytest

from espressivo.corpora.data import read_data, write_data
from espressivo.corpora.item import Item
from espressivo.corpora.skips import Skipped
from espressivo.errors import ConfigError, InputError
from espressivo.systems.emoaug.given import drawn_from, item_of, open_all, to_train_on
from tests.corpora.making import items, table, wav

ROWS = ("a.wav,happy,train", "b.wav,sad,", "c.wav,,")


def test_data_to_train_on(tmp_path: Path) -> None:
    place = table(tmp_path / "train.csv", "path,emotion,part", *ROWS)
    assert [item.emotion for item in to_train_on(read_data(place))] == ["happy", "sad", None]


@pytest.mark.parametrize("name", ["test.csv", "Test.csv", "validation.csv", "dev.tsv", "my-test.csv", "held_out.csv"])
def test_data_called_test(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is there to test on"):
        to_train_on(read_data(table(tmp_path / name, "path,emotion", "a.wav,happy", "b.wav,sad")))


def test_data_in_a_folder_called_test(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    with pytest.raises(ConfigError, match=r"cuts\.csv is there to test on, by its name or folder"):
        to_train_on(read_data(table(tmp_path / "test" / "cuts.csv", "path,emotion", "a.wav,happy", "b.wav,sad")))


@pytest.mark.parametrize("name", ["latest.csv", "testimony.csv", "train.test.csv"])
def test_data_whose_name_only_holds_the_word(tmp_path: Path, name: str) -> None:
    to_train_on(read_data(table(tmp_path / name, "path,emotion", "a.wav,happy", "b.wav,sad")))


@pytest.mark.parametrize("part", ["test", "Validation", "dev", "eval", " test "])
def test_an_item_to_test_on(tmp_path: Path, part: str) -> None:
    place = table(tmp_path / "d.csv", "path,emotion,part", *ROWS, f"d.wav,sad,{part}")
    with pytest.raises(ConfigError, match=r"d\.wav is of the part .*, which is there to test on"):
        to_train_on(read_data(place))


def test_folds_are_trained_on(tmp_path: Path) -> None:
    """The training side of a round has several."""
    rows = ("a.wav,happy,fold-1", "b.wav,sad,fold-2")
    assert len(to_train_on(read_data(table(tmp_path / "train.csv", "path,emotion,part", *rows)))) == 2


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (("a.wav,", "b.wav,"), "names no emotion: fill in the column 'emotion'"),
        (("a.wav,sad", "b.wav,sad", "c.wav,"), "all 2 labelled recordings are sad: give data with two emotions"),
        (("a.wav,sad", "a.wav,happy"), "have the same id 'a.wav'"),
        (("a.wav,glum",), "unknown emotion 'glum'"),
    ],
)
def test_data_that_cannot_be_filled(tmp_path: Path, rows: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputError, match=says):
        to_train_on(read_data(table(tmp_path / "d.csv", "path,emotion", *rows)))


def test_shards(tmp_path: Path) -> None:
    from espressivo.corpora.shards import write_shards

    write_shards(tmp_path / "shards", [Item("a", wav(tmp_path / "a.wav"), emotion="sad")])
    with pytest.raises(InputError, match="holds shards: give a CSV or a CutSet"):
        to_train_on(read_data(tmp_path / "shards"))


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav")
    (tmp_path / "b.wav").write_text("no sound")
    skipped: list[Skipped] = []
    given = [Item(name, tmp_path / f"{name}.wav", emotion="sad") for name in "abc"]
    assert [item.id for item in open_all(given, skipped)] == ["a"]
    assert [name for name, _ in skipped] == ["b", "c"]
    with pytest.raises(InputError, match="no recording can be used: 2 recordings were left out, the first: b: "):
        open_all(given[1:], [])


def test_clips_are_not_made_of_made_clips() -> None:
    given = items({"anna": ("happy", "sad")}, each=2)
    made = Item("made", Path("m.flac"), speaker="anna", emotion="sad", notes={"made_from": "x"})
    mute = Item("mute", Path("n.wav"), speaker="anna")
    assert drawn_from([*given, made, mute], 0) == given
    assert len(drawn_from(given, 0, most=1)) == 2


def test_a_made_item(tmp_path: Path) -> None:
    source = Item("ravdess-1", Path("1.wav"), 1.0, 2.0, "ravdess-01", "Dogs.", "en", "sad", part="train")
    row = {"id": "ravdess-1#happy-0", "clip": "clips/happy-0.flac", "emotion": "happy", "style_from": ["p", "q"]}
    clip = item_of(row, source, tmp_path)
    assert (clip.id, clip.path, clip.start, clip.end) == (row["id"], tmp_path / "clips/happy-0.flac", 0.0, None)
    assert (clip.speaker, clip.text, clip.language, clip.part) == ("ravdess-01", "Dogs.", "en", "train")
    assert (clip.emotion, clip.notes) == ("happy", {"made_from": "ravdess-1", "style_from": "p + q"})
    assert item_of({**row, "style_from": []}, source, tmp_path).notes["style_from"] == "all happy"
    wav(tmp_path / "clips" / "happy-0.flac")
    write_data(tmp_path / "d.jsonl.gz", [clip])
    assert next(iter(read_data(tmp_path / "d.jsonl.gz"))).notes == clip.notes
