"""One look before the work: an id that comes twice is named with both places, and the look costs little memory."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from espressivo.corpora import survey as module
from espressivo.corpora.data import read_data, write_data
from espressivo.corpora.item import Item
from espressivo.corpora.shards import write_shards
from espressivo.corpora.survey import survey
from espressivo.errors import InputError

from .making import long_table, table, wav


def test_who_speaks_and_from_which_corpora(tmp_path: Path) -> None:
    rows = ("a.wav,emodb-03,", "b.wav,anna,", "c.wav,,grid-s1-bbaf2n", "d.wav,emodb-03,x")
    found = survey(read_data(table(tmp_path / "d.csv", "path,speaker,id", *rows)))
    assert found.speakers == {"emodb-03": 2, "anna": 1, None: 1}
    assert found.corpora == {"emodb": 2, "own": 1, "grid": 1}


@pytest.mark.parametrize(
    ("header", "rows", "says"),
    [
        ("path,id", ["a.wav,x", "b.wav,y", "c.wav,x"], "line 2 and line 4 have the same id 'x': leave one out, or"),
        ("path", ["a.wav", "b.wav", "", "a.wav", "a.wav"], "line 2 and line 5 have the same id 'a.wav'"),
        ("path,start,end", ["a.wav,1,2", "a.wav,1.0,2.0"], "line 2 and line 3 have the same id 'a.wav#1-2'"),
        ("path,id", ["b.wav,a.wav", "a.wav,"], "line 2 and line 3 have the same id 'a.wav'"),
    ],
)
def test_an_id_that_comes_twice_is_named_with_both_lines(
    tmp_path: Path, header: str, rows: list[str], says: str
) -> None:
    data = read_data(table(tmp_path / "d.csv", header, *rows))
    with pytest.raises(InputError) as caught:
        survey(data)
    assert says in str(caught.value)
    assert str(caught.value).startswith(repr(str(tmp_path / "d.csv")))
    assert "\n" not in str(caught.value)
    assert len(list(data)) > 1  # who reads in Python may do as they like


def test_stretches_that_differ_in_the_last_digit_are_two(tmp_path: Path) -> None:
    rows = ("a.wav,1234.5678,1240", "a.wav,1234.5679,1240", "a.wav,1234.5678,1240.000001")
    assert survey(read_data(table(tmp_path / "d.csv", "path,start,end", *rows))).corpora == {"own": 3}


def test_in_a_cutset_joined_with_itself(tmp_path: Path) -> None:
    write_data(tmp_path / "d.jsonl.gz", [Item(name, wav(tmp_path / f"{name}.wav")) for name in "ab"])
    (tmp_path / "two.jsonl.gz").write_bytes(2 * (tmp_path / "d.jsonl.gz").read_bytes())
    survey(read_data(tmp_path / "d.jsonl.gz"))
    with pytest.raises(InputError, match="line 1 and line 3 have the same id 'a'"):
        survey(read_data(tmp_path / "two.jsonl.gz"))


def test_in_shards_whose_sound_is_not_even_read(tmp_path: Path) -> None:
    items = [Item(f"{n % 4}", wav(tmp_path / "a.wav"), speaker=f"s{n}") for n in range(5)]
    write_shards(tmp_path / "shards", items, size=2)
    data = read_data(tmp_path / "shards")
    assert data.speakers() == {f"s{n}" for n in range(5)}
    for tar in (tmp_path / "shards").glob("*.tar"):
        tar.unlink()
    with pytest.raises(InputError, match=r"cuts.000000.jsonl.gz line 1 and cuts.000002.jsonl.gz line 1 .* id '0'"):
        survey(data)
    with gzip.open(tmp_path / "shards" / "cuts.000001.jsonl.gz", "at") as file:
        file.write('{"id": "cut off')
    with pytest.raises(InputError, match=r"cuts\.000001\.jsonl\.gz' line 3 is not a cut"):
        survey(data)


def test_hashes_that_happen_to_be_equal_are_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "hash", lambda name: len(name), raising=False)
    data = read_data(table(tmp_path / "d.csv", "path", "a.wav", "b.wav", "c.wav"))
    assert survey(data).corpora == {"own": 3}
    with pytest.raises(InputError, match=r"line 3 and line 4 have the same id 'b\.wav'"):
        survey(read_data(table(tmp_path / "e.csv", "path", "a.wav", "b.wav", "b.wav")))


CODE = """
import resource, sys
from espressivo.corpora.data import read_data
from espressivo.corpora.survey import survey
survey(read_data(sys.argv[1]))  # everything is imported
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert survey(read_data(sys.argv[2])).speakers.total() == 150_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage on Windows")
def test_memory_stays_flat(tmp_path: Path) -> None:
    """Eight bytes an item, and as many to sort them; the ids themselves would take ten times that."""
    long_table(tmp_path / "few.csv", 1_000)
    long_table(tmp_path / "many.csv", 150_000)
    command = [sys.executable, "-c", CODE, str(tmp_path / "few.csv"), str(tmp_path / "many.csv")]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(out) < 6_000  # kB
