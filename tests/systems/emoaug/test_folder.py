"""Work in a folder goes on where it was stopped, and is nobody else's."""

import json
from pathlib import Path
from typing import Any

import pytest

from espressivo.errors import ConfigError, OutputError
from espressivo.systems.emoaug.folder import PROVENANCE, check, working
from espressivo.systems.emoaug.maker import Row

SETTINGS: dict[str, Any] = {"seed": 0, "data": {"name": "d.csv", "sha256": "0123456789"}}


def made(place: Path, tag: str) -> Row:
    (place / "clips").mkdir(parents=True, exist_ok=True)
    (place / "clips" / f"{tag}.flac").write_bytes(b"sound")
    return {"tag": tag, "emotion": tag.partition("-")[0], "made": True, "clip": f"clips/{tag}.flac"}


def refused(tag: str, **more: Any) -> Row:
    return {"tag": tag, "emotion": tag.partition("-")[0], "made": False, "why": "another voice", **more}


def begun(place: Path) -> None:
    """Two clips, one of them at the second attempt, and one that is given up."""
    with working(place, SETTINGS) as work:
        work.add("sad-0", [refused("sad-0"), made(place, "sad-0")])
        work.add("sad-1", [refused("sad-1"), refused("sad-1", given_up=True)])
        work.add("angry-0", [made(place, "angry-0")])


def test_what_is_there_is_known_again(tmp_path: Path) -> None:
    begun(tmp_path / "more")
    with working(tmp_path / "more", SETTINGS) as work:
        assert set(work.rows) == {"sad-0", "sad-1", "angry-0"}
        assert "sad-1" in work
        assert [row["tag"] for row in work.made()] == ["sad-0", "angry-0"]
        assert len(work.refused()) == 3
        assert work.missing() == {"sad": 1}


def test_a_kill_in_the_middle_of_a_line(tmp_path: Path) -> None:
    place = tmp_path / "more"
    begun(place)
    lines = (place / PROVENANCE).read_text().splitlines(keepends=True)
    (place / PROVENANCE).write_text("".join(lines[:-1]) + lines[-1][:20])
    (place / "clips" / ".half.flac").write_bytes(b"so")
    with working(place, SETTINGS) as work:
        assert set(work.rows) == {"sad-0", "sad-1"}
        work.add("angry-0", [made(place, "angry-0")])
    assert [json.loads(line)["tag"] for line in (place / PROVENANCE).read_text().splitlines()] == [
        *("sad-0", "sad-0", "sad-1", "sad-1", "angry-0")
    ]
    assert not list((place / "clips").glob(".*"))


def test_a_clip_that_is_gone_is_made_again(tmp_path: Path) -> None:
    begun(tmp_path / "more")
    (tmp_path / "more" / "clips" / "sad-0.flac").unlink()
    with working(tmp_path / "more", SETTINGS) as work:
        assert set(work.rows) == {"sad-1", "angry-0"}


def test_an_attempt_that_was_not_the_last(tmp_path: Path) -> None:
    with working(tmp_path / "more", SETTINGS) as work:
        work.add("sad-0", [refused("sad-0")])
    with working(tmp_path / "more", SETTINGS) as work:
        assert "sad-0" not in work


def test_lines_in_order_and_no_others(tmp_path: Path) -> None:
    place = tmp_path / "more"
    begun(place)
    with working(place, SETTINGS) as work:
        work.tidy(["angry-0", "sad-1"])
    assert [json.loads(line)["tag"] for line in (place / PROVENANCE).read_text().splitlines()] == [
        *("angry-0", "sad-1", "sad-1")
    ]
    assert sorted(path.name for path in (place / "clips").iterdir()) == ["angry-0.flac"]


def test_other_settings(tmp_path: Path) -> None:
    begun(tmp_path / "more")
    other = {"seed": 1, "data": {"name": "d.csv", "sha256": "abcdefghij"}}
    with pytest.raises(ConfigError, match=r"begun with another seed \(0 there, 1 now\), data \(01234567 there, abc"):
        check(tmp_path / "more", other)


def test_something_else_is_there(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(OutputError, match="holds something else already"):
        check(tmp_path, SETTINGS)
    with pytest.raises(OutputError, match="does not exist; make it"):
        check(tmp_path / "no" / "where", SETTINGS)
    with pytest.raises(OutputError, match="a file of that name is in the way"):
        check(tmp_path / "diary.txt", SETTINGS)


def test_damaged_settings(tmp_path: Path) -> None:
    begun(tmp_path / "more")
    (tmp_path / "more" / "augment.json").write_text("{")
    with pytest.raises(OutputError, match="is damaged"):
        check(tmp_path / "more", SETTINGS)


def test_two_at_once(tmp_path: Path) -> None:
    with working(tmp_path / "more", SETTINGS), pytest.raises(OutputError, match="another 'espressivo augment'"):  # noqa: SIM117
        with working(tmp_path / "more", SETTINGS):
            pass
