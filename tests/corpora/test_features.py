"""The feature cache: computed once, found again, whole after a kill, and nobody gets in another's way."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from filelock import FileLock

from espressivo.corpora import features as module
from espressivo.corpora.features import FeatureStore, extract, key_of
from espressivo.corpora.item import Item
from espressivo.corpora.shards import pack
from espressivo.errors import AssetError, InputError, OutputError

from .making import wav
from .workers import Loudness


def some(folder: Path, *names: str) -> list[Item]:
    return [Item(name, wav(folder / f"{name}.wav", 0.1 + n / 100)) for n, name in enumerate(names or "abcde")]


def asked(feature: Loudness) -> list[str]:
    return feature.log.read_text().split() if feature.log.exists() else []


@pytest.mark.parametrize("jobs", [1, 2])
def test_made_once_and_found_again(tmp_path: Path, jobs: int) -> None:
    given, feature, told = some(tmp_path), Loudness(tmp_path / "log"), list[int]()
    half = tmp_path / "cache" / "loudness-1" / ".half.123.safetensors"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"what a killed process leaves")
    report = extract(given, feature, tmp_path / "cache", jobs=jobs, tell=lambda done, total: told.append(done))
    assert not half.exists()
    assert (report.made, report.kept, report.skipped) == (5, 0, [])
    assert told == [1, 2, 3, 4, 5]
    assert report.folder == tmp_path / "cache" / "loudness-1"
    store = FeatureStore(report.folder)
    assert len(store) == 5
    for n, item in enumerate(given):
        assert store[item]["count"] == 1600 + 160 * n
        assert store[item]["count"].shape == ()
        assert store[item]["rms"] == pytest.approx(0.3 / np.sqrt(2), abs=0.01)
    again = extract(given, feature, tmp_path / "cache", jobs=jobs)
    assert (again.made, again.kept) == (0, 5)
    assert sorted(asked(feature)) == list("abcde")


def test_what_is_there_is_found_while_another_process_measures(tmp_path: Path) -> None:
    given, feature = some(tmp_path), Loudness(tmp_path / "log")
    report = extract(given, feature, tmp_path / "cache")
    with FileLock(report.folder / ".lock"):
        again = extract(given, feature, tmp_path / "cache")
    assert (again.made, again.kept) == (0, 5)


def test_an_item_is_what_its_file_and_stretch_are(tmp_path: Path) -> None:
    (item,) = some(tmp_path, "a")
    key = key_of(item)
    (tmp_path / "x").mkdir()
    assert key == key_of(Item("another name", tmp_path / "x" / ".." / "a.wav"))
    assert key != key_of(Item("a", item.path, 0.05))
    assert key != key_of(Item("a", item.path, end=0.05))
    assert key != key_of(Item("a", item.path, face=item.path))
    assert key_of(pack(item)) == key_of(pack(Item("other", item.path)))
    os.utime(item.path, ns=(1, 1))
    copy = tmp_path / "x" / "b.wav"
    copy.write_bytes(item.path.read_bytes())
    assert key == key_of(item) == key_of(Item("b", copy))
    copy.write_bytes(copy.read_bytes()[:-1] + b"!")
    assert key != key_of(Item("b", copy))
    with pytest.raises(InputError, match="no such file"):
        key_of(Item("gone", tmp_path / "gone.wav"))


def test_of_a_large_file_blocks_from_everywhere_are_read(tmp_path: Path) -> None:
    path = tmp_path / "large.wav"
    path.write_bytes(bytes(9 << 20))
    found = [key_of(Item("a", path))]
    for place in (0, 4 << 20, (9 << 20) - 1):
        held = bytearray(9 << 20)
        held[place : place + 100_000] = b"!" * len(held[place : place + 100_000])
        path.write_bytes(held)
        found.append(key_of(Item("a", path)))
    path.write_bytes(bytes((9 << 20) + 1))
    assert len({*found, key_of(Item("a", path))}) == 5


def test_a_folder_of_pictures_is_what_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "0.png").write_bytes(b"a")
    shutil.copytree(folder, tmp_path / "two")
    keys = [key_of(Item("a", place)) for place in (folder, tmp_path / "two")]
    (folder / "1.png").write_bytes(b"b")
    assert keys[0] == keys[1] != key_of(Item("a", folder))


def test_what_holds_the_same_is_measured_once_and_refused_as_often_as_it_comes(tmp_path: Path) -> None:
    (item,) = some(tmp_path, "a")
    twin = tmp_path / "twin.wav"
    twin.write_bytes(item.path.read_bytes())
    (tmp_path / "odd.wav").write_bytes(b"no sound")
    (tmp_path / "odder.wav").write_bytes(b"no sound")
    names = [item, Item("twin", twin), *(Item(name, tmp_path / f"{name}.wav") for name in ("odd", "odder"))]
    for _ in range(2):
        report = extract(names, Loudness(tmp_path / "log"), tmp_path / "cache")
        assert [name for name, _ in report.skipped] == ["odd", "odder"]
        assert report.made + report.kept == 2
    assert all(one in report.store for one in names[:2])


def test_broken_and_refused_items_are_named_and_not_asked_again(tmp_path: Path) -> None:
    given, feature = some(tmp_path, "a", "quiet", "b"), Loudness(tmp_path / "log")
    (tmp_path / "notes.wav").write_text("no sound")
    given += [Item("notes", tmp_path / "notes.wav"), Item("gone", tmp_path / "gone.wav"), given[0]]
    reports = [extract(given, feature, tmp_path / "cache") for _ in range(2)]
    for report in reports:
        why = dict(report.skipped)
        assert sorted(why) == ["gone", "notes", "quiet"]
        assert "nothing to measure" in why["quiet"]
        assert "not sound or video" in why["notes"]
        assert "no such file" in why["gone"]
    assert [(report.made, report.kept) for report in reports] == [(2, 1), (0, 3)]
    assert asked(feature) == ["a", "quiet", "b"]
    store = FeatureStore(reports[0].folder)
    assert store.get(given[1]) is None
    with pytest.raises(KeyError, match="no features of quiet"):
        store[given[1]]


def test_a_worker_that_dies_is_given_another_chance_next_time(tmp_path: Path) -> None:
    given, feature = some(tmp_path, "a", "deadly", "b"), Loudness(tmp_path / "log")
    for _ in range(2):
        report = extract(given, feature, tmp_path / "cache", jobs=2)
        assert [name for name, _ in report.skipped] == ["deadly"]
        assert report.made + report.kept == 2
    assert asked(feature).count("deadly") >= 4


def test_what_no_item_can_help_ends_the_work_and_keeps_what_is_done(tmp_path: Path) -> None:
    given, feature = some(tmp_path, "a", "b", "weights", "c"), Loudness(tmp_path / "log")
    with pytest.raises(AssetError, match="gone"):
        extract(given, feature, tmp_path / "cache")
    assert extract(given[:2], feature, tmp_path / "cache").kept == 2


def test_files_are_small_and_only_what_is_asked_for_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 8_000)
    given, feature = some(tmp_path, *"abcdefgh"), Loudness(tmp_path / "log", size=1000)
    report = extract(given, feature, tmp_path / "cache")
    files = sorted(report.folder.glob("*.safetensors"))
    assert len(files) == 4
    assert all(len(safetensors.numpy.load_file(file)) == 4 for file in files)
    store = pickle.loads(pickle.dumps(FeatureStore(report.folder)))
    assert {len(store[item]["rms"]) for item in given} == {1000}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    report = extract(some(tmp_path), Loudness(tmp_path / "log"), tmp_path / "cache")
    (file,) = report.folder.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(InputError, match=r"are damaged .* delete that file"):
        FeatureStore(report.folder)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write features to"):
        extract(some(tmp_path), Loudness(tmp_path / "log"), tmp_path / "cache")


CODE = """
import sys
from pathlib import Path
from espressivo.corpora import features
from espressivo.corpora.data import read_data
from tests.corpora.workers import Loudness
features._PATIENCE = 0.2
here = Path(sys.argv[1])
report = features.extract(read_data(here / "d.csv"), Loudness(here / "log", slow=0.05), here / "cache")
print(report.made, report.kept)
"""


@pytest.fixture
def start(tmp_path: Path) -> Callable[[], "subprocess.Popen[str]"]:
    """Starts a process that measures 30 clips, 20 a second."""
    wav(tmp_path / "a.wav", 4.0)
    rows = "".join(f"clip-{n},a.wav,{n / 10},{n / 10 + 0.1}\n" for n in range(30))
    (tmp_path / "d.csv").write_text("id,path,start,end\n" + rows)
    command = [sys.executable, "-c", CODE, str(tmp_path)]
    return lambda: subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_killed_and_resumed(tmp_path: Path, start: Callable[[], "subprocess.Popen[str]"]) -> None:
    process = start()
    until = time.monotonic() + 30
    while len(list((tmp_path / "cache").glob("*/[!.]*.safetensors"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    before = len(FeatureStore(tmp_path / "cache" / "loudness-1"))
    assert 0 < before < 30
    (tmp_path / "log").unlink()
    out, _ = start().communicate(timeout=60)
    assert out.split() == [str(30 - before), str(before)]
    assert len(asked(Loudness(tmp_path / "log"))) == 30 - before


def test_two_at_once_share_the_work(tmp_path: Path, start: Callable[[], "subprocess.Popen[str]"]) -> None:
    both = [start(), start()]
    outs = sorted(process.communicate(timeout=60)[0].split() for process in both)
    assert outs == [["0", "30"], ["30", "0"]]
    assert len(asked(Loudness(tmp_path / "log"))) == 30


def test_an_item_whose_file_is_gone_is_not_kept(tmp_path: Path) -> None:
    here, gone = some(tmp_path, "here", "gone")
    gone.path.unlink()
    report = extract([here, gone], Loudness(tmp_path / "log"), tmp_path / "cache")
    assert [name for name, _ in report.skipped] == ["gone"]
    store = FeatureStore(report.folder)
    assert here in store
    assert gone not in store
    assert store.get(gone) is None
