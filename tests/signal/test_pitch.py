import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.errors import ConfigError, InputError
from espressivo.signal.pitch import Pitch, PitchTracker, from_semitones, to_semitones


@pytest.fixture(scope="module")
def track() -> PitchTracker:
    return PitchTracker()


def make(hz: list[float], rate: float = 100.0, duration: float | None = None) -> Pitch:
    values = np.array(hz, np.float32)
    return Pitch(values, values > 0, (values > 0).astype(np.float32), rate, duration or len(hz) / rate)


@pytest.mark.parametrize("hertz", [80, 150, 220, 400])
def test_a_buzz_has_its_frequency(track, voice, hertz):
    pitch = track(voice(hertz))
    assert pitch.rate == 62.5
    assert pitch.duration == 1.0
    assert len(pitch) == 62
    assert pitch.voiced.mean() > 0.9
    assert pitch.median == pytest.approx(hertz, rel=0.01)


def test_a_pure_sine_has_its_frequency(track, tone):
    assert track(tone(150, 3.0)).median == pytest.approx(150, rel=0.01)


def test_silence_and_noise_have_none(track, noise):
    assert not track(np.zeros(16_000, np.float32)).voiced.any()
    assert track(noise).voiced.mean() < 0.05
    assert track(np.zeros(16_000, np.float32)).median == 0


def test_a_glide_is_followed(track):
    time = np.arange(32_000) / 16_000
    phase = 2 * np.pi * np.cumsum(np.linspace(120, 240, 32_000)) / 16_000
    pitch = track(sum(0.2 / k * np.sin(k * phase) for k in range(1, 20)).astype(np.float32))
    expected = 120 + 60 * pitch.times
    assert np.median(np.abs(pitch.hz - expected)[pitch.voiced]) < 2
    assert time[-1] > 1.9


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(200), np.full(16_000, np.nan), np.zeros((2, 16_000))])
def test_bad_sound_is_refused(track, samples):
    with pytest.raises(InputError, match="pitch tracking"):
        track(samples)


def test_the_shortest_sound_that_is_taken(track, voice):
    assert len(track(voice(150)[:256])) == 1


def test_logarithms_and_semitones_know_the_unvoiced():
    pitch = make([0, 100, 200, 0])
    np.testing.assert_array_equal(np.isnan(pitch.log_f0), [True, False, False, True])
    np.testing.assert_allclose(pitch.log_f0[1:3], np.log([100, 200]), rtol=1e-6)
    np.testing.assert_allclose(pitch.semitones(100), [np.nan, 0, 12, np.nan])
    np.testing.assert_allclose(pitch.semitones()[1:3], [12 * np.log2(100 / 150), 12 * np.log2(200 / 150)], rtol=1e-5)
    with pytest.raises(ConfigError):
        pitch.semitones(0)


@given(st.lists(st.one_of(st.just(0.0), st.floats(50, 700)), min_size=1, max_size=50), st.floats(50, 400))
def test_semitones_are_inverted(hz, reference):
    back = from_semitones(to_semitones(np.array(hz), reference), reference)
    np.testing.assert_allclose(back, hz, rtol=1e-4)


def test_filling_draws_straight_lines_in_the_logarithm():
    np.testing.assert_allclose(np.exp(make([100, 0, 400, 0]).filled()), [100, 200, 400, 400], rtol=1e-5)
    assert np.isnan(make([0, 0]).filled()).all()


def test_a_slower_clock_averages_the_voiced_frames_only():
    slow = make([100, 0, 0, 400, 100, 400, 0, 0, 0, 300]).at(50)
    assert slow.rate == 50
    assert slow.voiced.tolist() == [True, True, True, False, True]
    np.testing.assert_allclose(slow.hz, [100, 400, 200, 0, 300], rtol=1e-5)
    np.testing.assert_allclose(slow.times, [0.01, 0.03, 0.05, 0.07, 0.09])
    assert make([100, 0, 0, 0]).at(25).voiced.tolist() == [False]


def test_a_faster_clock_interpolates_but_keeps_the_gaps():
    fast = make([100, 200, 0, 0, 200, 100], rate=10).at(20)
    assert len(fast) == 12
    assert fast.hz[fast.voiced].min() >= 100
    assert (fast.hz[~fast.voiced] == 0).all()
    assert fast.voiced.mean() == pytest.approx(4 / 6, abs=0.1)


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.just(0.0), st.floats(50, 700)), min_size=1, max_size=200),
    st.floats(2, 200),
    st.one_of(st.none(), st.integers(1, 300)),
)
def test_any_clock_gives_honest_frames(hz, rate, frames):
    pitch = make(hz, rate=62.5)
    other = pitch.at(rate, frames)
    assert len(other) == (frames or max(1, round(pitch.duration * rate)))
    assert ((other.hz > 0) == other.voiced).all()
    assert np.isfinite(other.hz).all()
    if other.voiced.any():
        voiced = other.hz[other.voiced]
        assert min(h for h in hz if h > 0) * 0.999 <= voiced.min() <= voiced.max() <= max(hz) * 1.001
    if all(hz):
        assert other.voiced.all()
    with pytest.raises(ConfigError):
        pitch.at(0)


def test_pitch_units_of_twelve_and_a_half_per_second(track, voice):
    slow = track(np.concatenate([voice(150, 1.0), np.zeros(16_000, np.float32), voice(200, 2.0)])).at(12.5)
    assert len(slow) == 50
    assert slow.median == pytest.approx(200, rel=0.01)
    assert not slow.voiced[14:24].any()
    assert slow.voiced[1:11].all()


def test_a_lopsided_pitch_is_refused():
    with pytest.raises(InputError):
        Pitch(np.zeros(3), np.zeros(2, bool), np.zeros(3), 62.5, 1.0)
    with pytest.raises(ConfigError):
        PitchTracker(lowest=300, highest=200)


@pytest.mark.corpus
def test_a_woman_speaks_higher_than_a_man(track, recording):
    woman = track(recording("kathleen/data/arctic_a0001_1592748574.opus")).median
    man = track(recording("ravdess/Actor_01/03-01-01-01-01-01-01.opus")).median
    assert 70 < man < 160 < woman < 260
