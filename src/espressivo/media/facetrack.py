"""What a face did over a clip: points, expression, head pose, and in which frames any of it is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from espressivo.errors import InputError

POINTS = 478
# The order in which MediaPipe gives Apple's ARKit blendshapes.
BLENDSHAPES = (
    "_neutral",
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight"),
    *("eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight"),
    *("eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight"),
    *("jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
    *("mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight"),
    *("mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight"),
)
INNER_LIPS = (13, 14)
EYE_CORNERS = (33, 263)
LONGEST_GAP = 0.2


@dataclass(frozen=True, eq=False, repr=False)
class FaceTrack:
    """One face over `frames` pictures, `fps` of them a second. Whatever is not known is NaN.

    Attributes:
        fps: frames a second.
        size: (width, height) of the pictures that `points` are pixels of.
        points: (frames, 478, 3) float32; x to the right, y down, z towards the back of the head, all in pixels.
        blendshapes: (frames, 52) float32 in [0, 1], named by BLENDSHAPES.
        pose: (frames, 3) float32, degrees: yaw (> 0: turned to the picture's right), pitch (> 0: looking up),
            roll (> 0: tilted anticlockwise in the picture).
        measured: (frames,) bool, the tracker saw the face.
        present: (frames,) bool, measured, or filled in between two measured frames at most 0.2 s apart.
        faces: (frames,) int32, how many faces were in the picture, at most 4.
    """

    fps: float
    size: tuple[int, int]
    points: np.ndarray
    blendshapes: np.ndarray
    pose: np.ndarray
    measured: np.ndarray
    present: np.ndarray
    faces: np.ndarray

    def __post_init__(self) -> None:
        frames = len(self.measured)
        assert self.points.shape == (frames, POINTS, 3)
        assert self.blendshapes.shape == (frames, len(BLENDSHAPES))
        assert self.pose.shape == (frames, 3)
        assert self.present.shape == self.measured.shape == self.faces.shape == (frames,)
        for name in ("points", "blendshapes", "pose", "measured", "present", "faces"):
            frozen = getattr(self, name).view()
            frozen.flags.writeable = False
            object.__setattr__(self, name, frozen)

    def __len__(self) -> int:
        return len(self.measured)

    @property
    def duration(self) -> float:
        return len(self) / self.fps

    @property
    def presence(self) -> float:
        """The part of the frames, 0 to 1, in which the face is present."""
        return float(self.present.mean()) if len(self) else 0.0

    @property
    def mean_yaw(self) -> float:
        """How far the head is turned away on average, in degrees; NaN when there is no face."""
        return _mean(np.abs(self.pose[self.present, 0]))

    @property
    def mean_pitch(self) -> float:
        """How far the head looks up or down on average, in degrees; NaN when there is no face."""
        return _mean(np.abs(self.pose[self.present, 1]))

    @property
    def mean_roll(self) -> float:
        """How far the head is tilted on average, in degrees; NaN when there is no face."""
        return _mean(np.abs(self.pose[self.present, 2]))

    @property
    def boxes(self) -> np.ndarray:
        """(frames, 4): left, top, right, bottom of the points, in pixels; NaN where the face is not present."""
        flat = self.points[..., :2]
        return np.concatenate([flat.min(axis=1), flat.max(axis=1)], axis=1)

    @property
    def mouth_opening(self) -> np.ndarray:
        """(frames,): gap between the lips in eye-corner distances; shut is 0, wide open about 0.5."""
        return mouth_opening(self.points)

    def blendshape(self, name: str) -> np.ndarray:
        """(frames,): the blendshape of that name."""
        return self.blendshapes[:, BLENDSHAPES.index(name)]

    def trim(self, start: float, end: float) -> FaceTrack:
        """The frames from `start` to `end` seconds.

        Raises:
            InputError: the stretch is empty or begins past the end.
        """
        first, last = round(start * self.fps), min(len(self), round(end * self.fps))
        if not 0 <= first < last:
            raise InputError(f"the face track lasts {self.duration:.2f} s: cannot take {start:.2f}–{end:.2f} s of it")
        names = ("points", "blendshapes", "pose", "measured", "present", "faces")
        return replace(self, **{name: getattr(self, name)[first:last] for name in names})

    def __str__(self) -> str:
        return f"face in {self.presence:.0%} of {len(self)} frames at {self.fps:g}/s, up to {self.faces.max(initial=0)}"

    def __repr__(self) -> str:
        return f"FaceTrack({self})"


def mouth_opening(points: np.ndarray) -> np.ndarray:
    """Gap between the inner lips over the distance of the outer eye corners: (…, 478, 3) points → (…).

    In three dimensions, so that a turned head does not read as an open mouth.
    """
    return _distance(points, INNER_LIPS) / _distance(points, EYE_CORNERS)


def assemble(
    fps: float,
    size: tuple[int, int],
    points: np.ndarray,
    blendshapes: np.ndarray,
    pose: np.ndarray,
    measured: np.ndarray,
    faces: np.ndarray,
) -> FaceTrack:
    """A track of what was measured, the short gaps in it filled in along straight lines; its ends stay as they are.

    The arrays are those of FaceTrack, NaN where nothing was measured. They are written to and kept, not copied: for an
    hour of video `points` alone has 0.5 GB.
    """
    present = measured.copy()
    for before, after in pairwise(np.flatnonzero(measured)):
        if 1 < after - before <= LONGEST_GAP * fps + 1e-6:
            present[before:after] = True
            share = np.arange(1, after - before, dtype=np.float32) / (after - before)
            for part in (points, blendshapes, pose):
                weight = share.reshape(-1, *[1] * (part.ndim - 1))
                part[before + 1 : after] = part[before] + weight * (part[after] - part[before])
    return FaceTrack(fps, size, points, blendshapes, pose, measured, present, faces)


def _distance(points: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    return np.linalg.norm(points[..., pair[0], :] - points[..., pair[1], :], axis=-1)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
