"""What a face does, in numbers read off its landmarks, and how it is lit."""

from __future__ import annotations

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

from espressivo.assets import fetch

LOOK = 384  # pixels: larger finds nothing more


class Watcher:
    """Finds the 478 points and 52 blendshapes of the face in a picture."""

    def __init__(self) -> None:
        base = BaseOptions(model_asset_path=str(fetch("face-landmarker")))
        options = vision.FaceLandmarkerOptions(base_options=base, output_face_blendshapes=True)
        self._landmarker = vision.FaceLandmarker.create_from_options(options)

    def points(self, picture: np.ndarray) -> np.ndarray | None:
        """Points of shape (478, 3), 0…1 across the picture, or None where no face is found."""
        found = self._find(picture).face_landmarks
        return np.array([(p.x, p.y, p.z) for p in found[0]], np.float32) if found else None

    def blendshapes(self, picture: np.ndarray) -> dict[str, float] | None:
        found = self._find(picture).face_blendshapes
        return {b.category_name: b.score for b in found[0]} if found else None

    def numbers(self, picture: np.ndarray) -> dict[str, float] | None:
        """What `measure` finds, or None where there is no face."""
        small = cv2.resize(picture, (LOOK, LOOK), interpolation=cv2.INTER_AREA)
        points = self.points(small)
        return None if points is None else measure(points, small)

    def _find(self, picture: np.ndarray) -> vision.FaceLandmarkerResult:
        if picture.shape[0] > LOOK:
            picture = cv2.resize(picture, (LOOK, LOOK), interpolation=cv2.INTER_AREA)
        return self._landmarker.detect(mp.Image(mp.ImageFormat.SRGB, np.ascontiguousarray(picture)))


def measure(points: np.ndarray, picture: np.ndarray) -> dict[str, float]:
    """The numbers that are steered, in distances between the outer eye corners; up and right are positive.

    The light is there because an open mouth is easily bought with another photographer's lamp.
    """
    xy = points[:, :2]
    unit = float(np.linalg.norm(xy[33] - xy[263]))

    def apart(a: int, b: int) -> float:
        return float(np.linalg.norm(xy[a] - xy[b])) / unit

    def light(*spots: int) -> float:
        reach = max(2, round(0.04 * unit * len(picture)))
        at = (xy[list(spots)] * len(picture)).astype(int)
        return float(np.mean([picture[y - reach : y + reach, x - reach : x + reach].mean() for x, y in at])) / 255

    eyes = (xy[33] + xy[263]) / 2
    lids, corners = (xy[159, 1] + xy[386, 1]), (xy[61, 1] + xy[291, 1])
    return {
        "lips apart": apart(13, 14),
        "mouth corners": float(xy[0, 1] + xy[17, 1] - corners) / 2 / unit,
        "mouth width": apart(61, 291),
        "inner brows": float(lids - xy[55, 1] - xy[285, 1]) / unit,
        "outer brows": float(lids - xy[46, 1] - xy[276, 1]) / unit,
        "eyes open": apart(159, 145) + apart(386, 374),
        "turn": float(xy[1, 0] - eyes[0]) / unit,
        "nod": float(xy[1, 1] - eyes[1]) / unit,
        "tilt": float(xy[263, 1] - xy[33, 1]) / unit,
        "chin": float(xy[152, 1] - xy[1, 1]) / unit,
        "size": 10 * unit,
        "across": 10 * float(eyes[0]),
        "down": 10 * float(eyes[1]),
        "nose width": apart(48, 278),
        "light on cheeks": light(50, 280),
        "light under eyes": light(230, 450),
        "light on chin": light(199),
        "light on brow": light(9),
    }
