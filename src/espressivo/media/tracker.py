"""MediaPipe's face landmarker behind a small contract: some pictures in a row in, the faces of each out.

What was measured about it, and decides how it is used here:
- One landmarker keeps one core busy and lets go of the interpreter lock, so several threads with one each scale.
- Loading one takes 20 ms, a detection alone 1.6 ms, following a face 7.5 ms, finding it anew 9.5 ms a picture.
- Following one face (video mode) is faster than finding it anew in every picture and three times steadier. With more
  than one face asked for, video mode finds them anew in every picture: it equals image mode to the last bit.
- A picture without a face makes video mode forget the past: what follows equals what a new landmarker would give.
  Except at time zero, which its smoothing treats in a way of its own: hence a clock that starts at one second.
- The array must be C-contiguous. If not, no face is found, and no error is raised.
"""

from __future__ import annotations

import os
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from espressivo.errors import AssetError
from espressivo.media import reports
from espressivo.media.landmarker import Found, detect
from espressivo.media.views import TILES, Box, cut

MOST_FACES = 4
_QUIET = threading.Lock()


class Face(NamedTuple):
    """One face in one picture."""

    points: np.ndarray  # (478, 3) float32, x and z in picture widths, y in picture heights
    blendshapes: np.ndarray  # (52,) float32 in [0, 1]
    pose: np.ndarray  # (3,) float32, yaw, pitch and roll in degrees


class Detector(Protocol):
    """Finds where faces are, in one picture alone."""

    def look(self, frame: np.ndarray) -> list[Box]:
        """The faces in a uint8 (height, width, 3) RGB picture, at most MOST_FACES."""
        ...

    def close(self) -> None: ...


class Tracker(Protocol):
    """Follows faces through pictures in a row; it remembers nothing of the pictures of the call before."""

    def load(self) -> None:
        """Gets ready, if it is not: called ahead of need, from any thread."""
        ...

    def follow(self, frames: Sequence[np.ndarray], fps: float, several: bool) -> list[list[Face]]:
        """The faces of each uint8 (height, width, 3) RGB picture: at most one, unless there are `several`."""
        ...

    def close(self) -> None: ...


class MediaPipeDetector:
    """The landmarker's own face detector. Where it sees no face in the whole picture, it looks at parts of it."""

    def __init__(self, weights: Path) -> None:
        self._model = _load(_detector, weights)

    def look(self, frame: np.ndarray) -> list[Box]:
        boxes = self._boxes(frame)
        if not boxes:
            boxes = _distinct([box.within(tile) for tile in TILES for box in self._boxes(cut(frame, tile))])
        return boxes[:MOST_FACES]

    def _boxes(self, frame: np.ndarray) -> list[Box]:
        height, width = frame.shape[:2]
        found = [detection.bounding_box for detection in self._model.detect(_image(frame)).detections]
        return [
            Box(
                box.origin_x / width,
                box.origin_y / height,
                (box.origin_x + box.width) / width,
                (box.origin_y + box.height) / height,
            )
            for box in found
        ]

    def close(self) -> None:
        _close(self._model)


class MediaPipeTracker:
    """One face is followed from picture to picture; with several, each picture is searched anew.

    Models are loaded when first needed. Use it from one thread at a time; make one for each thread.
    """

    def __init__(self, weights: Path) -> None:
        self._weights = weights
        self._models: dict[bool, Any] = {}
        self._clock = 0

    def load(self) -> None:
        self._model(several=False)

    def follow(self, frames: Sequence[np.ndarray], fps: float, several: bool) -> list[list[Face]]:
        landmarker = self._model(several)
        if several:
            return [_faces(detect(landmarker, _image(frame))) for frame in frames]
        start = self._clock + 1000
        landmarker.detect_for_video(_image(np.zeros_like(frames[0])), start)
        times = [start + 1000 + max(i, round(1000 * i / fps)) for i in range(len(frames))]
        self._clock = times[-1]
        return [_faces(detect(landmarker, _image(f), t)) for f, t in zip(frames, times, strict=True)]

    def _model(self, several: bool) -> Any:
        if several not in self._models:
            self._models[several] = _load(_several if several else _one, self._weights)
        return self._models[several]

    def close(self) -> None:
        while self._models:
            _close(self._models.popitem()[1])


def head_pose(matrix: np.ndarray) -> np.ndarray:
    """Yaw, pitch and roll in degrees from the (4, 4) matrix that turns the standard head into the one seen.

    The camera looks along -z with y up. The head is tilted, then nods, then turns: R = Ry(yaw) Rx(-pitch) Rz(roll).
    """
    turn = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    yaw = np.arctan2(turn[0, 2], turn[2, 2])
    pitch = np.arcsin(np.clip(turn[1, 2], -1, 1))
    roll = np.arctan2(turn[1, 0], turn[1, 1])
    return np.degrees([yaw, pitch, roll]).astype(np.float32)


def _distinct(boxes: list[Box]) -> list[Box]:
    """Without those whose centre lies in one before: tiles overlap, and a face may be found in two."""
    kept: list[Box] = []
    for box in boxes:
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        if not any(other.left < x < other.right and other.top < y < other.bottom for other in kept):
            kept.append(box)
    return kept


def _faces(found: list[Found]) -> list[Face]:
    return [Face(face.points, face.blendshapes, head_pose(face.matrix)) for face in found]


def _image(frame: np.ndarray) -> Any:
    from mediapipe import Image, ImageFormat

    return Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(frame))


def _load(make: Callable[[Path], Any], weights: Path) -> Any:
    """A model that has seen one picture: the first one makes it talk too. To be closed with `_close`."""
    reports.hold()
    with ExitStack() as undo, _quiet():
        undo.callback(reports.release)
        model = make(weights)
        blank = _image(np.zeros((64, 64, 3), np.uint8))
        if make is _one:
            model.detect_for_video(blank, 0)
        else:
            model.detect(blank)
        undo.pop_all()
    return model


def _close(model: Any) -> None:
    with _quiet():
        try:
            model.close()
        finally:
            reports.release()


def _one(weights: Path) -> Any:
    return _landmarker(weights, "VIDEO", 1)


def _several(weights: Path) -> Any:
    return _landmarker(weights, "IMAGE", MOST_FACES)


def _landmarker(weights: Path, mode: str, faces: int) -> Any:
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(weights)),
        running_mode=vision.RunningMode[mode],
        num_faces=faces,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    return vision.FaceLandmarker.create_from_options(options)


def _detector(weights: Path) -> Any:
    from mediapipe.tasks.python import BaseOptions, vision

    try:
        with zipfile.ZipFile(weights) as bundle:
            model = bundle.read("face_detector.tflite")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise AssetError(f"{weights} is not a face landmarker bundle ({error}): fetch face-landmarker again") from error
    options = vision.FaceDetectorOptions(base_options=BaseOptions(model_asset_buffer=model))
    return vision.FaceDetector.create_from_options(options)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the chatter of loading a model off the terminal.

    MediaPipe writes some ten lines straight to file descriptor 2 and heeds neither Python's logging nor the known
    environment variables. So while a model loads or closes (about 20 ms) the descriptor itself points to nothing, for
    the whole process: what another thread prints just then is lost. Errors still come as exceptions.
    """
    with _QUIET:
        try:
            kept = os.dup(2)
        except OSError:  # no standard error at all: nothing to hide
            yield
            return
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 2)
        os.close(nothing)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
