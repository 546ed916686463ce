"""Crops: upright, centred, steady, whatever the head does."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_face import drawn_face, video_of

from espressivo.errors import InputError
from espressivo.media.crops import MOUTH_CORNERS, _anchors, _similarities, _smooth, face_crops, mouth_crops
from espressivo.media.facetrack import FaceTrack

SIZE = (320, 240)
# A face in its own units: eyes at ±1, nose below, mouth further down; x right, y down.
SPOTS = {33: (-1.3, 0), 133: (-0.7, 0), 263: (1.3, 0), 362: (0.7, 0), 1: (0, 1.1), 168: (0, 0.05)}
MOUTH = dict(zip(MOUTH_CORNERS, [(-0.7, 2.0), (0.7, 2.0)], strict=True))


def track_of(
    places: list[complex], scale: complex | list[complex] = 20, present: list[bool] | None = None
) -> FaceTrack:
    """A face at each of `places` (x + yi, pixels); |scale| pixels a unit, turned by its angle."""
    frames = len(places)
    scales = scale if isinstance(scale, list) else [scale] * frames
    seen = np.array(present if present is not None else [True] * frames)
    points = np.zeros((frames, 478, 3), np.float32)
    for n in range(frames):
        for index, (x, y) in {**SPOTS, **MOUTH}.items():
            spot = places[n] + scales[n] * complex(x, y)
            points[n, index, :2] = spot.real, spot.imag
    points[~seen] = np.nan
    empty = np.where(seen[:, None], 0, np.nan).astype(np.float32)
    return FaceTrack(
        25.0, SIZE, points, np.repeat(empty, 52, 1), np.repeat(empty, 3, 1), seen, seen, seen.astype(np.int32)
    )


def marked(track: FaceTrack) -> list[np.ndarray]:
    """Pictures with a red spot on each eye, a green one on the mouth."""
    import cv2

    pictures = []
    for points in track.points:
        picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        if np.isfinite(points).all():
            for pair, colour in (((33, 133), (255, 0, 0)), ((263, 362), (255, 0, 0)), (MOUTH_CORNERS, (0, 255, 0))):
                x, y = points[list(pair), :2].mean(axis=0)
                cv2.circle(picture, (round(16 * float(x)), round(16 * float(y))), 16 * 4, colour, -1, cv2.LINE_AA, 4)
        pictures.append(picture)
    return pictures


def middle(mask: np.ndarray) -> np.ndarray:
    """(x, y): the centre of gravity of a mask's weights."""
    y, x = np.indices(mask.shape)
    return np.array([(x * mask).sum(), (y * mask).sum()]) / mask.sum()


@pytest.mark.parametrize("scale", [12, 20, 34, 20 * np.exp(0.5j), 20 * np.exp(-0.9j)])
@pytest.mark.parametrize("size", [112, 64])
def test_the_eyes_are_level_and_where_they_belong(scale: complex, size: int) -> None:
    track = track_of([150 + 100j] * 5, scale)
    for crop in face_crops(video_of(marked(track)), track, size):
        assert crop.shape == (size, size, 3)
        assert crop.dtype == np.uint8
        red = crop[..., 0].astype(float)
        left, right = middle(red * (np.arange(size) < size / 2)), middle(red * (np.arange(size) >= size / 2))
        assert left[1] == pytest.approx(right[1], abs=0.6)
        assert (left[0] + right[0]) / 2 == pytest.approx(size / 2, abs=0.02 * size)
        assert (right[0] - left[0]) / size == pytest.approx(0.36, abs=0.04)


@pytest.mark.parametrize("scale", [15, 25 * np.exp(0.4j)])
def test_the_mouth_is_in_the_middle_of_its_crop(scale: complex) -> None:
    track = track_of([150 + 80j] * 3, scale)
    for crop in mouth_crops(video_of(marked(track)), track):
        assert crop.shape == (96, 96, 3)
        np.testing.assert_allclose(middle(crop[..., 1].astype(float)), (48, 48), atol=1)


