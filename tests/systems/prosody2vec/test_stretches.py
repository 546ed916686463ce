"""What is cut from a recording in parts: lengths, carried pitch, runs of sounds, and what is usual in it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from espressivo.systems.prosody2vec.encoder import BANDS
from espressivo.systems.prosody2vec.examples import carried, cut, nearest, noise, run_points, usual
from espressivo.systems.prosody2vec.parts import LEVEL, MEL, PAIR, RATE, content_at
from tests.systems.prosody2vec.making import parts_of

FLOOR = float(np.log(MEL.floor))


# A stretch of a recording


def test_a_stretch_from_the_middle():
    parts = parts_of(2.0, heard=6)
    found = cut(parts, 20, 30, 0.015)
    np.testing.assert_array_equal(found["mel"], parts.mel[20:50])
    np.testing.assert_array_equal(found["voiced"], parts.hz[20:50] > 0)
    assert found["mask"].all()
    times = (np.arange(20, 50) + 0.5) / RATE
    np.testing.assert_allclose(found["content"], content_at(parts.content, times, 0.015), atol=1e-5)
    np.testing.assert_allclose(found["heard"], content_at(parts.heard, times, 0.0), atol=1e-5)
    sung = found["voiced"]
    np.testing.assert_allclose(np.exp(found["pitch"][sung]), parts.hz[20:50][sung], rtol=1e-4)


def test_after_the_end_there_is_silence():
    parts = parts_of(1.0)
    found = cut(parts, 10, 64, 0.0)
    there = len(parts) - 10
    assert found["mask"].tolist() == [True] * there + [False] * (64 - there)
    np.testing.assert_array_equal(found["mel"][:there], parts.mel[10:])
    assert (found["mel"][there:] == np.float32(FLOOR)).all()
    assert not found["voiced"][there:].any()
    assert np.isfinite(found["pitch"]).all()
    np.testing.assert_allclose(found["content"][there + 2 :], np.tile(parts.content[-1], (62 - there, 1)), atol=1e-5)


@given(
    hz=arrays(np.float32, st.integers(1, 30), elements=st.sampled_from([0.0, 80.0, 150.0, 400.0])),
)
def test_pitch_is_carried_through_what_is_unvoiced(hz):
    pitch, voiced = carried(hz), hz > 0
    assert pitch.dtype == np.float32
    assert pitch.shape == hz.shape
    np.testing.assert_allclose(np.exp(pitch[voiced]), hz[voiced], rtol=1e-5)
    heights = hz[voiced] if voiced.any() else np.array([150.0])
    assert pitch.min() >= np.log(heights.min()) - 1e-5
    assert pitch.max() <= np.log(heights.max()) + 1e-5


def test_between_two_voiced_frames_the_line_is_straight():
    pitch = carried(np.array([0, 100, 0, 0, 0, 200, 0], np.float32))
    np.testing.assert_allclose(np.diff(pitch[1:6]), np.log(2) / 4, atol=1e-6)
    assert pitch[0] == pitch[1]
    assert pitch[6] == pitch[5]
    assert carried(np.zeros(3, np.float32)) == pytest.approx(np.full(3, np.log(150)))


# Runs of the same sound


@given(seed=st.integers(0, 50), count=st.integers(1, 40))
def test_the_nearest_code_is_the_nearest(seed, count):
    random = np.random.default_rng(seed)
    points, codes = random.normal(size=(count, 5)), random.normal(size=(7, 5)) * 2
    distances = ((points[:, None] - codes[None]) ** 2).sum(-1)
    np.testing.assert_array_equal(nearest(points, codes), distances.argmin(axis=1))


def test_runs():
    points = np.array([[0.0, 2], [2, 2], [5, 5], [1, 0], [1, 1], [1, 5]])
    means, lengths, times = run_points(points, np.array([3, 3, 9, 3, 3, 3]))
    np.testing.assert_allclose(means, [[1, 2], [5, 5], [1, 2]])
    assert lengths.tolist() == [2, 1, 3]
    np.testing.assert_allclose(times, [0.04, 0.1, 0.18])


@given(codes=st.lists(st.integers(0, 2), min_size=1, max_size=40))
def test_runs_cover_everything_once(codes):
    points = np.arange(len(codes), dtype=float)[:, None]
    means, lengths, times = run_points(points, np.array(codes))
    assert lengths.sum() == len(codes)
    np.testing.assert_allclose((means[:, 0] + 0.5) / 25, times)
    assert (np.diff(times) > 0).all()


# The recording as a whole


def test_what_is_usual_for_a_recording():
    mel = np.full((40, PAIR, BANDS), -4.0, np.float32)
    mel[10:20], mel[20:] = -6.0, -11.0  # the latter a pause
    mel[:20, 0] -= 1  # the two of a pair are taken together
    mel[:20, 1] += 1
    hz = np.where(np.arange(40) < 15, np.linspace(100, 170, 40), 0).astype(np.float32)
    parts = replace(parts_of(2.0), mel=mel.reshape(40, -1), hz=hz, heard=np.arange(25, dtype=np.float32)[:, None])
    found = usual(parts)
    np.testing.assert_allclose(found["usual"], -5)
    np.testing.assert_allclose(found["spread"], 1)
    assert found["register"] == pytest.approx(np.log(np.median(hz[:15])))
    assert found["pitched"] == 1
    # Twenty frames of ours are 0.46 s, the middles of twelve units.
    assert found["heard_usual"] == pytest.approx([5.5])


def test_a_whisper_has_no_register():
    found = usual(parts_of(1.0, voiced=False))
    assert (found["register"], found["pitched"]) == (0, 0)


def test_how_quiet_the_pauses_are():
    parts = parts_of(2.0)
    assert noise(parts)["noise"] == pytest.approx(LEVEL - FLOOR, abs=0.3)  # pauses at the floor
    loud = replace(parts, mel=np.maximum(parts.mel, -6.0))
    assert 0 < noise(loud)["noise"] < 2
    deep = replace(parts, mel=np.where(parts.mel < -8, -30, parts.mel))
    assert noise(deep)["noise"] == 10
