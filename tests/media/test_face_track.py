"""FaceTrack as a value: shapes, gaps, slices, measures."""

import dataclasses

import numpy as np
import pytest
from drawn_face import face_at
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.errors import InputError
from espressivo.media.facetrack import BLENDSHAPES, EYE_CORNERS, INNER_LIPS, FaceTrack, assemble, mouth_opening


def made(seen: list[int], frames: int, fps: float = 25.0) -> FaceTrack:
    """A face that moves one percent to the right each frame; its blendshapes are the frame's share of the whole."""
    parts = [np.full((frames, *shape), np.nan, np.float32) for shape in ((478, 3), (52,), (3,))]
    measured = np.zeros(frames, bool)
    for n in seen:
        face = face_at(10 + n, 50, 20, 255 * n // frames)
        for part, value in zip(parts, (face.points * 100, face.blendshapes, face.pose), strict=True):
            part[n] = value
        measured[n] = True
    return assemble(fps, (100, 100), *parts, measured, np.ones(frames, np.int32))


def test_blendshapes_are_named_once_each() -> None:
    assert len(BLENDSHAPES) == len(set(BLENDSHAPES)) == 52
    assert BLENDSHAPES[0] == "_neutral"
    assert BLENDSHAPES[25] == "jawOpen"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=40), st.sampled_from([5.0, 12.5, 25.0, 29.97, 60.0]))
def test_present_is_measured_or_between_two_measured_at_most_a_fifth_of_a_second_apart(
    pattern: list[bool], fps: float
) -> None:
    track = made([n for n, seen in enumerate(pattern) if seen], len(pattern), fps)
    for n in range(len(pattern)):
        before = max((m for m in range(n) if pattern[m]), default=None)
        after = next((m for m in range(n + 1, len(pattern)) if pattern[m]), None)
        bridged = before is not None and after is not None and (after - before) / fps <= 0.2 + 1e-6
        assert track.present[n] == (pattern[n] or bridged)
    assert track.measured.tolist() == pattern
    assert np.isfinite(track.points[track.present]).all()
    assert np.isnan(track.points[~track.present]).all()
    assert np.isnan(track.blendshapes[~track.present]).all()
    assert np.isnan(track.pose[~track.present]).all()
    middle = (track.boxes[:, 0] + track.boxes[:, 2]) / 2
    np.testing.assert_allclose(middle[track.present], (10 + np.arange(len(pattern)))[track.present], atol=1e-3)
    np.testing.assert_allclose(track.pose[track.present, 0], (10 + np.arange(len(pattern)))[track.present], atol=1e-3)


def test_trim_gives_the_frames_of_that_time() -> None:
    track = made(list(range(50)), 50)
    part = track.trim(0.4, 1.2)
    assert len(part) == 20
    assert part.duration == pytest.approx(0.8)
    for name in ("points", "blendshapes", "pose", "measured", "present", "faces"):
        np.testing.assert_array_equal(getattr(part, name), getattr(track, name)[10:30])
    assert len(track.trim(1.0, 99.0)) == 25


@pytest.mark.parametrize(("start", "end"), [(1.0, 1.0), (2.0, 3.0), (-0.5, 1.0), (1.0, 0.5)])
def test_trim_to_nothing_is_refused(start: float, end: float) -> None:
    with pytest.raises(InputError, match=r"lasts 2\.00 s"):
        made(list(range(50)), 50).trim(start, end)


def test_a_track_cannot_be_changed() -> None:
    track = made([0, 1], 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        track.fps = 30.0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        track.points[0] = 0


def test_the_arrays_it_was_made_of_stay_writable() -> None:
    pose = np.zeros((2, 3), np.float32)
    dataclasses.replace(made([0, 1], 2), pose=pose)
    pose[0] = 1


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(AssertionError):
        dataclasses.replace(made([0, 1], 2), pose=np.zeros((3, 3), np.float32))


def test_measures_leave_absent_frames_out() -> None:
    track = made([0, 1, 2, 30, 31], 40)
    assert track.presence == 5 / 40
    assert track.mean_yaw == pytest.approx(np.mean([10, 11, 12, 40, 41]))
    assert track.mean_pitch == pytest.approx(50)
    assert track.mean_roll == pytest.approx(20)
    assert np.isnan(made([], 3).mean_roll)
    assert np.isnan(track.mouth_opening[5])
    assert track.mouth_opening.shape == (40,)
    np.testing.assert_array_equal(track.blendshape("jawOpen"), track.blendshapes[:, 25])
    assert str(track) == "face in 12% of 40 frames at 25/s, up to 1"


def test_mouth_opening_is_the_same_for_a_head_turned_tilted_or_further_away() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((478, 3))
    points[list(EYE_CORNERS)] = [(-2, 0, 0), (2, 0, 0)]
    points[list(INNER_LIPS)] = [(0, 2, 0), (0, 3, 0)]
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    assert mouth_opening(points) == pytest.approx(0.25)
    assert mouth_opening(points @ turn * 7 + 3) == pytest.approx(0.25)
