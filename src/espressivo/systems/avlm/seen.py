"""What the model sees of a face, 25 times a second: how it moves, the lips' outline, and its picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from espressivo.clip import VIDEO_RATE, Clip, Video
from espressivo.errors import InputError
from espressivo.media.crops import face_crops, mouth_crops
from espressivo.media.face import track
from espressivo.media.facetrack import BLENDSHAPES, FaceTrack

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, UInt8

SHAPES = BLENDSHAPES[1:]  # the first, "_neutral", is always 0
EXPRESSION = len(SHAPES) + 3
DEGREES = 45.0  # pose is divided by this, so that it has the size of a blendshape
OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
LIPS = 2 * len(OUTER + INNER)
EYES = (33, 263)
PICTURE = 48  # pixels
LEAST_FRAMES = 5
TURNED = 30.0
"""Mean degrees that a head may be turned away to be learned from, as the paper says."""
PARTS = ("expression", "lips", "mouth", "face")


@dataclass(frozen=True, eq=False)
class Seen:
    """The largest face of a clip, `frames` of it at 25 a second; where it is absent, the last that was seen.

    Attributes:
        expression: (frames, 54) float32: 51 blendshapes, then yaw, pitch and roll over 45°.
        lips: (frames, 80) float32: the outline of the lips about its middle, in distances between the eyes, as on an
            upright face.
        mouth, face: (frames, 48, 48) uint8, grey crops.
        present: (frames,) bool.
    """

    expression: Float[np.ndarray, "frames expression"]
    lips: Float[np.ndarray, "frames lips"]
    mouth: UInt8[np.ndarray, "frames size size"]
    face: UInt8[np.ndarray, "frames size size"]
    present: Bool[np.ndarray, " frames"]

    def __len__(self) -> int:
        return len(self.present)

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Seen:
        """From what `SeenFeature` measured."""
        expression, lips = (arrays[name].astype(np.float32) for name in ("expression", "lips"))
        return cls(expression, lips, arrays["mouth"], arrays["face"], arrays["present"].astype(bool))

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """For the feature cache."""
        half = {"expression": self.expression.astype(np.float16), "lips": self.lips.astype(np.float16)}
        return half | {"mouth": self.mouth, "face": self.face, "present": self.present}

    @property
    def yaw(self) -> float:
        """Degrees that the head is turned away, on average over where it is there."""
        return float(np.abs(self.expression[self.present, len(SHAPES)]).mean() * DEGREES)

    def cut(self, frames: int) -> Seen:
        """The first so many frames; the last one stays on where there are fewer."""
        rows = np.minimum(np.arange(frames), len(self) - 1)
        return Seen(self.expression[rows], self.lips[rows], self.mouth[rows], self.face[rows], self.present[rows])


def look(video: Video, found: FaceTrack) -> Seen:
    """The face that `found` follows through `video`, of the same frames.

    Raises:
        InputError: it is there in fewer than LEAST_FRAMES frames.
    """
    rows = _carried(found.present)
    mouth, face = (_grey(crops(video, found, PICTURE)) for crops in (mouth_crops, face_crops))
    pictured = np.minimum(rows, len(mouth) - 1)  # a video may hold a frame less than its track
    moving = (_expression(found)[rows], outline(found)[rows])
    return Seen(*moving, mouth[pictured], face[pictured], found.present.copy())


def glance(found: FaceTrack) -> Seen:
    """A face as it moves, without pictures, from a track at any rate.

    Raises:
        InputError: as `look`.
    """
    rows = np.minimum(np.arange(max(1, round(found.duration * VIDEO_RATE))) * found.fps / VIDEO_RATE, len(found) - 1)
    at = _carried(found.present)[np.round(rows).astype(int)]
    black = np.zeros((len(at), PICTURE, PICTURE), np.uint8)
    present = found.present[np.round(rows).astype(int)]
    return Seen(_expression(found)[at], outline(found)[at], black, black, present)


def _carried(present: Bool[np.ndarray, " frames"]) -> np.ndarray:
    """For each frame the last one in which the face was there; before the first, that."""
    if present.sum() < LEAST_FRAMES:
        raise InputError(f"a face was seen in {int(present.sum())} frames only: {LEAST_FRAMES} are needed")
    rows = np.maximum.accumulate(np.where(present, np.arange(len(present)), -1))
    return np.where(rows < 0, int(np.argmax(present)), rows)


def _expression(found: FaceTrack) -> Float[np.ndarray, "frames expression"]:
    return np.concatenate([found.blendshapes[:, 1:], found.pose / DEGREES], axis=1).astype(np.float32)


def outline(found: FaceTrack) -> Float[np.ndarray, "frames lips"]:
    """The lips about their middle, turned upright, with the distance between the eyes as 1; NaN without a face."""
    flat = found.points[..., :2].astype(np.float64)
    eyes = flat[:, EYES[1]] - flat[:, EYES[0]]
    across = eyes[:, 0] + 1j * eyes[:, 1]
    lips = flat[:, OUTER + INNER]
    points = lips[..., 0] + 1j * lips[..., 1]
    with np.errstate(invalid="ignore"):
        points = (points - points.mean(axis=1, keepdims=True)) / across[:, None]
    return np.stack([points.real, points.imag], axis=2).reshape(len(found), -1).astype(np.float32)


def _grey(crops: object) -> UInt8[np.ndarray, "frames size size"]:
    import cv2

    return np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops])  # type: ignore[attr-defined]


@dataclass(frozen=True)
class SeenFeature:
    """For the feature cache: a clip's `Seen.arrays`."""

    name: str = "avlm-seen-1"

    def __call__(self, clip: Clip) -> dict[str, np.ndarray]:
        """Raises InputError: no video, or hardly any face."""
        if clip.video is None:
            raise InputError(f"{clip.name} has no video")
        video = clip.video.at(VIDEO_RATE)
        return look(video, track(video, workers=1)).arrays
