"""`prepare` and `split` as typed."""

import gzip
from pathlib import Path

import pytest

from espressivo.corpora.data import read_data
from tests.corpora.making import wav

from .conftest import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three people with two recordings each."""
    for n, name in enumerate(("anna", "ben", "cleo")):
        for take in range(2):
            wav(tmp_path / "mine" / name / f"{take}.wav", 0.3 + n / 10)
    return tmp_path / "mine"


def test_from_a_folder_to_a_split(run: Run, folder: Path, tmp_path: Path) -> None:
    ended = run("prepare", "folder", folder, "-o", tmp_path / "d.csv", "--jobs", 1)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{tmp_path / 'd.csv'}: 6 items, 0.00 h, 3 speakers; 0 skipped\n"
    ended = run("split", tmp_path / "d.csv", "--by", "speaker", "-o", tmp_path / "splits")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split()[:3] for line in ended.out.splitlines()[1:]] == [
        ["train", "2", "1"],
        ["validation", "2", "1"],
        ["test", "2", "1"],
    ]
    for name in ("train", "validation", "test"):
        assert all(item.path.exists() for item in read_data(tmp_path / "splits" / f"{name}.csv"))


def test_broken_files_are_named_and_counted(run: Run, folder: Path, tmp_path: Path) -> None:
    for n in range(7):
        (folder / "ben" / f"bad{n}.wav").write_text("no sound")
    ended = run("prepare", "folder", folder, "-o", tmp_path / "d.jsonl.gz")
    lines = ended.err.splitlines()
    assert (ended.code, len(lines)) == (0, 6)
    assert lines[0].startswith(f"skipped: {folder / 'ben' / 'bad0.wav'}: is not sound or video")
    assert lines[5] == "skipped: 2 more"
    assert f"6 items, 0.00 h, 3 speakers; 7 skipped (all in {tmp_path / 'd.jsonl.gz.skipped.txt'})" in ended.out


def test_each_speaker_left_out_and_cuts_stay_cuts(run: Run, folder: Path, tmp_path: Path) -> None:
    run("prepare", "folder", folder, "-o", tmp_path / "d.jsonl.gz", "--jobs", 1)
    ended = run("split", tmp_path / "d.jsonl.gz", "--by", "leave-one-out", "-o", tmp_path / "folds")
    assert ended.code == 0
    assert sorted(path.name for path in (tmp_path / "folds").iterdir()) == [
        "own-mine-anna",
        "own-mine-ben",
        "own-mine-cleo",
    ]
    train = read_data(tmp_path / "folds" / "own-mine-ben" / "train.jsonl.gz")
    assert train.speakers() == {"own-mine-anna", "own-mine-cleo"}
    again = run("split", tmp_path / "d.jsonl.gz", "--by", "leave-one-out", "-o", tmp_path / "folds")
    assert "holds something already" in again.complaint


def test_shards_stay_shards(run: Run, folder: Path, tmp_path: Path) -> None:
    run("prepare", "folder", folder, "-o", tmp_path / "shards", "--shards", "--jobs", 1)
    ended = run("split", tmp_path / "shards", "-o", tmp_path / "splits", "--shares", "0.6,0.2,0.2", "--seed", 1)
    assert ended.code == 0, ended
    assert len(list(read_data(tmp_path / "splits" / "train"))) == 2


def test_the_corpus_own_parts(run: Run, tmp_path: Path) -> None:
    rows = "a.wav,anna,test\nb.wav,ben,train\nc.wav,anna,fold/1\n"
    (tmp_path / "d.csv").write_text(f"path,speaker,part\n{rows}")
    ended = run("split", tmp_path / "d.csv", "--by", "part", "-o", tmp_path / "splits")
    assert ended.code == 0
    assert "share speakers: anna" in ended.err
    assert sorted(path.name for path in (tmp_path / "splits").iterdir()) == ["fold_1.csv", "test.csv", "train.csv"]


@pytest.mark.parametrize(
    ("table", "arguments", "says"),
    [
        ("path\na.wav\n", (), "1 of 1 items name no speaker, the first is a.wav"),
        ("path,speaker\na.wav,anna\n", (), "one speaker only (anna)"),
        ("path,speaker\na.wav,anna\n", ("--by", "part"), "name no part"),
        ("path,speaker\na.wav,anna\nb.wav,ben\n", ("--shares", "most,some,none"), "got shares of 'most,some,none'"),
        ("path,emotion\na.wav,glum\n", (), "line 2: unknown emotion 'glum'"),
        ("file\na.wav\n", (), "no column 'path'"),
        ("path,speaker\na.wav,anna\n", ("--by", "mood"), "mood"),
    ],
)
def test_what_cannot_be_split(run: Run, tmp_path: Path, table: str, arguments: tuple[str, ...], says: str) -> None:
    (tmp_path / "d.csv").write_text(table)
    assert says in run("split", tmp_path / "d.csv", "-o", tmp_path / "splits", *arguments).complaint
    assert not (tmp_path / "splits").exists()


def test_wrong_words(run: Run, folder: Path, tmp_path: Path) -> None:
    assert "unknown corpus 'gird'" in run("prepare", "gird", folder, "-o", tmp_path / "d.csv").complaint
    assert "no GRID in" in run("prepare", "grid", tmp_path, "-o", tmp_path / "d.csv").complaint
    assert "no folder" in run("prepare", "folder", tmp_path / "gone", "-o", tmp_path / "d.csv").complaint
    assert "got 0 processes" in run("prepare", "folder", folder, "-o", tmp_path / "d.csv", "--jobs", 0).complaint
    assert "no data at" in run("split", tmp_path / "d.csv", "-o", tmp_path / "splits").complaint
    with gzip.open(tmp_path / "e.jsonl.gz", "wt") as file:
        file.write("{}\n")
    assert "e.jsonl.gz' line 1" in run("split", tmp_path / "e.jsonl.gz", "-o", tmp_path / "splits").complaint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.jsonl.gz", "mine"]
