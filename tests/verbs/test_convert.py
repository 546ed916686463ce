"""`convert`: another feeling for speech of any length, and one line for whatever cannot be converted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import espressivo
from espressivo.clip import Sound
from espressivo.errors import ConfigError, InputError
from espressivo.media.provenance import detect
from espressivo.media.speech import Speech
from espressivo.systems.prosody2vec.pipeline import Prosody
from espressivo.verbs.convert import convert, reference_clip
from tests.synthetic import tone, write_clip
from tests.verbs.tiny_prosody import Say, tiny_prosody

RATE, OUT = 16_000, 22_050
SAID = "My dog is ill, and I am worried about him."
pytestmark = pytest.mark.weights


class AsItWas(Prosody):
    """Gives every sound back, and remembers what it was asked."""

    emotions = ("happy", "sad")  # type: ignore[assignment]

    def __init__(self) -> None:
        self.asked: list[tuple[Sound, Any, float]] = []
        self.wished: list[dict[str, Any]] = []

    def wish(self, **wish: Any) -> Any:
        self.wished.append(wish)
        return wish

    def give(self, sound: Sound, wish: Any, intensity: float = 1.0) -> Speech:
        self.asked.append((sound, wish, intensity))
        return Speech(sound.at(OUT).samples, OUT)


@pytest.fixture(scope="module")
def prosody(tmp_path_factory: pytest.TempPathFactory, say: Say, asset: Callable[[str], Path]) -> Prosody:
    return Prosody.from_pretrained(folder=tiny_prosody(tmp_path_factory.mktemp("prosody"), say, asset))


def gap(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).clip(-1, 1).astype(np.float32)


def test_with_an_emotion(prosody: Prosody, say: Say, tmp_path: Path) -> None:
    spoken = say(SAID)
    made = espressivo.convert((spoken, RATE), emotion="Happiness", pipeline=prosody)
    assert made.rate == OUT
    assert 0.6 * len(spoken) / RATE < made.duration < 1.8 * len(spoken) / RATE
    assert made.mark
    made.save(tmp_path / "happy.wav")
    assert detect(tmp_path / "happy.wav").synthetic


def test_with_an_intensity_of_nothing_it_is_the_recording(prosody: Prosody, say: Say) -> None:
    spoken = say(SAID)
    made = convert((spoken, RATE), emotion="happy", intensity=0.0, pipeline=prosody)
    whole = espressivo.read((spoken, RATE)).sound.at(OUT).samples
    assert len(whole) - 600 < len(made.samples) <= len(whole) + 600
    count = min(len(whole), len(made.samples)) - 1200  # the very end may last a frame longer
    np.testing.assert_allclose(made.samples[:count], whole[:count], atol=1e-3)


def test_with_a_reference(prosody: Prosody, say: Say) -> None:
    made = convert((say(SAID), RATE), reference=(say("What a day!"), RATE), intensity=0.5, pipeline=prosody)
    assert made.duration > 1


def test_a_film_gives_its_sound(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mp4", 2.0, face=False, size=32)
    system = AsItWas()
    made = convert(film, emotion="sad", pipeline=system)
    assert made.duration == pytest.approx(2.0, abs=0.1)
    assert system.asked[0][1:] == ({"emotion": "sad", "reference": None}, 1.0)


def test_long_speech_is_converted_piece_by_piece(say: Say) -> None:
    spoken = say(SAID)
    parts = [gap(4)] + [np.concatenate([spoken, gap(0.2 + 0.4 * (n % 3))]) for n in range(16)] + [gap(5), spoken]
    whole = np.concatenate(parts)
    assert len(whole) > 45 * RATE
    system, stages = AsItWas(), list[str]()
    made = convert((whole, RATE), emotion="happy", pipeline=system, progress=stages.append)
    lengths = [sound.duration for sound, *_ in system.asked]
    assert len(lengths) > 3
    assert 1 < min(lengths) <= max(lengths) <= 20
    assert system.asked[0][0].start > 3  # the first silence is none of its business
    # What comes back unchanged, joined, is the recording itself.
    np.testing.assert_allclose(made.samples, espressivo.read((whole, RATE)).sound.at(OUT).samples, atol=1e-6)
    count = len(lengths)
    assert stages == ["looking for speech", *(f"converting piece {n} of {count}" for n in range(1, count + 1))]


@pytest.mark.parametrize("wish", [{"emotion": "sad"}, {"reference": "What a day!"}], ids=["emotion", "reference"])
def test_what_is_wished_is_worked_out_once_for_all_pieces(say: Say, wish: dict[str, str]) -> None:
    whole = np.concatenate([np.concatenate([say(SAID), gap(0.5)]) for _ in range(9)])
    given = {name: value if name == "emotion" else (say(value), RATE) for name, value in wish.items()}
    system = AsItWas()
    convert((whole, RATE), intensity=0.5, pipeline=system, **given)
    assert len(system.wished) == 1
    assert len(system.asked) > 1
    assert all(asked is system.wished[0] and intensity == 0.5 for _, asked, intensity in system.asked)


def test_a_long_reference_is_heard_in_part(say: Say) -> None:
    spoken = say(SAID)
    long = np.concatenate([gap(30), spoken, gap(3), spoken, gap(0.5), spoken, gap(30)])
    system = AsItWas()
    convert((spoken, RATE), reference=(long, RATE), pipeline=system)
    heard = system.asked[0][1]["reference"]
    assert 2 * len(spoken) / RATE < heard.duration <= 20
    assert heard.start > 30 + len(spoken) / RATE
    assert reference_clip((spoken, RATE)).sound.duration == len(spoken) / RATE


NOTHING: dict[str, tuple[np.ndarray, str]] = {
    "silence": (gap(3), "no speech was heard in array"),
    "noise": (noise(3), "no speech was heard in array"),
    "tone": (tone(3), "no speech was heard in array"),
    "blink": (noise(0.2), "array holds 0.20 s of sound: give at least 0.5 s"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_holds_no_speech_is_refused(name: str, say: Say) -> None:
    samples, says = NOTHING[name]
    system = AsItWas()
    with pytest.raises(InputError, match=says):
        convert((samples, RATE), emotion="happy", pipeline=system)
    with pytest.raises(InputError, match=says):
        convert((say(SAID), RATE), reference=(samples, RATE), pipeline=system)
    assert system.asked == []


def test_files_that_cannot_be_used(say: Say, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "talk.wav", say(SAID), RATE)
    silent = write_clip(tmp_path / "silent.mp4", 0.5, face=False, speech=False, size=32)
    for bad, says in ((tmp_path / "none.wav", "no such file"), (silent, "silent.mp4 has no sound")):
        with pytest.raises(InputError, match=says):
            convert(bad, emotion="happy", pipeline=AsItWas())
        with pytest.raises(InputError, match=says):
            convert(tmp_path / "talk.wav", reference=bad, pipeline=AsItWas())


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({}, "either an emotion or a reference"),
        ({"emotion": "sad", "reference": "talk.wav"}, "either an emotion or a reference"),
        ({"emotion": "sad", "intensity": 1.5}, "got an intensity of 1.5"),
        ({"emotion": "sad", "intensity": float("nan")}, "got an intensity of nan"),
        ({"emotion": "sad", "intensity": "much"}, "got an intensity of 'much'"),
        ({"emotion": "calm"}, "cannot make it sound 'calm': choose one of happy, sad"),
        ({"emotion": "hungry"}, "cannot make it sound 'hungry': choose one of happy, sad"),
    ],
)
def test_wishes_that_cannot_be_met(wish: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        convert((noise(1), RATE), pipeline=AsItWas(), **wish)


def test_a_model_without_emotions_says_so() -> None:
    system = AsItWas()
    system.emotions = ()
    with pytest.raises(ConfigError, match="has learnt no emotions, so not 'sad' either"):
        convert((noise(1), RATE), emotion="sad", pipeline=system)


def test_an_unknown_licence() -> None:
    with pytest.raises(ConfigError, match="unknown licence 'free'"):
        convert((noise(1), RATE), emotion="sad", licence="free")
