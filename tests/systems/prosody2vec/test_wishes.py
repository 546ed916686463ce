"""`convert` in the pipeline: which prosody and melody are asked for, what becomes of the waveform, what is refused."""

import numpy as np
import pytest
import torch

from espressivo.clip import Sound
from espressivo.errors import ConfigError
from espressivo.media.provenance import detect
from espressivo.media.read import from_arrays
from espressivo.media.speech import Speech
from espressivo.systems.prosody2vec.conversion import Change, Converter, Manner
from espressivo.systems.prosody2vec.encoder import BANDS
from espressivo.systems.prosody2vec.examples import carried
from espressivo.systems.prosody2vec.parts import MEL, PAIR, RATE, Parts
from espressivo.systems.prosody2vec.pipeline import KNEE, Prosody, changed
from espressivo.training.checkpoint import save_model
from tests.systems.prosody2vec.making import Taking, lively, parts_of
from tests.systems.prosody2vec.standing import saved, sound, standing_in


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Prosody:
    return standing_in(saved(tmp_path_factory.mktemp("model")))


@pytest.fixture
def taken(made: Prosody, monkeypatch: pytest.MonkeyPatch) -> list[Sound]:
    """What was taken apart."""
    given: list[Sound] = []
    real = Taking.__call__

    def noted(self: Taking, one: Sound) -> Parts:
        given.append(one)
        return real(self, one)

    monkeypatch.setattr(Taking, "__call__", noted)
    return given


