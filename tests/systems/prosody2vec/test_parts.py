"""What a recording is taken apart into: clocks, levels, and what the feature cache keeps."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espressivo.clip import Clip, Sound
from espressivo.errors import InputError
from espressivo.media.read import from_arrays
from espressivo.systems.prosody2vec import parts as module
from espressivo.systems.prosody2vec.parts import (
    LEVEL,
    MEL,
    PAIR,
    RATE,
    HeardFeature,
    Parts,
    PartsFeature,
    Takes,
    content_at,
    hearing_of,
)
from tests.synthetic import speechlike


class Known:
    """Units, voice and ear that need no weights."""

    def points(self, samples: np.ndarray) -> np.ndarray:
        return np.ones((len(samples) // 640, 64), np.float32)

    def embed(self, samples: np.ndarray) -> np.ndarray:
        return np.full(256, 1 / 16, np.float32)


class Ear:
    """Frames at 50 Hz that count upwards, in the scale and place of nobody's ear."""

    def __call__(self, samples: np.ndarray, layers: tuple[int, ...]) -> np.ndarray:
        frames = np.arange(len(samples) // 320)[:, None] + 10 * np.arange(6)[None]
        return np.stack([layer * frames + 3.0 for layer in layers]).astype(np.float32)


@pytest.fixture
def takes() -> Takes:
    made = Takes()
    made._units = made._speaker = Known()  # type: ignore[misc, assignment]
    return made


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "speech_encoder", lambda name: Ear())


def sound(samples: np.ndarray, rate: int = 16_000) -> Sound:
    found = from_arrays(sound=(samples, rate)).sound
    assert found is not None
    return found


def test_the_clock():
    assert pytest.approx(43.066, abs=1e-3) == RATE
    assert PAIR * MEL.hop / MEL.rate == pytest.approx(1 / RATE)


# What is said, at any moment


def test_units_are_met_in_their_middles_and_lines_are_drawn_between():
    content = np.array([[0.0, 10.0], [1.0, 20.0], [3.0, 0.0]], np.float32)
    middles = (np.arange(3) + 0.5) / 25
    np.testing.assert_allclose(content_at(content, middles, 0.0), content, atol=1e-6)
    np.testing.assert_allclose(content_at(content, middles[:2] + 0.02, 0.0), [[0.5, 15], [2, 10]], atol=1e-5)


def test_units_that_come_late_are_looked_for_later():
    content = np.arange(10, dtype=np.float32)[:, None]
    times = np.linspace(0.1, 0.2, 7)
    np.testing.assert_allclose(content_at(content, times, 0.04), content_at(content, times + 0.04, 0.0), atol=1e-5)
    np.testing.assert_allclose(content_at(content, times, 0.04)[:, 0], times * 25 + 0.5, atol=1e-5)


def test_before_the_first_unit_and_after_the_last():
    content = np.array([[1.0], [2.0], [4.0]], np.float32)
    found = content_at(content, np.array([-1.0, 0.0, 0.119, 9.0]), 0.0)[:, 0]
    np.testing.assert_allclose(found, [1, 1, 4, 4], atol=1e-6)


@given(count=st.integers(1, 4), seconds=st.lists(st.floats(-2, 5), min_size=1, max_size=9), lag=st.floats(-0.1, 0.1))
def test_nothing_is_said_that_lies_beyond_the_units(count, seconds, lag):
    content = np.random.default_rng(count).normal(size=(count, 3)).astype(np.float32)
    found = content_at(content, np.array(seconds), lag)
    assert found.shape == (len(seconds), 3)
    assert found.dtype == np.float32
    assert (found >= content.min(axis=0) - 1e-6).all()
    assert (found <= content.max(axis=0) + 1e-6).all()
    if count == 1:
        np.testing.assert_allclose(found, np.repeat(content, len(seconds), axis=0), rtol=1e-6)


def test_who_hears_nothing_hears_nothing_at_any_moment():
    assert content_at(np.zeros((1, 0), np.float32), np.arange(4) / 43, 0.0).shape == (4, 0)


# The whole


def test_everything_covers_the_same_time(takes):
    parts = takes(sound(speechlike(1.5)))
    assert len(parts) == len(parts.mel) == int(1.5 * MEL.frame_rate) // PAIR
    assert parts.mel.shape[1] == PAIR * MEL.n_mels
    assert parts.content.shape == (37, 64)
    assert parts.heard.shape == (1, 0)
    assert parts.speaker.shape == (256,)
    assert {array.dtype for array in (parts.content, parts.hz, parts.speaker)} == {np.dtype(np.float32)}


def test_the_mel_is_single_precision(takes):
    assert takes(sound(speechlike(1.0))).mel.dtype == np.float32


@pytest.mark.parametrize("seconds", [0.5, 0.52, 0.73, 1.0, 1.016])
def test_as_long_as_the_sound_to_half_a_frame_of_ours(seconds, takes):
    parts = takes(sound(speechlike(seconds)))
    assert 0 <= seconds - len(parts) / RATE < 1 / RATE


