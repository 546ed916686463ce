"""What is heard of a voice: blind to level and silence, the same for a window as for the whole, nothing of noise."""

import pickle

import numpy as np
import pytest

from espressivo.errors import InputError
from espressivo.media.read import from_arrays
from espressivo.systems.voice_emotion.hearing import MELODY, Heard, Hearing, VoiceFeature, pooled
from espressivo.systems.voice_emotion.inputs import Habit, relative, usual_deviation, vector
from tests.systems.voice_emotion.making import RATE

SENTENCE = "I did not expect to see you here at this time of the day."


@pytest.fixture(scope="module")
def hearing() -> Hearing:
    return Hearing()


def vectors(hearing: Hearing, *waves: np.ndarray) -> list[np.ndarray]:
    found = [hearing(wave) for wave in waves]
    assert all(found)
    return [vector(pooled(one), ("mean", "melody")) for one in found if one is not None]


@pytest.mark.weights
def test_level_and_silence_around_speech_change_nearly_nothing(hearing: Hearing, say) -> None:
    speech = say(SENTENCE)
    plain, quiet, late, other = vectors(
        hearing, speech, 0.1 * speech, np.pad(speech, (RATE, 2 * RATE)), say("What a lovely morning!")
    )
    apart = np.abs(plain - other).mean()
    assert np.abs(plain - quiet).mean() < 0.25 * apart
    assert np.abs(plain - late).mean() < 0.25 * apart


@pytest.mark.weights
def test_what_is_heard_lies_where_it_was_said(hearing: Hearing, say) -> None:
    heard = hearing(np.pad(say(SENTENCE), (RATE, RATE)))
    assert heard is not None
    assert heard.start == pytest.approx(1.0, abs=0.3)
    assert heard.layers.shape == (3, len(heard), 384)
    assert len(heard.semitones) == len(heard.speech) == len(heard)
    part = heard.window(0.5, 1.0)
    assert (len(part), part.start) == (25, heard.start + 0.5)


@pytest.mark.weights
@pytest.mark.parametrize("kind", ["silence", "noise", "click", "one sample"])
def test_what_is_not_a_voice_gives_nothing(hearing: Hearing, kind: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE)
    click = np.zeros(RATE)
    click[5000] = 1
    wave = {"silence": np.zeros(RATE), "noise": noise, "click": click, "one sample": np.ones(1)}[kind]
    assert hearing(wave.astype(np.float32)) is None


@pytest.mark.parametrize("wave", [np.zeros(0, np.float32), np.zeros((2, 100), np.float32), np.array([np.nan, 0.0])])
def test_what_cannot_be_measured_is_refused(hearing: Hearing, wave: np.ndarray) -> None:
    with pytest.raises(InputError):
        hearing(wave)


def test_a_clip_without_sound_is_refused() -> None:
    silent = from_arrays(video=(np.zeros((5, 8, 8, 3), np.uint8), 25.0), name="silent")
    with pytest.raises(InputError, match="silent has no sound"):
        VoiceFeature()(silent)


def test_a_feature_goes_to_other_processes_by_name() -> None:
    feature = VoiceFeature("hf:facebook/hubert-base-ls960", (7, 8))
    again = pickle.loads(pickle.dumps(feature))
    assert again == feature
    assert again.name == "voice-hf-facebook-hubert-base-ls960-7-8-1"


def made(frames: int = 50, voiced: bool = True) -> Heard:
    random = np.random.default_rng(0)
    tones = 20 + random.normal(size=frames) if voiced else np.full(frames, np.nan)
    layers = random.normal(size=(2, frames, 4)).astype(np.float32)
    return Heard(0.0, layers, random.normal(-30, 3, frames), tones, np.arange(frames) % 10 != 0)


def test_pauses_do_not_count() -> None:
    heard = made()
    before = pooled(heard)
    heard.layers[:, ~heard.speech] = 1e3
    assert np.array_equal(before["layers"], pooled(heard)["layers"])
    np.testing.assert_allclose(before["layers"][:, 0], heard.layers[:, heard.speech].mean(axis=1), atol=1e-3)


def test_a_whisper_has_a_melody_too() -> None:
    melody = pooled(made(voiced=False))["melody"]
    assert melody.shape == (MELODY,)
    assert np.isfinite(melody).all()


def test_a_vector_holds_what_was_asked_for() -> None:
    found = pooled(made())
    assert vector(found, ("mean",)).shape == (8,)
    assert vector(found, ("mean", "deviation", "change", "melody")).shape == (3 * 8 + MELODY,)
    np.testing.assert_array_equal(vector(found, ("deviation",)), found["layers"][:, 1].ravel().astype(np.float32))


def test_a_habit_takes_out_the_speaker() -> None:
    random = np.random.default_rng(0)
    moods = np.tile(random.normal(size=(60, 5)), (2, 1)).astype(np.float32)
    speakers = np.repeat(["one", "two"], 60)
    x = np.where((speakers == "one")[:, None], moods, 1.3 * moods + 7).astype(np.float32)
    usual = usual_deviation(x, speakers)
    away = relative(x, speakers, usual)
    assert np.abs(away[:60] - away[60:]).max() < 0.35  # the deviation stays a little on the side of the usual
    np.testing.assert_allclose(away[:60].mean(axis=0), 0, atol=1e-5)


def test_few_clips_leave_the_deviation_near_the_usual() -> None:
    usual = np.full(3, 2.0, np.float32)
    same = np.ones((3, 3), np.float32)
    assert (Habit.of(same, usual).deviation > 1.5).all()
    assert (Habit.of(np.repeat(same, 200, axis=0), usual).deviation < 0.3).all()
