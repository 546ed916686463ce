"""Memory stays flat however much data there is, and nothing heavy is imported for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from espressivo.corpora.folder import read as read_folder
from espressivo.errors import InputError

from .making import long_table, wav

MANY = 200_000


CODE = """
import json, resource, sys
from pathlib import Path
from espressivo.corpora.data import read_data, write_data
from espressivo.corpora.recorded import Medium, Recorded
from espressivo.verbs.split import split
here, medium = Path(sys.argv[1]), Medium(30.0, 16_000, 480_000, 1)

def run(name):
    data = read_data(here / f"{name}.csv")
    seen = (Recorded(**{**vars(item), "medium": medium}) for item, _ in zip(data, range(10_000)))
    write_data(here / f"{name}.jsonl.gz", seen)
    counts = split(here / f"{name}.jsonl.gz", here / f"{name}-cuts") and split(here / f"{name}.csv", here / name)
    return {part: (count.items, len(count.speakers), count.hours) for part, count in counts.items()}

run("few")  # everything is imported
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
counts = run("many")
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, counts]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage on Windows")
def test_two_hundred_thousand_items(tmp_path: Path) -> None:
    """Read, written and split; all of them at once would take more than 150 MB."""
    long_table(tmp_path / "few.csv", 1_000)
    long_table(tmp_path / "many.csv", MANY)
    out = subprocess.run([sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=True).stdout
    growth, counts = json.loads(out)
    assert growth < 20_000  # kB
    assert {name: (items, speakers) for name, (items, speakers, _) in counts.items()} == {
        "train": (160_000, 80),
        "validation": (20_000, 10),
        "test": (20_000, 10),
    }
    assert counts["train"][2] == pytest.approx(160_000 * 2.5 / 3600)


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; import espressivo.verbs.prepare, espressivo.verbs.split, espressivo.corpora.features;"
        "print([m for m in ('torch', 'lhotse', 'ray', 'sklearn', 'matplotlib', 'mediapipe') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_any_folder(tmp_path: Path) -> None:
    for name in ("anna/one.wav", "anna/deep/two.WAV", "ben/three.flac", "four.wav", ".hidden/five.wav"):
        wav(tmp_path / name)
    (tmp_path / "anna" / "one.txt").write_text("hello\n")
    (tmp_path / "ben" / "three.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "notes.md").write_text("not a recording")
    (tmp_path / "empty.wav").touch()
    skipped: list[str] = []
    items = {item.id: item for item in read_folder(tmp_path, lambda path, why: skipped.append(path.name))}
    name = tmp_path.name
    assert {key: (item.speaker, item.text) for key, item in items.items()} == {
        "anna/one.wav": (f"own-{name}-anna", "hello"),
        "anna/deep/two.WAV": (f"own-{name}-anna", None),
        "ben/three.flac": (f"own-{name}-ben", None),
        "four.wav": (None, None),
    }
    assert sorted(skipped) == ["empty.wav", "three.txt"]
    (tmp_path / "bare").mkdir()
    with pytest.raises(InputError, match="no folder"):
        list(read_folder(tmp_path / "gone", lambda path, why: None))
    with pytest.raises(InputError, match="no recordings in"):
        list(read_folder(tmp_path / "bare", lambda path, why: None))
