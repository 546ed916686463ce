"""Another melody and pace on the waveform: what is not asked for stays, to the sample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.signal.pitch import PitchTracker
from espressivo.signal.psola import pulses, resung

RATE, FRAMES_PER_SECOND = 16_000, 50.0


def hum(hz: float, seconds: float = 1.0) -> np.ndarray:
    """A buzz of many harmonics, which fall off as a voice's do."""
    times = np.arange(round(seconds * RATE)) / RATE
    partials = np.arange(1, int(4000 / hz))[:, None]
    return 0.2 * (np.sin(2 * np.pi * hz * partials * times) / partials).sum(axis=0).astype(np.float32)


def told(wave: np.ndarray, hz: np.ndarray, places: np.ndarray, higher: float = 1.0) -> np.ndarray:
    return resung(wave, RATE, hz, FRAMES_PER_SECOND, places, np.full(len(places), higher))


@pytest.mark.parametrize("voiced", ["all", "none", "some"])
def test_what_is_not_changed_stays_to_the_sample(voiced):
    wave = hum(140) + 0.01 * np.random.default_rng(0).normal(size=RATE).astype(np.float32)
    hz = np.full(50, 140.0 if voiced != "none" else 0.0)
    if voiced == "some":
        hz[[0, 1, 20, 21, 22, 49]] = 0
    np.testing.assert_allclose(told(wave, hz, np.arange(50.0)), wave, atol=1e-4)


@pytest.mark.parametrize("higher", [0.7, 0.9, 1.2, 1.6])
def test_it_sounds_higher_and_lasts_as_long(higher):
    wave = hum(150)
    made = told(wave, np.full(50, 150.0), np.arange(50.0), higher)
    assert len(made) == len(wave)
    heard = PitchTracker()(made)
    assert np.median(heard.hz[heard.voiced]) == pytest.approx(150 * higher, rel=0.02)
    assert np.sqrt(np.mean(made**2)) == pytest.approx(np.sqrt(np.mean(wave**2)), rel=0.25)


@pytest.mark.parametrize("times", [0.6, 0.8, 1.3, 1.8])
def test_it_lasts_longer_at_the_same_pitch(times):
    wave = hum(150)
    frames = round(50 * times)
    made = told(wave, np.full(50, 150.0), np.clip((np.arange(frames) + 0.5) / times - 0.5, 0, 49))
    assert len(made) == round(frames * RATE / FRAMES_PER_SECOND)
    heard = PitchTracker()(made)
    assert np.median(heard.hz[heard.voiced]) == pytest.approx(150, rel=0.02)


def test_noise_that_is_stretched_does_not_hum():
    wave = 0.1 * np.random.default_rng(1).normal(size=RATE).astype(np.float32)
    made = told(wave, np.zeros(50), np.linspace(0, 49, 90))
    around = np.correlate(made, made[4000:12000], "valid")
    peak = np.abs(around).argmax()
    again = np.abs(np.delete(around, slice(peak - 20, peak + 20))).max() / np.abs(around[peak])
    assert again < 0.6


def test_marks_stand_on_pulses():
    wave = np.zeros(RATE, np.float32)
    wave[50::100] = 1.0  # 160 Hz
    marks = pulses(wave, RATE, np.full(50, 161.0), FRAMES_PER_SECOND)  # a little off
    inner = marks.at[(marks.at > 400) & (marks.at < RATE - 400)]
    assert marks.voiced.all()
    assert (wave[inner] == 1).mean() > 0.95


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), frames=st.integers(1, 80), higher=st.floats(0.5, 2))
def test_any_timeline_gives_finite_sound_of_its_length(seed, frames, higher):
    random = np.random.default_rng(seed)
    wave = random.normal(0, 0.1, 9000).astype(np.float32)
    hz = np.where(random.random(28) < 0.6, random.uniform(60, 400, 28), 0)
    made = told(wave, hz, np.sort(random.uniform(0, 27, frames)), higher)
    assert len(made) == round(frames * RATE / FRAMES_PER_SECOND) + 40  # no frame covers these
    assert np.isfinite(made).all()
    assert np.abs(made).max() < 4 * np.abs(wave).max()
