"""A CSV as people save it: what is read, what is refused and how, and what is written back."""

import os
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.corpora.data import read_data, write_data
from espressivo.corpora.item import Item
from espressivo.errors import InputError, OutputError

from .making import table, wav


def all_of(path: Path) -> list[Item]:
    return list(read_data(path))


def test_only_path_is_required(tmp_path: Path) -> None:
    (item,) = all_of(table(tmp_path / "d.csv", "path", "clips/a.wav"))
    assert item == Item("clips/a.wav", tmp_path / "clips/a.wav")


def test_every_column_in_any_order(tmp_path: Path) -> None:
    header = "text,path,start,end,speaker,emotion,face,id,part,language"
    (item,) = all_of(table(tmp_path / "d.csv", header, '"well, well",/far/a.wav,1.5,2,anna,Anger,a.png,one,train,en'))
    assert item == Item(
        "one", Path("/far/a.wav"), 1.5, 2.0, "anna", "well, well", "en", "angry", tmp_path / "a.png", "train"
    )


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_as_spreadsheets_save_it(tmp_path: Path, mark: str, encoding: str, newline: str) -> None:
    rows = (("Path", " speaker ", "text"), ("a.wav", "Jürgen", "grüß dich"), ("", "", ""), ("b.wav",))
    (tmp_path / "d.csv").write_bytes(newline.join(mark.join(row) for row in rows).encode(encoding))
    first, second = all_of(tmp_path / "d.csv")
    assert (first.path, first.speaker, first.text) == (tmp_path / "a.wav", "Jürgen", "grüß dich")
    assert (second.path, second.speaker) == (tmp_path / "b.wav", None)


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (item,) = all_of(table(tmp_path / "d.csv", "path", "~/a.wav"))
    assert item.path == tmp_path / "a.wav"


def test_stretches_of_one_recording_have_ids_of_their_own(tmp_path: Path) -> None:
    rows = all_of(table(tmp_path / "d.csv", "path,start,end", "a.wav,0,1", "a.wav,1,2.5", "a.wav,2.5,"))
    assert [item.id for item in rows] == ["a.wav#0-1", "a.wav#1-2.5", "a.wav#2.5-"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["file,emotion", "a.wav,sad"], "no column 'path' (its first line is file, emotion)"),
        (["path,emotion", "a.wav,sad", "b.wav,sadd"], "line 3: unknown emotion 'sadd': choose one of neutral"),
        (["path,start", "a.wav,soon"], "line 2: start is 'soon': give seconds"),
        (["path,start", "a.wav,nan"], "line 2: start is 'nan'"),
        (["path,end", "a.wav,-1"], "line 2: end is '-1'"),
        (["path,start,end", "a.wav,2,1"], "line 2: end 1 is not after start 2"),
        (["path,speaker", ",anna"], "line 2 names no path"),
        (["path,text", "a.wav,well, well"], "line 2 has 3 cells, the header 2"),
        (["path,Path", "a.wav,b.wav"], "two columns of one name"),
        (["path"], "holds no items"),
        ([], "no column 'path'"),
    ],
)
def test_what_makes_no_sense_is_named_by_its_line(tmp_path: Path, lines: list[str], says: str) -> None:
    (tmp_path / "d.csv").write_text("\n".join(lines))
    with pytest.raises(InputError) as caught:
        all_of(tmp_path / "d.csv")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("content", "says"), [("path\nJ\xfcrgen.wav\n".encode("latin-1"), "not UTF-8"), (b"", "path")])
def test_what_is_no_table(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "d.csv").write_bytes(content)
    with pytest.raises(InputError, match=says):
        all_of(tmp_path / "d.csv")


def test_another_kind_of_file_and_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data at"):
        read_data(tmp_path / "d.csv")
    with pytest.raises(InputError, match="is no data"):
        read_data(wav(tmp_path / "a.wav"))
    with pytest.raises(OutputError, match=r"ends in .csv, .jsonl.gz or .jsonl"):
        write_data(tmp_path / "d.xlsx", [])
    with pytest.raises(InputError, match="no items to write"):
        write_data(tmp_path / "d.csv", [])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.wav"]


def test_a_column_of_ones_own_is_told_of_once_and_kept(tmp_path: Path) -> None:
    source = table(tmp_path / "d.csv", "path,Weather,mood", "a.wav,rain,", "b.wav,sun,high")
    with pytest.warns(UserWarning, match="not know are kept as notes: Weather, mood"):
        first, second = all_of(source)
    assert (first.notes, second.notes) == ({"Weather": "rain"}, {"Weather": "sun", "mood": "high"})
    write_data(tmp_path / "e.csv", [second, first])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [item.notes for item in read_data(tmp_path / "e.csv")] == [second.notes, first.notes]


@pytest.mark.parametrize("home", ["d.csv", "splits/d.csv", "splits/anna/d.csv", "a/b/c/d.csv"])
def test_paths_hold_from_wherever_the_table_is_written(tmp_path: Path, home: str) -> None:
    sound = wav(tmp_path / "clips" / "a.wav")
    (tmp_path / home).parent.mkdir(parents=True, exist_ok=True)
    write_data(tmp_path / home, [Item("a", sound, face=sound)])
    (item,) = all_of(tmp_path / home)
    assert item.path.samefile(sound)
    assert item.face is not None
    assert item.face.samefile(sound)
    near = home.count("/") <= 2
    assert (str(tmp_path) in (tmp_path / home).read_text()) != near


def test_read_again_and_again(tmp_path: Path) -> None:
    data = read_data(table(tmp_path / "d.csv", "path,speaker", "a.wav,anna", "b.wav,", "c.wav,ben"))
    assert list(data) == list(data)
    assert data.speakers() == {"anna", "ben", None}


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(b"/far/\xff.wav"))
    with pytest.raises(InputError, match="not UTF-8"):
        write_data(tmp_path / "d.csv", [Item("odd", odd)])
    assert not list(tmp_path.iterdir())


printable = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool)


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(
        st.tuples(printable, st.text(st.characters(exclude_categories=["Cs", "Cc"]))), min_size=1, max_size=5
    ),
    start=st.floats(0, 1e6),
    length=st.floats(0.001, 1e4),
)
def test_written_and_read_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]], start: float, length: float
) -> None:
    folder = tmp_path_factory.mktemp("table")
    given = [
        Item(name, folder / "a.wav", start, start + length, text=text.strip() or None, speaker=name)
        for name, text in texts
    ]
    assert write_data(folder / "d.csv", given) == len(given)
    assert list(read_data(folder / "d.csv")) == given
