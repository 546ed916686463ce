"""What the room looks at: a face's blendshapes and head pose, 25 times a second, and nothing of its picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from espressivo.clip import VIDEO_RATE, Clip
from espressivo.errors import InputError
from espressivo.media.face import track
from espressivo.media.facetrack import BLENDSHAPES, FaceTrack

if TYPE_CHECKING:
    from jaxtyping import Float

LEAST_FRAMES = 5  # fewer say nothing of how a face moves
SHAPES = BLENDSHAPES[1:]  # the first, "_neutral", is always 0
CHANNELS = (*SHAPES, "yaw", "pitch", "roll")
DEGREES = 45.0  # pose is divided by this, so that it has the size of a blendshape
FLOOR = 0.003
STATISTICS = ("mean", "deviation", "high", "change")


@dataclass(frozen=True)
class FaceFeature:
    """The largest face of a clip as arrays for `corpora.features.extract`.

    "blendshapes" (frames, 52), "pose" (frames, 3) in degrees, "present" (frames,), as in FaceTrack, at 25 frames/s.
    """

    name: str = "face-stream-1"

    def __call__(self, clip: Clip) -> dict[str, np.ndarray] | None:
        """Raises InputError: no video, or a face in fewer than 5 frames."""
        if clip.video is None:
            raise InputError(f"{clip.name} has no video: a face is judged by how it moves")
        # One thread: several clips are measured side by side.
        found = track(clip.video.at(VIDEO_RATE), workers=1)
        frames = int(found.present.sum())
        if frames < LEAST_FRAMES:
            seen = (
                f"a face was seen in {frames} frames of {clip.name} only"
                if frames
                else f"no face was seen in {clip.name}"
            )
            raise InputError(f"{seen}: give a clip that shows one for at least {LEAST_FRAMES / VIDEO_RATE:g} s")
        return {"blendshapes": found.blendshapes, "pose": found.pose, "present": found.present}


def stream_of(
    face: FaceTrack | Mapping[str, np.ndarray], fps: float = VIDEO_RATE
) -> Float[np.ndarray, "time channels"]:
    """The frames in which the face is present, (frames, 54) float32 in the order of CHANNELS, at 25 a second.

    Frames without it are cut out; what is left may be empty.

    Args:
        face: a track, or what FaceFeature gives.
        fps: of the latter.
    """
    if isinstance(face, FaceTrack):
        fps, face = face.fps, {"blendshapes": face.blendshapes, "pose": face.pose, "present": face.present}
    present = face["present"].astype(bool)
    whole = np.concatenate([face["blendshapes"][:, 1:], face["pose"] / DEGREES], axis=1, dtype=np.float32)
    kept = whole[present]
    return kept if fps == VIDEO_RATE else resampled(kept, VIDEO_RATE / fps)


def as_odds(stream: Float[np.ndarray, "time channels"]) -> Float[np.ndarray, "time channels"]:
    """Blendshapes as log-odds, the pose as it is; what the tracker reports below about .003 is all the same."""
    shapes, pose = np.split(stream, [len(SHAPES)], axis=-1)
    return np.concatenate([np.log((shapes + FLOOR) / (1 - shapes + FLOOR)), pose], axis=-1, dtype=np.float32)


def resampled(stream: Float[np.ndarray, "time channels"], factor: float) -> Float[np.ndarray, "after channels"]:
    """The stream with `factor` times as many frames, along straight lines."""
    if not len(stream):
        return stream
    at = np.linspace(0, len(stream) - 1, max(1, round(len(stream) * factor)))
    before = np.minimum(at.astype(int), max(len(stream) - 2, 0))
    share = (at - before)[:, None].astype(np.float32)
    after = np.minimum(before + 1, len(stream) - 1)
    return stream[before] * (1 - share) + stream[after] * share


def mirrored(stream: Float[np.ndarray, "time channels"]) -> Float[np.ndarray, "time channels"]:
    """As a mirror shows the face: left and right change places, the head turns and tilts the other way."""
    return stream[:, _OPPOSITE] * _SIGN


def statistics(stream: Float[np.ndarray, "time channels"]) -> Float[np.ndarray, "4 channels"]:
    """Of a whole clip, as STATISTICS: mean, deviation, 90th percentile, mean change from frame to frame."""
    change = np.abs(np.diff(stream, axis=0)).mean(axis=0) if len(stream) > 1 else np.zeros(stream.shape[1])
    rows = (stream.mean(axis=0), stream.std(axis=0), _high(stream), change)
    return np.stack(rows).astype(np.float32)


def _high(stream: np.ndarray) -> np.ndarray:
    """The 90th percentile: ten times as quick as np.quantile, and each training step takes it of every clip."""
    place = 0.9 * (len(stream) - 1)
    below = int(place)
    low, high = np.sort(stream, axis=0)[[below, min(below + 1, len(stream) - 1)]]
    return low + (place - below) * (high - low)


def _other_side(name: str) -> str:
    if name.endswith("Left"):
        return name[: -len("Left")] + "Right"
    return name[: -len("Right")] + "Left" if name.endswith("Right") else name


_OPPOSITE = np.array([CHANNELS.index(_other_side(name)) for name in CHANNELS])
_SIGN = np.array([-1.0 if name in ("yaw", "roll") else 1.0 for name in CHANNELS], np.float32)
