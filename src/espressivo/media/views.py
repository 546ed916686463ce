"""The part of the picture in which to follow faces: all of it, or less when the faces are small.

The detector sees every picture as 128×128, whatever its size, and loses faces narrower than about 9 % of the picture.
Four overlapping parts of it bring that to about 5 %; a face once spotted is then followed in the part around it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_SMALL = 0.2
_MARGIN = 1.5
_TILE = 0.6


class Box(NamedTuple):
    """A rectangle in parts of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float

    def within(self, outer: Box) -> Box:
        """The box of the whole picture that is this box of `outer`."""
        width, height = outer.right - outer.left, outer.bottom - outer.top
        return Box(
            outer.left + self.left * width,
            outer.top + self.top * height,
            outer.left + self.right * width,
            outer.top + self.bottom * height,
        )


WHOLE = Box(0.0, 0.0, 1.0, 1.0)
TILES = tuple(Box(x, y, x + _TILE, y + _TILE) for y in (0.0, 1 - _TILE) for x in (0.0, 1 - _TILE))


def view_of(boxes: list[Box]) -> Box:
    """What to look at to follow these faces: the whole picture, unless every one of them is small in it."""
    if not boxes:
        return WHOLE
    corners = np.array(boxes)
    sides = corners[:, 2:] - corners[:, :2]
    if sides[:, 0].max() >= _SMALL:
        return WHOLE
    margin = _MARGIN * sides.max(axis=0)
    low, high = np.maximum(corners[:, :2].min(axis=0) - margin, 0), np.minimum(corners[:, 2:].max(axis=0) + margin, 1)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def cut(frame: np.ndarray, view: Box) -> np.ndarray:
    """The part of a (height, width, 3) picture in the view, to the pixel; contiguous."""
    left, top, right, bottom = _pixels(frame, view)
    return np.ascontiguousarray(frame[top:bottom, left:right])


def place_back(points: np.ndarray, frame: np.ndarray, view: Box) -> np.ndarray:
    """Points in widths, heights and widths of the view → of the frame it was cut from: (…, 3) float32."""
    left, top, right, bottom = _pixels(frame, view)
    height, width = frame.shape[:2]
    scale = np.array([(right - left) / width, (bottom - top) / height, (right - left) / width], np.float32)
    return points * scale + np.array([left / width, top / height, 0], np.float32)


def _pixels(frame: np.ndarray, view: Box) -> tuple[int, int, int, int]:
    height, width = frame.shape[:2]
    left, right = int(view.left * width), max(int(view.left * width) + 2, round(view.right * width))
    top, bottom = int(view.top * height), max(int(view.top * height) + 2, round(view.bottom * height))
    return left, top, right, bottom
