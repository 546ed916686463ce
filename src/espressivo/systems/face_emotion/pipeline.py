"""What a user calls: a tracked face in, its feeling out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from espressivo.assets.shipped import beside
from espressivo.clip import VIDEO_RATE
from espressivo.emotion import EmotionScores
from espressivo.errors import AssetError
from espressivo.media.facetrack import FaceTrack
from espressivo.systems.face_emotion.model import FaceEmotionNet
from espressivo.systems.face_emotion.person import Usual
from espressivo.systems.face_emotion.stream import LEAST_FRAMES, stream_of
from espressivo.systems.feeling import Feeling

SHIPPED = "checkpoints/face-emotion"
WINDOW, STEP = 1.5, 0.5  # seconds, of the curve over time


@dataclass(frozen=True)
class FaceEmotion:
    """Reads a feeling off how a tracked face moves; the weights load on first use.

    Attributes:
        folder: of the model.
        usual: of the person who is judged; None takes everybody's.
    """

    folder: Path
    usual: Usual | None = None

    @classmethod
    def from_pretrained(cls, folder: Path | str | None = None) -> FaceEmotion:
        """The model in `folder`; by default the one that ships, which allows commercial use.

        Raises:
            AssetError: there is no such folder. A damaged model is found out on first use.
        """
        place = beside(SHIPPED) if folder is None else Path(folder)
        if not place.is_dir():
            todo = (
                "install espressivo again" if folder is None else "give the output of 'espressivo train face-emotion'"
            )
            raise AssetError(f"there is no face-emotion model in {str(place)!r}: {todo}")
        return cls(place)

    @cached_property
    def net(self) -> FaceEmotionNet:
        return FaceEmotionNet.load(self.folder)

    def __call__(self, track: FaceTrack) -> Feeling | None:
        """The feeling over the whole track and over windows of 1.5 s; None where the face is in fewer than 5 frames."""
        stream = self.net.reads(stream_of(track))
        if len(stream) < LEAST_FRAMES:
            return None
        windows = list(_windows(len(stream)))
        curve = self._probabilities([stream, *(stream[start:end] for start, end in windows)])
        # The stream leaves out the frames without a face: where each frame of it was in the clip.
        at = np.linspace(0, 1, len(stream)) * (track.present.sum() - 1)
        seen = np.flatnonzero(track.present) / track.fps
        times = np.array([seen[round(at[(start + end - 1) // 2])] for start, end in windows])
        names = self.net.config.emotions
        return Feeling(EmotionScores(dict(zip(names, curve[0].tolist(), strict=True))), names, times, curve[1:])

    def adapt(self, tracks: Iterable[FaceTrack]) -> FaceEmotion:
        """The same for one person, whose usual face is learned from at least four of their clips, without labels.

        The clips should show the person in different moods: what they all share is taken for no feeling.

        Raises:
            InputError: fewer than four tracks that show the face.
        """
        streams = [self.net.reads(stream_of(track)) for track in tracks]
        shown = [stream for stream in streams if len(stream) >= LEAST_FRAMES]
        return replace(self, usual=Usual.of(shown, self.net.config.odds))

    def _probabilities(self, streams: list[np.ndarray]) -> np.ndarray:
        return self.net.probabilities(streams, None if self.usual is None else [self.usual] * len(streams))


def _windows(frames: int) -> Iterable[tuple[int, int]]:
    """First and last frame but one of each window; a short stream is one window."""
    length, step = round(WINDOW * VIDEO_RATE), round(STEP * VIDEO_RATE)
    for start in range(0, max(frames - length, 0) + 1, step):
        yield start, min(start + length, frames)
