"""Landmarks drawn on a picture, for figures."""

from __future__ import annotations

from functools import cache

import numpy as np

# Fine lines in a light colour: they should show the face, not hide it.
_COLOURS = {
    "FACE_OVAL": (235, 235, 235),
    "LEFT_EYEBROW": (120, 220, 255),
    "RIGHT_EYEBROW": (120, 220, 255),
    "LEFT_EYE": (120, 220, 255),
    "RIGHT_EYE": (120, 220, 255),
    "LEFT_IRIS": (255, 255, 255),
    "RIGHT_IRIS": (255, 255, 255),
    "NOSE": (200, 230, 200),
    "LIPS": (255, 140, 160),
}
_SHARE = 4  # cv2 takes points in fractions of a pixel: 2 ** 4 of them


def draw_landmarks(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A copy of the picture with the outlines of face, brows, eyes, nose and lips; as it was where points are NaN.

    Args:
        frame: uint8 (height, width, 3) RGB.
        points: (478, 2) or (478, 3), in pixels of this picture: scale them if it was resized.
    """
    import cv2

    drawn = np.ascontiguousarray(frame).copy()
    if not np.isfinite(points[:, :2]).all():
        return drawn
    face = float(np.ptp(points[:, :2], axis=0).max())
    thickness = max(1, round(face / 220))
    fixed = np.round(points[:, :2] * 2**_SHARE).astype(np.int32)
    for name, colour in _COLOURS.items():
        lines = [fixed[list(pair)].reshape(-1, 1, 2) for pair in _lines(name)]
        cv2.polylines(drawn, lines, False, colour, thickness, cv2.LINE_AA, _SHARE)
    return drawn


@cache
def _lines(part: str) -> tuple[tuple[int, int], ...]:
    """Pairs of points that outline a part of the face."""
    from mediapipe.tasks.python.vision import FaceLandmarksConnections

    return tuple((line.start, line.end) for line in getattr(FaceLandmarksConnections, f"FACE_LANDMARKS_{part}"))