def test_loud_and_quiet_recordings_are_at_one_level(takes):
    wave = np.random.default_rng(0).normal(0, 0.1, 16_000).clip(-1, 1).astype(np.float32)
    loud, quiet = takes(sound(wave)), takes(sound(wave / 10))
    for parts in (loud, quiet):
        assert module._level(parts.mel) == pytest.approx(LEVEL, abs=0.05)
        assert parts.mel.min() >= np.log(MEL.floor) - 1e-5
    audible = loud.mel > LEVEL - 2  # above 8 kHz of the 11 there is nothing
    np.testing.assert_allclose(loud.mel[audible], quiet.mel[audible], atol=0.02)


def test_pauses_do_not_count_in_the_level():
    speech = np.full((10, 4), -3.0)
    assert module._level(speech) == -3
    assert module._level(np.concatenate([speech, np.full((90, 4), -11.0)])) == -3
    assert module._level(np.concatenate([speech, speech - 2])) == -4  # a quiet voice is no pause


def test_too_short_is_refused(takes):
    with pytest.raises(InputError, match=r"got 0\.4\d s of sound: prosody needs at least 0\.5 s"):
        takes(sound(speechlike(0.45)))


def test_silence_is_refused():
    from espressivo.signal.speaker import WeSpeakerResNet34

    made = Takes()
    made._units, made._speaker = Known(), WeSpeakerResNet34(Path("unused"))  # type: ignore[misc, assignment]
    with pytest.raises(InputError, match="silence"):
        made(sound(np.zeros(16_000, np.float32)))


def test_a_film_without_sound_has_no_parts():
    clip = from_arrays(video=(np.zeros((5, 8, 8, 3), np.uint8), 25.0), name="mute")
    for feature in (PartsFeature(), HeardFeature()):
        with pytest.raises(InputError, match="mute has no sound"):
            feature(clip)


def test_the_cache_keeps_parts_in_half_precision(takes):
    feature, clip = PartsFeature(), Clip("a", sound(speechlike(1.0)))
    feature._takes.append(takes)
    kept, parts = feature(clip), takes(clip.sound)
    assert set(kept) == {"mel", "content", "hz", "speaker"}
    for name, array in kept.items():
        assert array.dtype == np.float16
        np.testing.assert_allclose(array, getattr(parts, name), rtol=1e-3)


# What is heard besides


def test_what_is_heard_is_two_frames_together_and_of_one_scale(ear):
    feature = HeardFeature("any", 3)
    heard = feature.of(np.zeros(16_000, np.float32))
    assert heard.shape == (25, 6)
    np.testing.assert_allclose(heard.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(heard.std(axis=1), 1, atol=1e-5)
    assert (np.diff(heard, axis=1) > 0).all()
    assert feature.of(np.zeros(16_000 + 320, np.float32)).shape == (25, 6)  # an odd frame at the end is left out
    kept = feature(Clip("a", sound(np.ones(16_000, np.float32))))["heard"]
    assert kept.dtype == np.float16
    np.testing.assert_allclose(kept, heard, atol=2e-3)


def test_an_ear_that_hears_the_same_in_all_numbers_gives_nothing_endless(ear, monkeypatch):
    monkeypatch.setattr(Ear, "__call__", lambda ear, samples, layers: np.ones((1, 10, 4), np.float32))
    assert (HeardFeature().of(np.zeros(3200, np.float32)) == 0).all()


def test_parts_know_what_was_heard_besides(ear, takes):
    takes._hearing = HeardFeature("any", 1)
    assert takes(sound(speechlike(1.0))).heard.shape == (25, 6)


def test_features_are_named_by_what_they_measure():
    assert PartsFeature().name == "parts-1"
    assert HeardFeature("whisper-base", 5).name == "heard-whisper-base-5-1"
    assert HeardFeature("hf:facebook/hubert-base", 5).name == "heard-hf-facebook-hubert-base-5-1"
    assert hearing_of("", 3) is None
    assert hearing_of("whisper-base", 5) == HeardFeature("whisper-base", 5)


def test_features_travel_without_what_they_loaded(ear):
    heard, parts = HeardFeature("any", 3), PartsFeature()
    heard.of(np.zeros(16_000, np.float32))
    parts._takes.append(Takes())
    for feature in (heard, parts):
        again = pickle.loads(pickle.dumps(feature))
        assert again == feature
        assert again.name == feature.name
    assert pickle.loads(pickle.dumps(heard))._encoders == []
    assert pickle.loads(pickle.dumps(parts))._takes == []


@pytest.mark.weights
def test_a_spoken_sentence(asset: Callable[[str], Path], say: Callable[[str], np.ndarray]):
    for name in ("wespeaker-resnet34", "whisper-base"):
        asset(name)
    spoken = say("We won the match today!")
    parts: Parts = Takes()(sound(spoken))
    assert parts.content.shape == (len(spoken) // 640, 64)
    assert np.linalg.norm(parts.speaker) == pytest.approx(1, abs=1e-4)
    assert 0.3 < (parts.hz > 0).mean() < 1
    assert parts.content.std(axis=0).mean() > 0.1
