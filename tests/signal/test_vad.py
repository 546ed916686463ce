import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.errors import ConfigError, InputError
from espressivo.signal.vad import SpeechDetector, SpeechRules, _Segmenter


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    return SpeechDetector()


def segments(probabilities: list[float], rules: SpeechRules) -> list[tuple[int, int]]:
    machine = _Segmenter(rules, frame=0.1)
    return [found for found in [*map(machine.push, probabilities), machine.finish()] if found is not None]


RULES = SpeechRules(threshold=0.5, release=0.3, shortest_speech=0.2, shortest_silence=0.2, margin=0.0)


def test_speech_begins_high_and_ends_low():
    assert segments([0, 0.4, 0.6, 0.4, 0.35, 0.2, 0.1, 0], RULES) == [(2, 5)]


def test_short_pauses_are_bridged_and_short_sounds_dropped():
    assert segments([0.9, 0.9, 0.1, 0.9, 0.9, 0, 0, 0], RULES) == [(0, 5)]
    assert segments([0, 0.9, 0, 0, 0, 0.9, 0.9, 0, 0], RULES) == [(5, 7)]


def test_speech_until_the_end_is_closed():
    assert segments([0, 0.9, 0.9, 0.9], RULES) == [(1, 4)]
    assert segments([0, 0.9, 0.9, 0.1], RULES) == [(1, 3)]


@given(st.lists(st.floats(0, 1), max_size=200))
def test_stretches_are_ordered_apart_and_long_enough(probabilities):
    found = segments(probabilities, RULES)
    assert all(end - start >= 2 for start, end in found)
    assert all(second[0] - first[1] >= 2 for first, second in itertools.pairwise(found))
    assert all(probabilities[start] >= 0.5 for start, _ in found)


@pytest.mark.parametrize(
    "change", [{"threshold": 0.2}, {"release": 0}, {"threshold": 1.0}, {"margin": 0.1}, {"margin": -1}]
)
def test_impossible_rules_are_refused(change):
    with pytest.raises(ConfigError):
        SpeechRules(**change)


@pytest.mark.weights
def test_silence_noise_and_tones_are_not_speech(detector, tone, noise):
    sounds = [np.zeros(48_000, np.float32), noise, 3 * noise, noise / 30]
    sounds += [tone(hertz, 3.0, level=level) for hertz in (100, 220, 440, 1000, 3000) for level in (0.05, 0.5)]
    assert [detector.speech_segments(sound) for sound in sounds] == [[]] * len(sounds)
    assert detector.speech_ratio(noise) == 0


@pytest.mark.weights
@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.full(16_000, np.nan), np.zeros((2, 16_000))])
def test_bad_sound_is_refused(detector, samples):
    with pytest.raises(InputError, match="speech detection"):
        detector.speech_segments(samples)


@pytest.mark.weights
def test_one_sample_is_silence(detector):
    assert detector.speech_segments(np.zeros(1, np.float32)) == []
    assert detector.probabilities(np.zeros(513, np.float32)).shape == (2,)


@pytest.mark.weights
@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 6000), min_size=1, max_size=12))
def test_chunks_give_the_same_probabilities_as_the_whole(detector, cuts):
    wave = np.random.default_rng(1).normal(scale=0.2, size=sum(cuts)).astype(np.float32)
    stream = detector.stream()
    for chunk in np.split(wave, np.cumsum(cuts)[:-1]):
        stream.push(chunk)
    stream.finish()
    np.testing.assert_array_equal(stream.probabilities, detector.probabilities(wave))


@pytest.mark.weights
@pytest.mark.corpus
def test_speech_is_found_and_chunked_equals_whole(detector, recording):
    speech = recording("kathleen/data/arctic_a0001_1592748574.opus")
    gap = np.zeros(24_000, np.float32)
    wave = np.concatenate([gap, speech, gap, speech[:20_000]])
    found = detector.speech_segments(wave)
    assert found[0][0] == pytest.approx(1.5, abs=0.3)
    assert any(start > 1.5 + len(speech) / 16_000 for start, _ in found)
    assert all(0 <= start < end <= len(wave) / 16_000 for start, end in found)
    blocks = np.array_split(wave, 37)
    assert detector.speech_segments(iter(blocks)) == found
    stream = detector.stream()
    live = [segment for block in blocks for segment in stream.push(block)]
    assert stream.speaking
    assert live + stream.finish() == found
    assert not stream.speaking


@pytest.mark.weights
@pytest.mark.corpus
@pytest.mark.parametrize(
    ("pattern", "least"), [("grid/s1/*.mp4", 0.25), ("kathleen/data/*.opus", 0.7), ("javanese/*.mp4", 0.25)]
)
def test_talkers_talk(detector, data_root, recording, pattern, least):
    clips = sorted(data_root.glob(pattern))[::40][:4]
    assert clips
    assert min(detector.speech_ratio(recording(clip)) for clip in clips) > least


@pytest.mark.weights
@pytest.mark.corpus
def test_rain_does_not_talk(detector, data_root, recording):
    clips = sorted(data_root.glob("esc10/*Rain/*"))[:6]
    assert clips
    assert [detector.speech_segments(recording(clip)) for clip in clips] == [[]] * len(clips)
