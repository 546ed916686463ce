"""What is seen of a face: the outline of the lips, gaps in a track, and what is kept."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.clip import VIDEO_RATE
from espressivo.errors import InputError
from espressivo.media.facetrack import BLENDSHAPES, POINTS, FaceTrack
from espressivo.systems.avlm.seen import (
    DEGREES,
    EYES,
    INNER,
    LIPS,
    OUTER,
    PICTURE,
    Seen,
    SeenFeature,
    glance,
    look,
    outline,
)
from tests.systems.avlm.making import seen
from tests.systems.making import talker

RANDOM = np.random.default_rng(0)
FACE = RANDOM.normal(0, 20, (8, POINTS, 3)).astype(np.float32)
FACE[:, EYES[0], :2], FACE[:, EYES[1], :2] = (-30, -20), (30, -20)


def followed(points, present=None, shapes=None):
    """A track of these points."""
    there = np.ones(len(points), bool) if present is None else np.array(present)
    unknown = np.where(there, 0, np.nan)[:, None].astype(np.float32)
    found = np.full((len(points), len(BLENDSHAPES)), 0.2, np.float32) if shapes is None else shapes
    pose = np.arange(3 * len(points), dtype=np.float32).reshape(-1, 3) + unknown
    count = there.astype(np.int32)
    return FaceTrack(VIDEO_RATE, (96, 72), points + unknown[..., None], found + unknown, pose, there, there, count)


# The outline


@settings(deadline=None, max_examples=20)
@given(turn=st.floats(-1, 1), scale=st.floats(0.3, 4), x=st.floats(-200, 200), y=st.floats(-200, 200))
def test_where_a_face_is_in_the_picture_makes_no_difference(turn, scale, x, y):
    turned = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    moved = scale * FACE @ turned.T + (x, y, 0)
    np.testing.assert_allclose(outline(followed(moved.astype(np.float32))), outline(followed(FACE)), atol=1e-4)


def test_an_outline_is_of_the_lips_about_their_middle_in_distances_between_the_eyes():
    found = outline(followed(FACE)).reshape(8, -1, 2)
    lips = FACE[:, OUTER + INNER, :2]
    np.testing.assert_allclose(found, (lips - lips.mean(axis=1, keepdims=True)) / 60, atol=1e-5)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-5)


def test_other_lips_have_another_outline():
    other = FACE.copy()
    other[:, 13, 1] -= 6
    assert np.abs(outline(followed(other)) - outline(followed(FACE))).max() > 0.05


def test_the_outline_is_round_and_of_different_points():
    assert len(set(OUTER + INNER)) == len(OUTER + INNER) == LIPS // 2


# A face in a video


def video(frames):
    given = talker(sound=False).video
    return given if frames is None else type(given)(given.source, 0.0, frames / VIDEO_RATE, given.size)


def pictured(monkeypatch, frames):
    """Crops that are as bright as their number."""
    crops = [np.full((PICTURE, PICTURE, 3), n, np.uint8) for n in range(frames)]
    for name in ("mouth_crops", "face_crops"):
        monkeypatch.setattr(f"espressivo.systems.avlm.seen.{name}", lambda video, found, size: crops)


def test_each_frame_is_seen(monkeypatch):
    pictured(monkeypatch, 8)
    shapes = RANDOM.uniform(size=(8, len(BLENDSHAPES))).astype(np.float32)
    track = followed(FACE, shapes=shapes)
    found = look(video(8), track)
    np.testing.assert_array_equal(found.expression[:, :-3], shapes[:, 1:])
    np.testing.assert_allclose(found.expression[:, -3:], track.pose / DEGREES)
    np.testing.assert_array_equal(found.lips, outline(track))
    assert found.mouth[:, 0, 0].tolist() == found.face[:, 0, 0].tolist() == list(range(8))


def test_where_it_is_absent_the_last_stays(monkeypatch):
    pictured(monkeypatch, 8)
    present = [False, False, True, True, False, True, True, True]
    found = look(video(8), followed(FACE, present))
    rows = [2, 2, 2, 3, 3, 5, 6, 7]
    assert found.present.tolist() == present
    assert found.mouth[:, 0, 0].tolist() == rows
    np.testing.assert_array_equal(found.lips, outline(followed(FACE))[rows])
    assert np.isfinite(found.expression).all()


@pytest.mark.parametrize("present", [[True] * 8, [False, True, True, False, True, True, True, False]])
def test_a_glance_sees_the_same_but_no_pictures(monkeypatch, present):
    pictured(monkeypatch, 8)
    track = followed(FACE, present)
    one, other = glance(track), look(video(8), track)
    for part in ("expression", "lips", "present"):
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
    assert one.mouth.shape == other.mouth.shape
    assert not one.mouth.any()


@pytest.mark.parametrize(
    ("fps", "rows"), [(50.0, [0, 2, 4, 6]), (12.5, [0, 0, 1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 6, 6, 7, 7])]
)
def test_a_glance_at_a_track_of_another_rate(fps, rows):
    track = replace(followed(FACE), fps=fps)
    found = glance(track)
    assert len(found) == len(rows)
    np.testing.assert_array_equal(found.lips, outline(track)[rows])


def test_a_video_may_hold_a_frame_less_than_its_track(monkeypatch):
    pictured(monkeypatch, 7)
    found = look(video(7), followed(FACE))
    assert found.face[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 6]


def test_real_crops_have_the_size_of_a_picture():
    found = look(video(8), followed(FACE + 50))
    assert found.mouth.shape == found.face.shape == (8, PICTURE, PICTURE)
    assert found.mouth.dtype == np.uint8


def test_hardly_any_face():
    track = followed(FACE, [True] * 4 + [False] * 4)
    for seeing in (glance, partial(look, video(8))):
        with pytest.raises(InputError, match=r"^a face was seen in 4 frames only: 5 are needed$"):
            seeing(track)
    with pytest.raises(InputError, match="talker has no video"):
        SeenFeature()(talker(video=False))


# What is kept


def test_a_cut_lets_the_last_frame_stay():
    given = seen(6)
    for part in ("expression", "lips", "mouth", "face", "present"):
        whole = getattr(given, part)
        np.testing.assert_array_equal(getattr(given.cut(4), part), whole[:4])
        np.testing.assert_array_equal(getattr(given.cut(9), part), whole[[0, 1, 2, 3, 4, 5, 5, 5, 5]])
    assert len(given.cut(9)) == 9


def test_what_is_kept_comes_back():
    given = seen(6)
    given.present[2] = False
    again = Seen.of(given.arrays)
    for part in ("expression", "lips"):
        assert getattr(again, part).dtype == np.float32
        np.testing.assert_allclose(getattr(again, part), getattr(given, part), atol=2e-3)
    for part in ("mouth", "face", "present"):
        np.testing.assert_array_equal(getattr(again, part), getattr(given, part))
