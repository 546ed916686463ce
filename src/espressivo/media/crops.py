"""Pictures of the face or the mouth, upright and always the same size: what the networks look at.

Four steady points (two eyes, tip and bridge of the nose) are fitted to a template by the similarity (turn, scale,
shift) with the least squared error. They hardly move with expression, so neither a smile nor an open mouth changes the
scale. The points are averaged over a fifth of a second first: a crop that trembles looks like a face that does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from espressivo.clip import Video
from espressivo.errors import InputError
from espressivo.media.facetrack import FaceTrack

# Each eye is the mean of its corners, which a blink does not move.
RIGHT_EYE, LEFT_EYE, NOSE_TIP, NOSE_BRIDGE = (33, 133), (263, 362), (1,), (168,)
MOUTH_CORNERS = (61, 291)
# Where the four points go, in crop sizes: the face from the middle of the forehead to the chin.
_FACE = np.array([[0.32, 0.36], [0.68, 0.36], [0.50, 0.60], [0.50, 0.37]])
_MOUTH_SCALE = 1.6
_SMOOTHING = 0.2


def face_crops(video: Video, track: FaceTrack, size: int = 112) -> Iterator[np.ndarray]:
    """The face in each frame, uint8 (size, size, 3) RGB; black where it is not present.

    Raises:
        InputError: `track` is not of this video.
    """
    anchors = _smooth(_anchors(track), track.present, track.fps)
    return _crops(video, track, _similarities(anchors, _FACE * size), size)


def mouth_crops(video: Video, track: FaceTrack, size: int = 96) -> Iterator[np.ndarray]:
    """The mouth in each frame, centred between its corners, uint8 (size, size, 3) RGB; black where not present.

    Turn and scale come from eyes and nose: scaled by the mouth itself, a wide mouth and a small one would look alike.

    Raises:
        InputError: `track` is not of this video.
    """
    corners = track.points[:, MOUTH_CORNERS, :2].mean(axis=1, keepdims=True)
    anchors = _smooth(np.concatenate([_anchors(track), corners], axis=1), track.present, track.fps)
    matrices = _similarities(anchors[:, :-1], _FACE * size * _MOUTH_SCALE)
    centres = np.einsum("fij,fj->fi", matrices[:, :, :2], anchors[:, -1])
    matrices[:, :, 2] = size / 2 - centres
    return _crops(video, track, matrices, size)


def _anchors(track: FaceTrack) -> np.ndarray:
    """(frames, 4, 2): the steady points in pixels."""
    groups = (RIGHT_EYE, LEFT_EYE, NOSE_TIP, NOSE_BRIDGE)
    return np.stack([track.points[:, group, :2].mean(axis=1) for group in groups], axis=1).astype(np.float64)


def _smooth(points: np.ndarray, present: np.ndarray, fps: float) -> np.ndarray:
    """Each frame's points averaged with those of its neighbours, near ones counting most, absent ones not at all."""
    reach = max(1, round(_SMOOTHING / 2 * fps))
    window = np.hanning(2 * reach + 3)[1:-1]
    if len(points) == 0:
        return points
    flat = np.where(present[:, None], points.reshape(len(points), -1), 0.0)
    total = sum(w * _shifted(flat, k - reach) for k, w in enumerate(window))
    weight = sum(w * _shifted(present.astype(np.float64)[:, None], k - reach) for k, w in enumerate(window))
    smooth = np.asarray(total) / np.maximum(weight, 1e-9)
    return np.where(present[:, None], smooth, np.nan).reshape(points.shape)


def _shifted(values: np.ndarray, steps: int) -> np.ndarray:
    """`values` moved `steps` frames later, zeros moving in."""
    moved = np.zeros_like(values)
    if abs(steps) < len(values):
        moved[max(0, steps) : len(values) + min(0, steps)] = values[max(0, -steps) : len(values) - max(0, steps)]
    return moved


def _similarities(points: np.ndarray, template: np.ndarray) -> np.ndarray:
    """(frames, 2, 3): the similarities that bring each frame's (n, 2) points closest to the template.

    With points as complex numbers, a similarity is p → a·p + b, and least squares has the closed form
    a = Σ conj(p)·t / Σ |p|² over centred points p and template t.
    """
    p = points[..., 0] + 1j * points[..., 1]
    t = template[:, 0] + 1j * template[:, 1]
    middle, goal = p.mean(axis=1, keepdims=True), t.mean()
    spread = np.maximum((np.abs(p - middle) ** 2).sum(axis=1), 1e-9)
    with np.errstate(invalid="ignore"):  # an absent face has no similarity: NaN in, NaN out
        a = ((p - middle).conj() * (t - goal)).sum(axis=1) / spread
    b = goal - a * middle[:, 0]
    rows = [[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]]
    return np.moveaxis(np.array(rows), 2, 0)


def _crops(video: Video, track: FaceTrack, matrices: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Warps each frame. A big picture is decoded smaller: bilinear sampling cannot shrink by more than two."""
    if len(track) == 0 or abs(len(video) - len(track)) > 1 or video.size != track.size:
        raise InputError(
            f"the face track has {len(track)} frames of {track.size}, the video {len(video)} of {video.size}: "
            "track this very video"
        )
    scales = np.linalg.norm(matrices[track.present, :, 0], axis=1)
    longest = max(video.size)
    if len(scales) and 2 * scales.max() < 1:
        longest = int(np.ceil(2 * scales.max() * longest))
    return _warp(video.within(longest), track, matrices, size)


def _warp(video: Video, track: FaceTrack, matrices: np.ndarray, size: int) -> Iterator[np.ndarray]:
    import cv2

    shrunk = np.array([track.size[0] / video.size[0], track.size[1] / video.size[1], 1.0])
    for frame, matrix, present in zip(video.frames(), matrices * shrunk, track.present, strict=False):
        if present:
            yield cv2.warpAffine(frame, matrix, (size, size), flags=cv2.INTER_LINEAR)
        else:
            yield np.zeros((size, size, 3), np.uint8)
