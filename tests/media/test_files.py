"""What is written is whole or not there."""

from __future__ import annotations

import errno
import os
import resource
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from espressivo.errors import InputError, OutputError
from espressivo.media.encode import write_sound, write_video
from espressivo.media.files import check_folder, writing, writing_folder

Write = Callable[[Path], None]


def refused(write: Write, path: Path) -> str:
    """The one line with which `write` refuses `path`, after which nothing new lies about."""
    before = sorted(path.parent.rglob("*")) if path.parent.is_dir() else []
    with pytest.raises(OutputError) as caught:
        write(path)
    assert before == (sorted(path.parent.rglob("*")) if path.parent.is_dir() else [])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def words(path: Path) -> None:
    with writing(path) as part:
        part.write_text("words")


def sound(path: Path) -> None:
    write_sound(path, np.random.default_rng(0).uniform(-1, 1, 400_000), 16_000)


def video(path: Path) -> None:
    frames = (np.random.default_rng(n).integers(0, 255, (96, 128, 3), np.uint8) for n in range(25))
    write_video(path, frames, 25)


@contextmanager
def little_room() -> Iterator[None]:
    """No file may grow beyond 32 kB: a full disk, without having to fill one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (32_768, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_appears_when_all_of_it_is_there(tmp_path: Path) -> None:
    target = tmp_path / "Ergebnis für 你.tar.wav"
    with writing(target) as part:
        assert part.parent == tmp_path
        assert part.suffix == ".wav"
        part.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [target]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~umask


def test_what_was_there_stays_until_then_and_after_a_failure(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail(error: BaseException) -> None:
        with writing(target) as part:
            part.write_text("ne")
            assert target.read_text() == "old"
            raise error

    for error in (RuntimeError("bug"), KeyboardInterrupt(), InputError("bad"), ConnectionError("gone")):
        with pytest.raises(type(error)):
            fail(error)
        assert target.read_text() == "old"
        assert list(tmp_path.iterdir()) == [target]
    words(target)
    assert target.read_text() == "words"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real" / "file.txt")
    words(link)
    assert link.is_symlink()
    assert (tmp_path / "real" / "file.txt").read_text() == "words"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "does not exist; make it" in refused(words, tmp_path / "no" / "a.txt")
    assert "it is a folder" in refused(words, tmp_path)
    assert "is not a folder" in refused(words, tmp_path / "file" / "a.txt")
    assert "too long" in refused(words, tmp_path / ("x" * 300))
    with pytest.raises(OutputError, match="nothing was written"), writing(tmp_path / "empty.wav"):
        pass
    if Path("/dev/null").exists():
        with pytest.raises(OutputError, match="device"):
            words(Path("/dev/null"))


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root:  # whom no permission stops
        os.seteuid(65534)
    try:
        with pytest.raises(OutputError, match="permission denied"):
            words(tmp_path / "a.txt")
    finally:
        if root:
            os.seteuid(0)
        tmp_path.chmod(0o700)


def test_an_error_about_another_file_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), writing(tmp_path / "a.txt"):
        (tmp_path / "elsewhere").read_text()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "m4a", "ogg"])
def test_no_room_for_a_sound(tmp_path: Path, suffix: str) -> None:
    with little_room():
        assert "cannot write" in refused(sound, tmp_path / f"a.{suffix}")


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_no_room_for_a_video(tmp_path: Path, suffix: str) -> None:
    with little_room():
        assert "too large" in refused(video, tmp_path / f"a.{suffix}")


def test_a_disk_that_says_only_at_the_end_that_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert "no space left on device" in refused(words, tmp_path / "a.txt")
    assert "no space left on device" in refused(sound, tmp_path / "a.wav")


# Folders


def test_files_of_a_folder_appear_together(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with writing_folder(target) as part:
        (part / "a.txt").write_text("a")
        (part / "b.txt").write_text("b")
        assert not target.exists()
    assert {path.name for path in target.iterdir()} == {"a.txt", "b.txt"}
    with writing_folder(target) as part:
        (part / "b.txt").write_text("new")
        (part / "c.txt").write_text("c")
        assert (target / "b.txt").read_text() == "b"
    assert {path.name: path.read_text() for path in target.iterdir()} == {"a.txt": "a", "b.txt": "new", "c.txt": "c"}
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_stays_as_it_was_after_a_failure(tmp_path: Path) -> None:
    target = tmp_path / "out"

    def fail() -> None:
        with writing_folder(target) as part:
            (part / "a.txt").write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not list(tmp_path.iterdir())
    target.mkdir()
    (target / "a.txt").write_text("old")
    with pytest.raises(RuntimeError):
        fail()
    assert [path.read_text() for path in target.iterdir()] == ["old"]


def test_where_no_folder_can_be_written(tmp_path: Path) -> None:
    def files(path: Path) -> None:
        with writing_folder(path) as part:
            (part / "a.txt").write_text("a")

    (tmp_path / "file").touch()
    (tmp_path / "out" / "a.txt").mkdir(parents=True)
    assert "a file of that name" in refused(files, tmp_path / "file")
    assert "does not exist" in refused(files, tmp_path / "no" / "out")
    assert "a folder of that name" in refused(files, tmp_path / "out")


def test_a_folder_is_tried_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "there").mkdir()
    for good in (tmp_path / "new", tmp_path / "there", tmp_path):
        check_folder(good)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "there"}
    assert "give the name of a folder" in refused(check_folder, tmp_path / "file")
    assert "does not exist; make it" in refused(check_folder, tmp_path / "no" / "out")
    assert "is not a folder" in refused(check_folder, tmp_path / "file" / "out")
    assert "too long" in refused(check_folder, tmp_path / ("x" * 300))
    for bad in ("", None, 5, "a\0b", b"out"):
        with pytest.raises(OutputError, match="give the name of a folder"):
            check_folder(bad)  # type: ignore[arg-type]
    if Path("/dev/null").exists():
        with pytest.raises(OutputError, match="device"):
            check_folder("/dev/null")


@pytest.mark.parametrize("name", ["there", "new"])
def test_a_folder_is_tried_where_nothing_may_be_written(name: str) -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own folder is closed to everyone else
        (Path(place) / "there").mkdir(mode=0o555)
        Path(place).chmod(0o555)
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        if root:  # whom no permission stops
            os.seteuid(65534)
        try:
            with pytest.raises(OutputError, match=f"{name}': permission denied"):
                check_folder(Path(place) / name)
        finally:
            if root:
                os.seteuid(0)
            Path(place).chmod(0o755)


@pytest.mark.parametrize("name", ["out", "it's \n ключ"])
def test_no_room_in_a_folder_names_the_folder_not_its_hidden_twin(tmp_path: Path, name: str) -> None:
    def files(path: Path) -> None:
        with writing_folder(path) as part:
            sound(part / "a.wav")

    target = tmp_path / name
    with little_room():
        assert repr(str(target / "a.wav")) in refused(files, target)


def test_a_file_needs_a_name() -> None:
    with pytest.raises(OutputError, match="give the name of a file"):
        words("")  # type: ignore[arg-type]
