"""`espressivo convert` as a user meets it: a file or a folder in, marked files out, one line for what goes wrong."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espressivo.clip import Sound
from espressivo.media.encode import _SOUND_CODECS
from espressivo.media.speech import Speech
from espressivo.systems.prosody2vec.pipeline import Prosody
from espressivo.verbs.places import SUFFIXES
from tests.synthetic import write_clip
from tests.verbs.tiny_prosody import Say, tiny_prosody

from .conftest import Ended, Run

RATE = 16_000
SAID = "My dog is ill."
pytestmark = pytest.mark.weights
Convert = Callable[..., Ended]
MADE = "espressivo: made with prosody2vec-debug (licence: as the recordings say)\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, say: Say, asset: Callable[[str], Path]) -> Path:
    return tiny_prosody(tmp_path_factory.mktemp("prosody"), say, asset)


@pytest.fixture
def convert(run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Convert:
    """`convert("talk.wav", "-o", "happy.wav")` with the tiny model, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object, wish: tuple[str, ...] = ("--emotion", "happy")) -> Ended:
        return run("convert", *arguments, *wish, "--checkpoint", model)

    return call


@pytest.fixture
def talk(say: Say, tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "talk.wav", say(SAID), RATE)
    return Path("talk.wav")


def files(folder: Path | str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def test_a_recording(convert: Convert, run: Run, talk: Path, tmp_path: Path) -> None:
    ended = convert(talk, "-o", "happy.wav")
    assert (ended.code, ended.err) == (0, MADE)
    assert ended.out.startswith("wrote:    happy.wav (")
    assert files(tmp_path) == ["happy.wav", "talk.wav"]
    assert "marked as synthetic by espressivo (metadata and watermark)" in run("detect", "happy.wav").out


def test_a_reference_and_a_name_of_any_letters(convert: Convert, talk: Path) -> None:
    name = Path("Мой голос 声 [b].wav")
    talk.rename(name)
    ended = convert(name, "-o", "да.flac", wish=("--reference", str(name), "--intensity", "0.5"))
    assert ended.code == 0, ended
    assert soundfile.info("да.flac").duration > 0.5


def test_a_file_that_is_cut_off_is_converted_up_to_there(convert: Convert, talk: Path, say: Say) -> None:
    whole = talk.read_bytes()
    talk.write_bytes(whole[: len(whole) * 4 // 5])
    ended = convert(talk, "-o", "happy.wav")
    assert ended.code == 0, ended
    assert "is cut off" in ended.err
    assert 0.5 < soundfile.info("happy.wav").duration < 1.8 * 0.8 * len(say(SAID)) / RATE


def write(path: str, samples: np.ndarray) -> None:
    soundfile.write(path, samples, RATE)


BAD: dict[str, tuple[Callable[[str], object], str]] = {
    "missing.wav": (lambda path: None, "no such file"),
    "empty.wav": (lambda path: Path(path).write_bytes(b""), "empty"),
    "notes.wav": (lambda path: Path(path).write_text("this is no sound"), "not sound or video"),
    "silence.wav": (lambda path: write(path, np.zeros(3 * RATE, np.float32)), "no speech was heard in silence.wav"),
    "noise.wav": (
        lambda path: write(path, np.random.default_rng(0).normal(0, 0.1, 3 * RATE)),
        "no speech was heard in noise.wav",
    ),
    "blink.wav": (lambda path: write(path, np.ones(RATE // 5)), "blink.wav holds 0.20 s of sound"),
    "silent.mp4": (lambda path: write_clip(path, 0.5, face=False, speech=False, size=32), "silent.mp4 has no sound"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(name: str, convert: Convert, talk: Path, tmp_path: Path) -> None:
    make, says = BAD[name]
    make(name)
    before = files(tmp_path)
    assert says in convert(name, "-o", "out.wav").complaint
    assert says in convert(talk, "-o", "out.wav", wish=("--reference", name)).complaint
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ((), "give either an emotion or a reference recording"),
        (("--emotion", "happy", "--reference", "talk.wav"), "give either an emotion or a reference recording"),
        (("--emotion", "sad"), "cannot make it sound 'sad': choose one of neutral, happy"),
        (("--emotion", "hungry"), "cannot make it sound 'hungry': choose one of neutral, happy"),
        (("--emotion", "happy", "--intensity", "1.2"), "got an intensity of 1.2"),
        (("--emotion", "happy", "--intensity", "much"), "--intensity"),
    ],
)
def test_wishes_that_cannot_be_met(wish: tuple[str, ...], says: str, convert: Convert, talk: Path) -> None:
    assert says in convert(talk, "-o", "out.wav", wish=wish).complaint
    assert not Path("out.wav").exists()


def test_another_models_folder_is_no_checkpoint(run: Run, talk: Path, tmp_path: Path) -> None:
    where = ("-o", tmp_path / "out.wav", "--emotion", "happy", "--checkpoint")
    assert "config.json" in run("convert", tmp_path / talk, *where, tmp_path).complaint
    assert "unknown licence" in run("convert", tmp_path / talk, *where[:-1], "--licence", "free").complaint


def test_places_that_cannot_be_written(convert: Convert, talk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loads(*given: object, **options: object) -> Prosody:
        raise AssertionError("the place is checked before anything loads")

    monkeypatch.setattr(Prosody, "from_pretrained", loads)
    before = talk.read_bytes()
    Path("link.wav").symlink_to(talk)
    for place, says in {
        talk: "would overwrite 'talk.wav' itself",
        "link.wav": "would overwrite 'talk.wav' itself",
        "here": "it is a folder; give the name of a file",
        "no/out.wav": "there is no folder",
        "out.txt": "give a name that ends in .wav, .flac",
        "talk.wav/out.wav": "there is no folder",
        "/proc/out.wav": "/proc",
    }.items():
        Path("here").mkdir(exist_ok=True)
        assert says in convert(talk, "-o", place).complaint
    assert talk.read_bytes() == before
    assert "would overwrite" in convert("other.wav", "-o", talk, wish=("--reference", str(talk))).complaint
    for place, says in {
        "here": "would lie among the recordings",
        "out.wav": "give a folder to write to",
        "talk.wav": "give a folder to write to",
        "no/out": "does not exist; make it",
        "/proc": "cannot write",
    }.items():
        assert says in convert("here", "-o", place).complaint
    assert set(SUFFIXES) == set(_SOUND_CODECS)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(convert: Convert, talk: Path) -> None:
    locked = Path("locked")
    locked.mkdir(mode=0o500)
    Path("in").mkdir()
    talk.rename("in/talk.wav")
    assert "permission denied" in convert("in/talk.wav", "-o", "locked/out.wav").complaint
    assert "permission denied" in convert("in", "-o", "locked").complaint


@pytest.fixture
def folder(convert: Convert, talk: Path, say: Say) -> Path:
    """Two recordings, one of them further down, a film without sound, and a file that is none."""
    place = Path("in")
    (place / "anna").mkdir(parents=True)
    soundfile.write(place / "anna" / "b.flac", say("We won."), RATE)
    talk.rename(place / "a.b.wav")
    (place / "broken.wav").write_bytes(b"RIFF nothing")
    write_clip(place / "silent.mp4", 0.5, face=False, speech=False, size=32)
    (place / "notes.txt").write_text("not mine")
    return place


def test_a_folder_of_recordings(convert: Convert, folder: Path) -> None:
    ended = convert(folder, "-o", "out")
    assert ended.code == 0, ended
    assert ended.out == "converted 2 of 4 into out\n"
    broken, silent, made = ended.err.splitlines()
    assert made == MADE.strip()
    assert broken.startswith("espressivo: in/broken.wav: ")
    assert silent == "espressivo: in/silent.mp4: has no sound to convert"
    assert files("out") == ["a.b.wav", "anna/b.wav", "converted.json"]


def test_what_is_there_already_is_left_as_it_is(convert: Convert, folder: Path) -> None:
    (folder / "out").mkdir()  # the results of a run are no recordings to the next
    (folder / "out" / "a.b.wav").write_bytes(b"mine")
    for done in ("converted 1 of 4 into in/out; 1 there", "converted 0 of 4 into in/out; 2 there"):
        ended = convert(folder, "-o", folder / "out")
        assert ended.code == 0, ended
        assert ended.out == f"{done} already, left as they are\n"
    assert (folder / "out" / "a.b.wav").read_bytes() == b"mine"


def test_a_folder_that_was_begun_with_another_wish(convert: Convert, folder: Path) -> None:
    convert(folder, "-o", "out")
    before = {name: (Path("out") / name).read_bytes() for name in files("out")}
    ended = convert(folder, "-o", "out", wish=("--emotion", "neutral"))
    assert '\'out\' was begun with {"emotion": "happy"' in ended.complaint
    assert {name: (Path("out") / name).read_bytes() for name in files("out")} == before


def test_of_two_files_of_one_name_one_is_named_and_left_out(convert: Convert, folder: Path, talk: Path) -> None:
    (folder / "a.b.mp3").write_bytes((folder / "a.b.wav").read_bytes())
    ended = convert(folder, "-o", "out")
    assert ended.code == 0
    assert "would become the same file: give it another name" in ended.err
    assert ended.out == "converted 2 of 5 into out\n"


def test_after_ctrl_c_a_second_run_goes_on(convert: Convert, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sound] = []

    def stopped(self: Prosody, sound: Sound, *wish: object) -> Speech:
        asked.append(sound)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return Speech(sound.at(22_050).samples, 22_050)

    monkeypatch.setattr(Prosody, "give", stopped)
    assert convert(folder, "-o", "out").code == 130
    assert files("out") == ["a.b.wav", "converted.json"]
    assert convert(folder, "-o", "out").out.startswith("converted 1 of 4 into out; 1 there already")
    assert len(asked) == 3


def test_a_folder_without_anything_to_convert(convert: Convert, folder: Path) -> None:
    for good in ("a.b.wav", "anna/b.flac"):
        (folder / good).unlink()
    ended = convert(folder, "-o", "out")
    assert ended.code == 2
    assert ended.err.splitlines()[-1] == "espressivo: none of 2 could be converted; what is wrong with each is above"
    assert not Path("out").exists()
    assert "no recordings in 'in/anna'" in convert("in/anna", "-o", "out").complaint


def test_a_place_that_cannot_be_made_ends_it(convert: Convert, folder: Path) -> None:
    Path("out").mkdir()
    (Path("out") / "anna").write_text("a file is in the way")
    assert "cannot make the folder 'out/anna'" in convert(folder, "-o", "out").complaint
