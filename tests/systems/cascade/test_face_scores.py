"""From a tracked face to its feeling: which pictures, which part of them, and what without a face."""

import numpy as np
import pytest

from espressivo.clip import Video
from espressivo.media.facetrack import FaceTrack
from espressivo.media.read import from_arrays
from espressivo.systems.cascade.face_scores import MARGIN, RISE, FaceReader, crop, face_crops
from espressivo.systems.cascade.fer import FACE_LABELS


def made(frames: int, present: np.ndarray, size: tuple[int, int] = (160, 120)) -> tuple[Video, FaceTrack]:
    """Frame i is grey of level i; the face is a box in the middle."""
    pictures = np.ones((frames, size[1], size[0], 3), np.uint8) * np.arange(frames, dtype=np.uint8)[:, None, None, None]
    points = np.full((frames, 478, 3), np.nan, np.float32)
    points[present] = np.random.default_rng(0).uniform([60, 40, 0], [100, 90, 1], (478, 3))
    flat = np.zeros((frames, 52), np.float32), np.zeros((frames, 3), np.float32)
    track = FaceTrack(25.0, size, points, *flat, present, present, present.astype(np.int32))
    video = from_arrays(video=(pictures, 25.0)).video
    assert video is not None
    return video, track


def test_five_pictures_a_second_are_looked_at_and_only_those_with_a_face() -> None:
    present = np.ones(50, bool)
    present[20:31] = False
    times, crops = face_crops(*made(50, present))
    np.testing.assert_allclose(times, [0, 0.2, 0.4, 0.6, 1.4, 1.6, 1.8])
    assert crops.shape == (7, 64, 64)
    # Grey level says which frame each crop came from.
    assert np.abs(crops.mean(axis=(1, 2)) - times * 25).max() <= 1


def test_pictures_larger_than_the_limit_are_scaled_with_their_boxes() -> None:
    video, track = made(5, np.ones(5, bool), size=(1280, 960))
    times, crops = face_crops(video, track)
    assert len(times) == 1
    assert crops.shape == (1, 64, 64)


def test_without_a_face_nothing_is_said() -> None:
    assert FaceReader()(*made(10, np.zeros(10, bool))) is None


def test_the_crop_is_the_square_around_the_box() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    half = MARGIN * 40 / 2
    top, left = round(50 - half - RISE * 2 * half), round(45 - half)
    side = round(2 * half)
    picture[top : top + side, left : left + side] = 200
    inside = crop(picture, np.array([30.0, 30.0, 60.0, 70.0]))
    assert inside.dtype == np.uint8
    assert (inside[1:-1, 1:-1] > 190).all()
    picture[top + side + 1 :], picture[: top - 1] = 255, 255
    assert (crop(picture, np.array([30.0, 30.0, 60.0, 70.0]))[1:-1, 1:-1] <= 205).all()


@pytest.mark.parametrize("box", [(-30.0, -20.0, 20.0, 40.0), (80.0, 80.0, 140.0, 150.0), (300.0, 300.0, 340.0, 340.0)])
def test_a_face_partly_or_wholly_outside_is_filled_with_black(box: tuple[float, ...]) -> None:
    cut = crop(np.full((100, 100, 3), 90, np.uint8), np.array(box))
    assert cut.shape == (64, 64)
    assert cut.min() == 0


@pytest.mark.weights
def test_a_reading_holds_probabilities_over_the_clip_and_over_time() -> None:
    feeling = FaceReader()(*made(50, np.ones(50, bool)))
    assert feeling is not None
    assert feeling.emotions == FACE_LABELS
    assert feeling.curve.shape == (10, 7)
    np.testing.assert_allclose(feeling.curve.sum(axis=1), 1, atol=1e-5)
    for name, column in zip(FACE_LABELS, feeling.curve.T, strict=True):
        assert feeling.scores.probabilities[name] == pytest.approx(column.mean(), abs=1e-5)
