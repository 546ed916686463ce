"""From a corpus' folder to data: what is broken is named, what is interrupted leaves nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from espressivo.corpora.data import read_data
from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.survey import survey
from espressivo.errors import ConfigError, InputError, OutputError
from espressivo.verbs import prepare as module
from espressivo.verbs.prepare import prepare
from tests.corpora.making import wav
from tests.synthetic import write_clip


def read(root: Path, skip: Skip) -> Iterator[Item]:
    for path in sorted(root.iterdir()):
        if path.suffix == ".txt":
            skip(path, "its name is not like\nours")
        else:
            yield Item(path.stem, path, speaker=f"fake-{path.stem[0]}", emotion="sad")


FAKE = Corpus("fake", "a corpus", ("en",), "none", None, "nowhere", read)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three recordings that are fine, one that is cut off, and nine that cannot be used."""
    folder = tmp_path / "fake"
    for name in ("a1", "a2"):
        wav(folder / f"{name}.wav", 1.0)
    write_clip(folder / "b1.mp4", 0.5, face=False, size=64)
    cut = wav(folder / "b2.wav", 1.0)
    cut.write_bytes(cut.read_bytes()[:20_000])
    (folder / "c0.wav").touch()
    for n in range(1, 8):
        (folder / f"c{n}.wav").write_text("no sound")
    (folder / "notes.txt").write_text("")
    return folder


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("name", ["d.jsonl.gz", "d.csv"])
def test_what_is_fine_is_written_and_the_rest_named(tmp_path: Path, root: Path, name: str, jobs: int) -> None:
    told: list[tuple[int, int]] = []
    made = prepare(FAKE, root, tmp_path / name, jobs=jobs, tell=lambda *count: told.append(count))
    assert [item.id for item in read_data(made.path)] == ["a1", "a2", "b1", "b2"]
    assert told == [(n, 12) for n in range(1, 13)]
    assert (made.tally.items, made.skipped, made.noted, len(made.first)) == (4, 9, 1, 5)
    assert made.tally.seconds == pytest.approx(1 + 1 + 0.5 + 0.624, abs=0.03)
    assert made.log == tmp_path / f"{name}.skipped.txt"
    lines = made.log.read_text().splitlines()
    assert len(lines) == 10
    assert f"skipped: {root / 'c0.wav'}: is empty (0 bytes): give a media file" in lines
    assert f"skipped: {root / 'notes.txt'}: its name is not like ours" in lines
    assert [line for line in lines if line.startswith(f"kept: {root / 'b2.wav'}: is cut off")]


