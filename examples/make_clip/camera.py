"""From the generator's pictures to the film's: one steady person, moved by her landmarks.

The generator redraws hair and background whenever the face changes. So only the face is taken from each new picture,
in colours matched to the picture at rest, with soft edges; then lids, brows and head are moved by a smooth warp.
"""

from __future__ import annotations

import cv2
import numpy as np
from acting import Moment

WORK = 768  # pixels: twice the film's size, so that warping does not blur it
FILM = 384
SHADOW = 0.7  # of the light is lost at the lower end of the open mouth
CUT = 0.03  # of each side of the picture is cut away, so that a moved head has something to bring in

# Rings of MediaPipe's 478 points: the upper and the lower lid of either eye from corner to corner, and the face.
UPPER = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (362, 398, 384, 385, 386, 387, 388, 466, 263))
LOWER = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (362, 382, 381, 380, 374, 373, 390, 249, 263))
INNER_BROWS, OUTER_BROWS = (55, 107, 285, 336), (46, 70, 276, 300)
JAW = (127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356)
BROW_LINE = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
CHEEKS = (50, 205, 280, 425, 6, 197)


class Camera:
    """Films the face drawn at each moment onto the picture at rest. Pictures are (WORK, WORK, 3) uint8 RGB."""

    def __init__(self, rest: np.ndarray, points: np.ndarray) -> None:
        self._rest = rest.astype(np.float32)
        self._points = points[:, :2] * WORK
        self._tone = _tone(self._rest, self._points)
        self._x: np.ndarray
        self._y: np.ndarray
        self._y, self._x = np.indices((WORK, WORK)).astype(np.float32)

    def shoot(self, drawn: np.ndarray, points: np.ndarray, moment: Moment) -> np.ndarray:
        """The film's picture, uint8 (FILM, FILM, 3), of the face `drawn` with its `points` at `moment`."""
        xy = points[:, :2] * WORK
        face = drawn.astype(np.float32) * (self._tone / _tone(drawn.astype(np.float32), xy))
        mask = self._mask(xy)[..., None]
        whole = np.clip(self._rest + mask * (face - self._rest), 0, 255) * self._shade(xy)[..., None]
        x, y = self._expression(xy, moment)
        whole = cv2.remap(whole, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        x, y = self._head(moment)
        whole = cv2.remap(whole, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        edge = round(CUT * WORK)
        whole = cv2.resize(whole[edge:-edge, edge:-edge], (FILM, FILM), interpolation=cv2.INTER_AREA)
        return np.clip(whole + 0.5, 0, 255).astype(np.uint8)

    def _mask(self, xy: np.ndarray) -> np.ndarray:
        """Where the new face is taken: brows to chin, 1 inside and soft at the edge; the fringe stays as it is."""
        unit = np.linalg.norm(xy[33] - xy[263])
        brows = xy[list(BROW_LINE)] - [0, 0.16 * unit]
        outline = np.concatenate([self._points[list(JAW)], xy[list(JAW)], brows])
        face = np.zeros((WORK, WORK), np.float32)
        cv2.fillConvexPoly(face, cv2.convexHull(outline.astype(np.float32)).astype(np.int32), 1.0)
        size = round(0.1 * unit)
        inner = cv2.erode(face, np.ones((size, size), np.uint8))
        return cv2.GaussianBlur(inner, (0, 0), 0.07 * float(unit))

    def _shade(self, xy: np.ndarray) -> np.ndarray:
        """How much light is left, 0…1: the generator bares both rows of teeth, in speech the lower is in shadow."""
        top, bottom = xy[13, 1], xy[14, 1]
        depth = np.clip((self._y - top) / max(float(bottom - top), 1.0), 0, 1)
        mouth = np.zeros((WORK, WORK), np.float32)
        cv2.fillPoly(mouth, [xy[list(INNER_LIPS)].round().astype(np.int32)], 1.0)
        inside = cv2.GaussianBlur(cv2.erode(mouth, np.ones((3, 3), np.uint8)), (0, 0), 2.0)
        return 1 - inside * SHADOW * depth * depth * (3 - 2 * depth)

    def _expression(self, xy: np.ndarray, moment: Moment) -> tuple[np.ndarray, np.ndarray]:
        """Where each pixel comes from when lids and brows move."""
        x, y = self._x, self._y.copy()
        unit = float(np.linalg.norm(xy[33] - xy[263]))
        for brows, lift in ((INNER_BROWS, 0.035), (OUTER_BROWS, -0.012)):
            for pair in (brows[:2], brows[2:]):
                centre = xy[list(pair)].mean(0)
                near = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * (0.11 * unit) ** 2))
                y += near * moment.brows * lift * unit
        for upper, lower in zip(UPPER, LOWER, strict=True):
            y = self._lids(y, xy[list(upper)], xy[list(lower)], moment.shut)
        return x, y

    def _lids(self, y: np.ndarray, upper: np.ndarray, lower: np.ndarray, shut: float) -> np.ndarray:
        """Draws the skin above an eye down over it, column by column; nothing moves beyond fold and lower lid."""
        left, right = int(upper[:, 0].min()) + 1, int(upper[:, 0].max())
        columns = np.arange(left, right)
        top, bottom = (_arch(columns, lid) for lid in (upper, lower))
        height = np.maximum(bottom - top, 0.5)
        reach = max(1.0, float(height.max()))
        drop = shut * 0.97 * height
        # The lashes ride on the lid's edge as they are; only the skin between them and the fold stretches.
        fold, lashes = top - 1.05 * reach, top - 0.45 * reach
        here = y[:, left:right]
        skin = fold + (here - fold) * (lashes - fold) / (lashes + drop - fold)
        eye = top + (here - top - drop) * height / np.maximum(height - drop, 0.03 * height)
        moved = np.where(here < lashes + drop, skin, np.where(here < top + drop, here - drop, np.minimum(eye, bottom)))
        y = y.copy()
        y[:, left:right] = np.where((here > fold) & (here < bottom), moved, here)
        return y

    def _head(self, moment: Moment) -> tuple[np.ndarray, np.ndarray]:
        """Where each pixel comes from when the head moves: a ball on a neck, still at the picture's lower edge."""
        x, y = self._x, self._y
        centre = self._points[[10, 152]].mean(0)
        radius = float(np.linalg.norm(self._points[10] - self._points[152])) * 0.75
        u, v = (x - centre[0]) / radius, (y - centre[1]) / radius
        far = np.sqrt(u**2 + v**2)
        depth = np.sqrt(np.clip(1 - far**2, 0.0, None))
        turn, nod, tilt = (np.radians(angle) for angle in (moment.turn, moment.nod, moment.tilt))
        pivot = self._points[152] + [0, 0.25 * radius]
        held = np.clip((pivot[1] + 0.3 * radius - y) / (0.9 * radius), 0, 1)
        held = held * held * (3 - 2 * held) * np.clip(2.2 - far, 0, 1)
        dx = turn * radius * (0.35 + 0.65 * depth) - tilt * (y - pivot[1])
        dy = nod * radius * (0.35 + 0.65 * depth) + tilt * (x - pivot[0])
        return (x - dx * held).astype(np.float32), (y - dy * held).astype(np.float32)


def _arch(columns: np.ndarray, lid: np.ndarray) -> np.ndarray:
    """The lid's height at each column: a cubic through its nine points, as their own corners would show."""
    middle = lid[:, 0].mean()
    return np.polyval(np.polyfit(lid[:, 0] - middle, lid[:, 1], 3), columns - middle)


def _tone(picture: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """The mean colour of cheeks and nose bridge, shape (3,)."""
    size = max(2, round(0.05 * float(np.linalg.norm(xy[33] - xy[263]))))
    spots = [picture[int(y) - size : int(y) + size, int(x) - size : int(x) + size] for x, y in xy[list(CHEEKS)]]
    return np.mean([spot.mean((0, 1)) for spot in spots], axis=0)
