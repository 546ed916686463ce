"""Seconds and frames: which frame lies in which second, and how the prosodies of seconds mix."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from espressivo.systems.prosody2vec.parts import RATE
from espressivo.systems.prosody2vec.seconds import blend, members, middles, seconds_of, spread_out


def test_seconds_of_frames():
    assert [seconds_of(frames) for frames in (0, 1, 43, 44, 86, 87, 128)] == [1, 1, 1, 2, 2, 3, 3]


@given(frames=st.integers(1, 3000))
def test_every_frame_lies_in_one_second(frames):
    member = members(frames)
    assert member.shape == (frames, seconds_of(frames))
    assert (member.sum(axis=1) == 1).all()
    assert (np.diff(member.argmax(axis=1)) >= 0).all()
    assert member[:, :-1].sum(axis=0).max(initial=0) <= 44


def test_every_second_has_a_frame():
    assert [frames for frames in range(1, 700) if not members(frames).any(axis=0).all()] == []


@given(times=st.lists(st.floats(-5, 50), min_size=1, max_size=20), seconds=st.integers(1, 20))
def test_shares_of_seconds_make_a_whole(times, seconds):
    mix = blend(np.array(times), seconds)
    assert mix.shape == (len(times), seconds)
    assert (mix >= 0).all()
    np.testing.assert_allclose(mix.sum(axis=1), 1, atol=1e-6)
    assert ((mix > 0).sum(axis=1) <= 2).all()


def test_in_the_middle_of_a_second_there_is_no_other():
    np.testing.assert_array_equal(blend(np.arange(4) + 0.5, 4), np.eye(4))
    np.testing.assert_array_equal(blend(np.array([-1.0, 0.2, 3.8, 99.0]), 4), np.eye(4)[[0, 0, 3, 3]])
    np.testing.assert_allclose(blend(np.array([1.0, 1.25]), 3), [[0.5, 0.5, 0], [0.25, 0.75, 0]])


def test_prosody_of_seconds_at_frames():
    style = torch.randn(2, 1, 4)
    assert (spread_out(style, 30) == style).all()  # of one second: the same throughout
    long = torch.randn(1, 60, 4)
    out = spread_out(long, 60 * 43)
    assert out.shape == (1, 60 * 43, 4)
    near = np.abs(middles(60 * 43)[:, None] - (np.arange(60) + 0.5)).argmin(axis=0)
    torch.testing.assert_close(out[0, near], long[0], atol=0.06, rtol=0)
    assert (out.abs() <= long.abs().amax(dim=1, keepdim=True) + 1e-6).all()
    assert middles(3) == pytest.approx(np.array([0.5, 1.5, 2.5]) / RATE)