def test_a_smile_does_not_change_the_scale() -> None:
    plain = track_of([150 + 80j])
    points = plain.points.copy()
    points[0, MOUTH_CORNERS, 0] += (-10, 10)
    smile = replace(plain, points=points)
    picture = video_of([np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)])
    np.testing.assert_array_equal(next(mouth_crops(picture, plain)), next(mouth_crops(picture, smile)))


def test_the_similarity_is_the_one_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    points, template = rng.normal(size=(1, 4, 2)) * 30, rng.normal(size=(4, 2)) * 50
    matrix = _similarities(points, template)[0]

    def error(m: np.ndarray) -> float:
        return float(((points[0] @ m[:, :2].T + m[:, 2] - template) ** 2).sum())

    assert matrix[0, 0] == pytest.approx(matrix[1, 1])
    assert matrix[0, 1] == pytest.approx(-matrix[1, 0])
    for step in (1e-3, -1e-3):
        for change in ([[1, 0, 0], [0, 1, 0]], [[0, -1, 0], [1, 0, 0]], [[0, 0, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 1]]):
            assert error(matrix + step * np.array(change)) > error(matrix)


def test_trembling_is_smoothed_moving_is_not() -> None:
    rng = np.random.default_rng(0)
    path = [100 + n + 100j for n in range(40)]
    shaky = track_of([place + complex(*rng.normal(size=2)) for place in path])
    steady, smooth = _anchors(track_of(path)), _smooth(_anchors(shaky), shaky.present, 25.0)
    inner = slice(4, -4)
    assert np.std(smooth[inner] - steady[inner]) < 0.6 * np.std(_anchors(shaky)[inner] - steady[inner])
    moved = _smooth(steady, shaky.present, 25.0)
    np.testing.assert_allclose(moved[inner], steady[inner], atol=1e-6)


def test_absent_frames_are_black_and_do_not_touch_their_neighbours() -> None:
    present = [True, True, False, False, True]
    track = track_of([150 + 100j] * 2 + [0j] * 2 + [170 + 100j], present=present)
    video = video_of([np.full((240, 320, 3), 200, np.uint8)] * 5)
    for crops in (list(face_crops(video, track)), list(mouth_crops(video, track))):
        assert [crop.any() for crop in crops] == present
    smooth = _smooth(_anchors(track), track.present, 25.0)
    assert np.isnan(smooth[2:4]).all()
    assert np.isfinite(smooth[[0, 1, 4]]).all()


@pytest.mark.parametrize("present", [[True], [False]])
def test_one_frame_seen_or_not(present: list[bool]) -> None:
    track = track_of([150 + 100j], present=present)
    video = video_of([np.full((240, 320, 3), 200, np.uint8)])
    assert [crop.any() for crop in face_crops(video, track)] == present


def test_a_big_picture_is_decoded_smaller_and_gives_the_same_crop() -> None:
    import cv2

    small = drawn_face(SIZE)
    track = track_of([160 + 110j], 26)
    times = 8
    big = cv2.resize(small, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    large = replace(track, size=(SIZE[0] * times, SIZE[1] * times), points=track.points * times)
    asked: list[tuple[int, int]] = []
    video = video_of([big])
    original = video.source.frames
    video.source.frames = lambda s, e, f, size: (asked.append(size), original(s, e, f, size))[1]  # type: ignore
    crop = next(face_crops(video, large)).astype(int)
    assert max(asked[0]) < SIZE[0] * times / 2
    assert np.abs(crop - next(face_crops(video_of([small]), track))).mean() < 3


def test_the_track_of_another_video_is_refused() -> None:
    track = track_of([150 + 100j] * 5)
    with pytest.raises(InputError, match="track this very video"):
        face_crops(video_of([np.zeros((240, 320, 3), np.uint8)] * 9), track)
    with pytest.raises(InputError, match="track this very video"):
        mouth_crops(video_of([np.zeros((100, 100, 3), np.uint8)] * 5), track)
