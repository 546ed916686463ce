"""Looking at a part of the picture, and back to the whole; drawing."""

import numpy as np
import pytest
from drawn_face import face_at
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.media.draw import draw_landmarks
from espressivo.media.views import TILES, WHOLE, Box, cut, place_back, view_of


def test_the_whole_picture_is_looked_at_unless_all_faces_are_small() -> None:
    small, big = Box(0.5, 0.5, 0.56, 0.6), Box(0.1, 0.1, 0.4, 0.6)
    assert view_of([]) == WHOLE
    assert view_of([big]) == WHOLE
    assert view_of([small, big]) == WHOLE
    view = view_of([small])
    assert view.left == pytest.approx(0.5 - 0.09)
    assert view.bottom == pytest.approx(0.6 + 0.15)


def test_a_view_holds_every_face_and_stays_inside_the_picture() -> None:
    boxes = [Box(0.0, 0.9, 0.05, 1.0), Box(0.3, 0.8, 0.36, 0.9)]
    view = view_of(boxes)
    assert view.left == 0
    assert view.bottom == 1
    assert view.right > 0.36
    assert view.top < 0.8


def test_tiles_cover_the_picture_and_overlap() -> None:
    hits = np.zeros((100, 100), int)
    for tile in TILES:
        hits[round(100 * tile.top) : round(100 * tile.bottom), round(100 * tile.left) : round(100 * tile.right)] += 1
    assert hits.min() == 1
    assert hits.max() == 4


@settings(max_examples=60, deadline=None)
@given(st.integers(16, 400), st.integers(16, 400), st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.05, 0.5))
def test_a_pixel_is_found_again_after_cutting(width: int, height: int, left: float, top: float, side: float) -> None:
    frame = np.zeros((height, width, 3), np.uint8)
    view = Box(left, top, min(1.0, left + side), min(1.0, top + side))
    y, x = int(view.top * height), int(view.left * width)
    frame[y, x] = 255
    part = cut(frame, view)
    assert part.flags.c_contiguous
    (row,), (column,) = np.nonzero(part[..., 0])
    inside = np.array([column / part.shape[1], row / part.shape[0], 0.5], np.float32)
    back = place_back(inside, frame, view)
    np.testing.assert_allclose(back[:2] * (width, height), (x, y), atol=1e-2)
    assert back[2] == pytest.approx(0.5 * part.shape[1] / width)


def test_landmarks_are_drawn_on_a_copy_where_the_points_are() -> None:
    frame = np.full((120, 200, 3), 30, np.uint8)
    points = face_at(50, 50, 40).points * (200, 120, 200)
    drawn = draw_landmarks(frame, points)
    assert (frame == 30).all()
    assert drawn.shape == frame.shape
    rows, columns = np.nonzero((drawn != 30).any(axis=2))
    assert columns.min() == pytest.approx(60, abs=2)
    assert columns.max() == pytest.approx(140, abs=2)
    assert rows.min() == pytest.approx(36, abs=2)
    assert rows.max() == pytest.approx(84, abs=2)


def test_nothing_is_drawn_for_a_face_that_is_not_there() -> None:
    frame = np.full((120, 200, 3), 30, np.uint8)
    np.testing.assert_array_equal(draw_landmarks(frame, np.full((478, 3), np.nan)), frame)