def test_a_corpus_is_read_once_and_counted_if_memory_holds_it(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def counted(root: Path, skip: Skip) -> Iterator[Item]:
        calls.append(root)
        yield from read(root, skip)

    def told(name: str) -> list[tuple[int, int | None]]:
        told: list[tuple[int, int | None]] = []
        made = prepare(replace(FAKE, read=counted), root, tmp_path / name, tell=lambda *count: told.append(count))
        assert [item.id for item in read_data(made.path)] == ["a1", "a2", "b1", "b2"]
        return told

    monkeypatch.setattr(module, "LISTED", 12)
    assert told("a.csv") == [(n, 12) for n in range(1, 13)]
    monkeypatch.setattr(module, "LISTED", 11)
    assert told("b.csv") == [(n, None) for n in range(1, 13)]
    assert len(calls) == 2


def test_an_id_that_comes_again_is_left_out_and_named(tmp_path: Path, root: Path) -> None:
    def twice(root: Path, skip: Skip) -> Iterator[Item]:
        for name in ("a1", "b1.mp4", "a2"):
            yield Item(name[:2], root / name if "." in name else root / f"{name}.wav")
        yield Item("a1", root / "a2.wav")

    made = prepare(replace(FAKE, read=twice), root, tmp_path / "d.csv")
    assert [item.path.name for item in read_data(made.path)] == ["a1.wav", "b1.mp4", "a2.wav"]
    assert made.first == [f"{root / 'a2.wav'}: a second recording called a1: the first is taken"]
    survey(read_data(made.path))


def test_a_corpus_without_items_is_refused(tmp_path: Path, root: Path) -> None:
    nothing = replace(FAKE, read=lambda root, skip: iter(()))
    with pytest.raises(InputError, match="there are none"):
        prepare(nothing, root, tmp_path / "d.csv")


def test_what_somebody_filled_in_is_not_written_over(tmp_path: Path, root: Path) -> None:
    (tmp_path / "d.csv").write_text("path,emotion\na0.wav,happy\n")
    with pytest.raises(OutputError, match="is there already"):
        prepare(FAKE, root, tmp_path / "d.csv")
    assert "happy" in (tmp_path / "d.csv").read_text()


def test_nothing_skipped_leaves_no_list_not_even_an_old_one(tmp_path: Path, root: Path) -> None:
    prepare(FAKE, root, tmp_path / "d.csv")
    for path in [*root.glob("c*"), root / "notes.txt", root / "b2.wav"]:
        path.unlink()
    (tmp_path / "d.csv").unlink()
    made = prepare(FAKE, root, tmp_path / "d.csv")
    assert (made.skipped, made.log) == (0, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.csv", "fake"]


def test_shards(tmp_path: Path, root: Path) -> None:
    made = prepare(FAKE, root, tmp_path / "shards", jobs=2, shards=True)
    assert (made.tally.items, made.skipped) == (4, 9)
    assert [item.clip().duration for item in read_data(made.path)][:2] == [1.0, 1.0]


@pytest.mark.parametrize("shards", [False, True])
def test_nothing_to_use_leaves_nothing(tmp_path: Path, shards: bool) -> None:
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "a.wav").write_text("no sound")
    with pytest.raises(InputError, match=r"none of 1 recordings can be used, the first: .*a\.wav"):
        prepare(FAKE, tmp_path / "fake", tmp_path / "d.csv", shards=shards)
    assert [path.name for path in tmp_path.iterdir()] == ["fake"]


def test_wrong_words(tmp_path: Path, root: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown corpus 'gird'.*'folder' for any folder"):
        prepare("gird", root, tmp_path / "d.csv")
    with pytest.raises(InputError, match="no GRID in"):
        prepare("grid", root, tmp_path / "d.csv")
    with pytest.raises(OutputError, match=r"ends in \.csv"):
        prepare(FAKE, root, tmp_path / "d.xlsx")
    with pytest.raises(OutputError, match="it is a folder; give a name in it, or --shards"):
        prepare(FAKE, root, tmp_path)
    with pytest.raises(OutputError, match="does not exist"):
        prepare(FAKE, root, tmp_path / "no" / "such" / "d.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["fake"]


CODE = """
import sys
from espressivo.verbs import prepare as module
from tests.verbs.test_prepare import slow
if __name__ == "__main__":
    module.LISTED = 100
    module.prepare(slow(), sys.argv[1], sys.argv[2], jobs=2, tell=lambda done, total: print(done, flush=True))
"""


def slow() -> Corpus:
    """More recordings than are listed before the work, and after those 50 a second."""

    def read(root: Path, skip: Skip) -> Iterator[Item]:
        for n in range(10_000):
            time.sleep(0.02 if n > module.LISTED else 0)
            yield Item(f"{n}", root / "a.wav")

    return Corpus("slow", "", (), "", None, "", read)


@pytest.mark.skipif(os.name == "nt", reason="no process groups on Windows")
def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C in a terminal reaches the workers too: nobody is left, no file, and only one of them has a last word."""
    wav(tmp_path / "fake" / "a.wav")
    command = [sys.executable, "-c", CODE, str(tmp_path / "fake"), str(tmp_path / "d.jsonl.gz")]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    assert len(list(tmp_path.iterdir())) == 2
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)  # until everybody has closed the pipes
    assert process.returncode == -signal.SIGINT
    assert said.count("Traceback") == 1, said
    assert [path.name for path in tmp_path.iterdir()] == ["fake"]


@pytest.mark.corpus
def test_a_real_corpus(tmp_path: Path, data_root: Path) -> None:
    made = prepare("vasp", data_root / "vasp", tmp_path / "d.jsonl.gz")
    items = list(read_data(made.path))
    assert len(items) == made.tally.items > 0
    assert all(item.clip().video is not None for item in items[:3])
