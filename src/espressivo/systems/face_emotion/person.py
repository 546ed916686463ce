"""What is usual for one person: their resting face and how lively it is, learned from clips without labels.

Measured faces differ more from person to person than from feeling to feeling: somebody's brows are low at rest. Taking
what is usual for the person out of each clip is the largest single gain of this room (README.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from espressivo.errors import InputError
from espressivo.systems.face_emotion.stream import statistics

if TYPE_CHECKING:
    from jaxtyping import Float

LEAST_CLIPS = 4
# No channel counts as steadier than this. Blendshapes as they are have a scale each, and only the rounding of float32
# must not be blown up. Log-odds are cut off at the foot (stream.py): what moves less than this is what was cut off.
_STEADIEST, _STEADIEST_ODDS = 1e-7, 1e-3


@dataclass(frozen=True, eq=False)
class Usual:
    """Mean and deviation over clips of their statistics (4, 54), and over all frames (54,)."""

    mean: np.ndarray
    deviation: np.ndarray
    frame_mean: np.ndarray
    frame_deviation: np.ndarray

    @classmethod
    def of(cls, streams: Sequence[Float[np.ndarray, "_ channels"]], odds: bool = False) -> Usual:
        """What is usual in `streams`, which hold log-odds where `odds`.

        Raises:
            InputError: fewer than four clips, which say nothing about what is usual.
        """
        if len(streams) < LEAST_CLIPS:
            raise InputError(
                f"got {len(streams)} clips of a person: give at least {LEAST_CLIPS} to learn their usual face"
            )
        clips, frames = np.stack([statistics(stream) for stream in streams]), np.concatenate(streams)
        least = _STEADIEST_ODDS if odds else _STEADIEST
        spread, lively = np.maximum(clips.std(axis=0), least), np.maximum(frames.std(axis=0), least)
        return cls(clips.mean(axis=0), spread, frames.mean(axis=0), lively)

    def clip(self, found: Float[np.ndarray, "4 channels"]) -> Float[np.ndarray, "4 channels"]:
        """The statistics of a clip, in deviations from what is usual."""
        return (found - self.mean) / self.deviation

    def frames(self, stream: Float[np.ndarray, "time channels"]) -> Float[np.ndarray, "time channels"]:
        """Each frame, in deviations from what is usual."""
        return (stream - self.frame_mean) / self.frame_deviation