@pytest.fixture
def asked(made: Prosody, monkeypatch: pytest.MonkeyPatch) -> list[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
    """The old style, the new one and the contour of each conversion."""
    calls: list[tuple[np.ndarray, np.ndarray, np.ndarray | None]] = []
    real = Converter.__call__

    def noted(
        self: Converter, parts: Parts, old: np.ndarray, new: np.ndarray, contour: np.ndarray | None = None
    ) -> Change:
        calls.append((old, new, contour))
        return real(self, parts, old, new, contour)

    monkeypatch.setattr(Converter, "__call__", noted)
    return calls


# Conversion


def test_an_intensity_of_nothing_leaves_the_prosody_as_it_is(made, asked):
    for wish in ({"emotion": "sad"}, {"reference": sound(2.0, 150)}):
        made.convert(sound(1.5), intensity=0.0, **wish)
        old, new, contour = asked.pop()
        np.testing.assert_array_equal(old, new)
        if contour is not None:
            np.testing.assert_allclose(contour, carried(made.takes(sound(1.5)).hz), atol=1e-6)


@pytest.mark.parametrize("wish", [{"emotion": "sad"}, {"reference": sound(2.0, 150)}], ids=["emotion", "reference"])
def test_an_intensity_of_nothing_leaves_the_recording_as_it_is(made, wish):
    given = sound(1.5)
    spoken = made.convert(given, intensity=0.0, **wish)
    np.testing.assert_allclose(spoken.samples, given.at(MEL.rate).samples, atol=1e-5)


@pytest.mark.parametrize("wish", [{"emotion": "sad"}, {"reference": sound(2.0, 150)}], ids=["emotion", "reference"])
def test_a_wish_changes_the_recording(made, wish):
    given = sound(1.5)
    spoken, still = (made.convert(given, intensity=intensity, **wish).samples for intensity in (1.0, 0.0))
    count = min(len(spoken), len(still))
    assert np.abs(spoken[:count] - still[:count]).max() > 0.01


@pytest.mark.parametrize("intensity", [0.3, 1.0])
def test_an_emotion_moves_the_mean_towards_its_own(made, asked, intensity):
    made.convert(sound(2.5), emotion="Happiness", intensity=intensity)
    old, new, contour = asked.pop()
    assert contour is None
    mean = made.net.feeling(torch.tensor(1)).numpy()
    np.testing.assert_allclose(new.mean(axis=0), (1 - intensity) * old.mean(axis=0) + intensity * mean, atol=1e-6)
    np.testing.assert_allclose(new - new.mean(axis=0), old - old.mean(axis=0), atol=1e-6)  # the course stays


def test_a_reference_gives_its_prosody_and_of_the_same_words_its_melody(made, asked):
    made.convert(sound(1.5), reference=sound(2.0, 150))
    assert asked.pop()[2] is None  # another hum stands for other words
    other = sound(2.0)
    made.convert(sound(1.5), reference=other)
    _, new, contour = asked.pop()
    np.testing.assert_allclose(new.mean(axis=0), np.pad(made.style(other).mean(axis=0), (0, 3)), atol=1e-6)
    assert contour.shape == (len(made.takes(sound(1.5))),)
    made.convert(sound(1.5), reference=other, intensity=0.25)
    own = carried(made.takes(sound(1.5)).hz)
    np.testing.assert_allclose(asked.pop()[2], own + 0.25 * (contour - own), atol=1e-5)


def test_of_a_whisper_there_is_no_melody_to_take(made, asked):
    made.convert(sound(1.5), reference=sound(2.0, 50))
    assert asked.pop()[2] is None


def test_what_comes_out_is_speech_that_marks_itself(made, tmp_path):
    given = sound(1.5)
    spoken = made.convert(given, emotion="sad")
    assert isinstance(spoken, Speech)
    assert spoken.rate == MEL.rate
    assert 0.55 * given.duration < spoken.duration < 1.9 * given.duration
    assert spoken.mark
    spoken.save(tmp_path / "sad.wav")
    assert detect(tmp_path / "sad.wav").synthetic


def test_the_manner_is_handed_on(made):
    assert made.manner == Manner()
    slow = standing_in(made.folder, Manner(pace=0, tempo=1.5))
    assert slow.convert(sound(1.5), emotion="sad").duration == pytest.approx(2.25, abs=2 / RATE)


# Wishes


def test_a_wish_of_an_emotion_needs_no_recording(made, taken):
    wish = made.wish(emotion="Happiness")
    np.testing.assert_array_equal(wish.tone, made.net.feeling(torch.tensor(1)).numpy())
    assert wish.parts is None
    assert taken == []


def test_a_reference_is_taken_apart_once_for_many_recordings(made, taken):
    other, others = sound(2.0, 150), [sound(1.5), sound(1.0, 180), sound(0.7, 300)]
    wish = made.wish(reference=other)
    for one in others:
        made.give(one, wish)
    assert taken == [other, *others]


@pytest.mark.parametrize("wish", [{"emotion": "sad"}, {"reference": sound(2.0, 150)}], ids=["emotion", "reference"])
def test_a_wish_that_is_given_later_is_the_same(made, wish):
    given = sound(1.5)
    at_once, later = made.convert(given, intensity=0.7, **wish), made.give(given, made.wish(**wish), 0.7)
    np.testing.assert_array_equal(at_once.samples, later.samples)


def test_an_emotion_has_the_number_of_its_place(made):
    assert [made.number_of(name) for name in ("neutral", "Happiness", "sadness")] == [0, 1, 2]


def test_a_model_that_has_learnt_no_emotions_says_so(tmp_path):
    save_model(tmp_path, lively(), lively().config, "# Made")
    with pytest.raises(ConfigError, match="has learnt no emotions, so not 'sad' either: give a reference recording"):
        Prosody(tmp_path).wish(emotion="sad")


def test_an_intensity_is_looked_at_before_the_recording(made, taken):
    wish = made.wish(emotion="sad")
    for wrong in (-0.1, 1.01, float("nan")):
        with pytest.raises(ConfigError, match=f"got an intensity of {wrong:g}: give 0"):
            made.give(sound(1.0), wish, wrong)
    assert taken == []


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({}, "give either an emotion or a reference recording"),
        ({"emotion": "sad", "reference": sound(1.0)}, "give either an emotion or a reference recording"),
        ({"emotion": "hungry"}, "cannot make it sound 'hungry': choose one of neutral, happy, sad"),
        ({"emotion": "angry"}, "cannot make it sound 'angry': choose one of neutral, happy, sad"),
        ({"emotion": "sad", "intensity": 1.01}, r"got an intensity of 1\.01: give 0"),
        ({"emotion": "sad", "intensity": -0.5}, r"got an intensity of -0\.5"),
        ({"emotion": "sad", "intensity": float("nan")}, "got an intensity of nan"),
    ],
)
def test_wishes_that_cannot_be_met(made, wish, says):
    with pytest.raises(ConfigError, match=says) as caught:
        made.convert(sound(1.0), **wish)
    assert "\n" not in str(caught.value)


# Loudness


def louder(given: Sound, nats: float) -> tuple[Speech, np.ndarray]:
    """What becomes of a recording that is so much louder in all bands; and that recording, as long."""
    parts = parts_of(given.duration)
    frames = len(parts)
    colour = np.full((PAIR * frames, BANDS), nats)
    spoken = changed(given, parts, Change(np.arange(frames) + 0.0, np.ones(frames), colour))
    return spoken, given.at(MEL.rate).samples[: len(spoken.samples)]


@pytest.mark.parametrize("nats", [-1.0, 0.0, 2.0])
def test_it_stays_as_loud_as_it_was(nats):
    spoken, wave = louder(sound(1.0), nats)
    inside = slice(2000, -2000)
    np.testing.assert_allclose(spoken.samples[inside], wave[inside], atol=5e-3)


def test_peaks_are_made_to_fit():
    loud = from_arrays(sound=(np.clip(4 * sound(1.0).samples, -1, 1), 16_000)).sound
    spoken, wave = louder(loud, 0.0)
    assert np.abs(wave).max() > 0.99
    assert 0.9 < np.abs(spoken.samples).max() <= 1
    quiet = np.abs(wave) < KNEE - 0.01  # only the peaks are bent, so that neighbouring pieces stay alike
    np.testing.assert_allclose(spoken.samples[quiet], wave[quiet], atol=5e-3)
