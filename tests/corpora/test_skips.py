"""What is left out is gathered from wherever it is found out, and listed in a file."""

from pathlib import Path

import numpy as np
import pytest

from espressivo.clip import Clip
from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.corpora.skips import SkipList, gathering, leave_out, told
from espressivo.errors import InputError, OutputError

from .making import wav


class Level:
    name = "level-1"

    def __call__(self, clip: Clip) -> dict[str, np.ndarray]:
        assert clip.sound is not None
        if clip.name == "odd":
            raise InputError("it is odd")
        return {"rms": clip.sound.samples[:1]}


def test_it_is_gathered_while_that_lasts(tmp_path: Path) -> None:
    items = [Item(name, wav(tmp_path / f"{name}.wav", 0.1 + n)) for n, name in enumerate(("fine", "odd"))]
    items.append(Item("gone", tmp_path / "gone.wav"))
    with gathering() as outer:
        leave_out([("x", "no face")])
        with gathering() as inner:
            report = extract(items, Level(), tmp_path / "features")
    leave_out([("y", "nobody listens")])
    assert inner == report.skipped
    assert {name for name, _ in inner} == {"odd", "gone"}
    assert outer == [("x", "no face")]


def test_all_are_listed_and_the_first_told(tmp_path: Path) -> None:
    with SkipList(tmp_path / "skipped.txt", most=2) as log:
        for n in range(4):
            log.skip(f"a{n}.wav", f"'a{n}.wav' is\nempty")
        log.note("b.wav", "cut off")
        assert not list(tmp_path.iterdir())
        assert log.keep() == tmp_path / "skipped.txt"
    assert (log.skipped, log.noted, log.first) == (4, 1, ["a0.wav: is empty", "a1.wav: is empty"])
    lines = (tmp_path / "skipped.txt").read_text().splitlines()
    assert lines == [f"skipped: a{n}.wav: is empty" for n in range(4)] + ["kept: b.wav: cut off"]


def test_nothing_left_out_leaves_no_list_not_even_an_old_one(tmp_path: Path) -> None:
    (tmp_path / "skipped.txt").write_text("of another time")
    with SkipList(tmp_path / "skipped.txt") as log:
        assert log.keep() is None
    assert not list(tmp_path.iterdir())
    with SkipList(tmp_path / "no" / "skipped.txt") as log:
        assert log.keep() is None
        log.skip("a", "b")
        with pytest.raises(OutputError, match="does not exist"):
            log.keep()


@pytest.mark.parametrize(
    ("name", "why", "line"),
    [
        ("rec/a.wav", "hardly anybody speaks in rec/a.wav", "rec/a.wav: hardly anybody speaks"),
        ("rec/a.wav", "rec/a.wav has no sound", "rec/a.wav: has no sound"),
        ("x", "'my splits/../rec/x.wav' is empty", "x: 'rec/x.wav' is empty"),
        ("splits/../rec/x.wav", "'splits/../rec/x.wav' is empty", "rec/x.wav: is empty"),
        ("a", "a face is seen in a mirror", "a: a face is seen in a mirror"),
    ],
)
def test_a_line_names_it_once_and_by_the_shortest_way(name: str, why: str, line: str) -> None:
    assert told(name, why) == line
