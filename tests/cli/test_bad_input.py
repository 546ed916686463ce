"""Whatever is thrown at `converse`: one clear line, exit code 2, and nothing left behind."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espressivo.media.encode import write_video

from .conftest import Run

RATE = 16_000


def text_file(path: Path) -> None:
    path.write_text("this is not a film")


def cut_film(path: Path) -> None:
    film(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def film(path: Path, frames: int = 30, sound: np.ndarray | None = None) -> None:
    rng = np.random.default_rng(0)
    pictures = (rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(frames))
    write_video(path, pictures, 25.0, sound=sound, rate=RATE if sound is not None else None)


def sound(path: Path, samples: np.ndarray) -> None:
    soundfile.write(path, samples, RATE)


def noise(seconds: float = 3.0) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)


def hour(path: Path) -> None:
    with soundfile.SoundFile(path, "w", 8_000, 1, subtype="ULAW", format="WAV") as file:
        for _ in range(60):
            file.write(np.zeros(60 * 8_000, np.float32))


BAD = {
    "missing.mp4": (lambda path: None, "no such file"),
    "folder.mp4": (lambda path: path.mkdir(), "folder"),
    "empty.wav": (lambda path: path.write_bytes(b""), "empty"),
    "notes.mp4": (text_file, "not"),
    "cut.mp4": (cut_film, "cut"),
    "header.wav": (lambda path: sound(path, np.zeros(0, np.float32)), "header.wav"),
    "silent film.mp4": (lambda path: film(path), "no sound"),
    "one frame.mp4": (lambda path: film(path, frames=1), "no sound"),
    "silence.wav": (lambda path: sound(path, np.zeros(3 * RATE, np.float32)), "no speech was heard"),
    "noise.wav": (lambda path: sound(path, noise()), "no speech was heard"),
    "click.wav": (lambda path: sound(path, noise(0.02)), "no speech was heard"),
    "tone.wav": (lambda path: sound(path, np.sin(np.arange(3 * RATE) / 8).astype(np.float32) / 2), "no speech"),
    "noisy film.mp4": (lambda path: film(path, sound=noise(1.2)), "no speech was heard"),
    "hour.wav": (hour, "lasts 60 minutes, one turn at most 60 s: choose a part with --start and --end"),
    "Привет, мир 日本.wav": (lambda path: sound(path, np.zeros(RATE, np.float32)), "Привет, мир 日本.wav"),
}


@pytest.mark.weights
@pytest.mark.parametrize("name", BAD)
def test_one_line_and_nothing_left(name: str, run: Run, tmp_path: Path) -> None:
    make, says = BAD[name]
    make(tmp_path / name)
    ended = run("converse", tmp_path / name, "-o", tmp_path / "reply")
    *warned, refused = ended.err.strip().splitlines()
    assert (ended.code, says in refused) == (2, True), ended
    assert [line for line in warned if "is cut off: 0.60 s of 1.20 s are there" not in line] == []
    assert bool(warned) == (name == "cut.mp4")
    assert not (tmp_path / "reply").exists()


@pytest.mark.weights
def test_recognize_names_the_bad_file_and_goes_on(run: Run, tmp_path: Path) -> None:
    for name in ("one.wav", "two.wav"):
        sound(tmp_path / name, np.zeros(RATE, np.float32))
    ended = run("recognize", tmp_path / "one.wav", tmp_path / "two.wav")
    assert ended.code == 2
    lines = ended.err.strip().splitlines()
    assert ["one.wav" in lines[0], "two.wav" in lines[1]] == [True, True]
    assert lines[2] == "espressivo: 2 of 2 files could not be used; the others are above"


@pytest.mark.weights
def test_a_picture_without_a_face_is_no_guess(run: Run, tmp_path: Path) -> None:
    film(tmp_path / "wall.mp4")
    assert "no face was found in wall.mp4" in run("recognize", tmp_path / "wall.mp4", "--by", "face").complaint


@pytest.fixture
def talk(tmp_path: Path, say: Callable[[str], np.ndarray]) -> Path:
    path = tmp_path / "talk.wav"
    sound(path, say("My dog is ill, and I am worried about him."))
    return path


@pytest.mark.weights
@pytest.mark.parametrize("place", ["no/such/folder", "talk.wav"])
def test_a_place_that_cannot_be_written(place: str, run: Run, talk: Path, tmp_path: Path) -> None:
    assert "cannot write" in run("converse", talk, "-o", tmp_path / place).complaint


@pytest.mark.weights
@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes on Windows")
def test_a_full_disk(run: Run, talk: Path, tmp_path: Path) -> None:
    """As near as a test gets without a disk of its own: no file may grow beyond 64 kB."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, before[1]))
    try:
        ended = run("converse", talk, "-o", tmp_path / "reply")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "file too large" in ended.complaint
    assert not (tmp_path / "reply").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["talk.wav"]


def test_no_network_and_no_weights(run: Run, talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("ESPRESSIVO_OFFLINE", "1")
    complaint = run("converse", talk, "-o", tmp_path / "reply").complaint
    assert "no good copy of" in complaint
    assert "ESPRESSIVO_ASSETS" in complaint


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("converse", "x.mp4", "-o", "y", "--chat", "oracle"), "unknown chat model 'oracle'"),
        (("converse", "x.mp4", "-o", "y", "--voice", "darth"), "unknown voice 'darth'"),
        (("converse", "x.mp4", "-o", "y", "--licence", "wtf"), "unknown licence 'wtf'"),
        (("converse", "x.mp4", "-o", "y", "--portrait", "z.png"), "not built yet"),
        (("transcribe", "x.mp3", "--model", "nowhere"), "no recogniser at 'nowhere'"),
        (("assets", "fetch", "gpt"), "gpt"),
        (("assets", "fetch", "--for", "fun"), "nothing is known of 'fun'"),
        (("assets", "list", "--licence", "mit"), "unknown licence filter 'mit'"),
        (("detect", "nothing.wav"), "no such file"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(arguments: tuple[str, ...], says: str, run: Run) -> None:
    assert says in run(*arguments).complaint
