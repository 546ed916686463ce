"""Drawn faces: nobody's, yet enough of one for the real tracker; and a tracker that reads faces off coded pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from espressivo.clip import Video
from espressivo.media.facetrack import BLENDSHAPES, EYE_CORNERS, INNER_LIPS, FaceTrack
from espressivo.media.tracker import Face
from espressivo.media.views import Box

SKIN, SHADE, HAIR, LIPS = (224, 180, 155), (210, 160, 136), (60, 40, 30), (180, 85, 85)


def drawn_face(
    size: tuple[int, int] = (360, 270), centre: tuple[float, float] = (0.5, 0.5), radius: float = 0.33, mouth: float = 0
) -> np.ndarray:
    """An RGB picture of `size` with a face; its chin is `radius` picture heights below its centre."""
    scale = 4
    width, height = size[0] * scale, size[1] * scale
    unit = radius * height
    picture = np.full((height, width, 3), (170, 185, 200), np.uint8)

    def oval(x: float, y: float, a: float, b: float, colour: tuple[int, int, int], *arc: int) -> None:
        start, end, line = (*arc, max(1, int(0.03 * unit))) if arc else (0, 360, -1)
        middle = (int(centre[0] * width + x * unit), int(centre[1] * height + y * unit))
        cv2.ellipse(picture, middle, (int(a * unit), int(b * unit)), 0, start, end, colour, line, cv2.LINE_AA)

    for shape in ((0, -0.25, 0.86, 1, HAIR), (0, 1.35, 0.32, 0.5, SHADE), (0, 0, 0.74, 1, SKIN)):
        oval(*shape)
    picture[:] = cv2.GaussianBlur(picture, (0, 0), unit * 0.03)
    oval(0, -0.95, 0.62, 0.22, HAIR)
    for side in (-1, 1):
        oval(side * 0.3, -0.12, 0.16, 0.08, SHADE)
        oval(side * 0.3, -0.12, 0.13, 0.06, (245, 245, 245))
        oval(side * 0.3, -0.12, 0.058, 0.058, (70, 50, 35))
        oval(side * 0.3, -0.13, 0.14, 0.075, HAIR, 180, 360)
        oval(side * 0.3, -0.26, 0.17, 0.06, HAIR, 190, 350)
        oval(side * 0.08, 0.26, 0.035, 0.022, (140, 90, 75))
    oval(0, 0.22, 0.1, 0.09, SHADE)
    oval(0, 0.05, 0.03, 0.2, (232, 192, 168))
    oval(0, 0.53, 0.24, 0.08 + mouth, LIPS)
    oval(0, 0.53, 0.2, 0.015 + mouth * 0.8, (70, 25, 30))
    smooth = cv2.GaussianBlur(picture, (0, 0), 0.8 * scale)
    return cv2.resize(smooth, size, interpolation=cv2.INTER_AREA)


@dataclass
class Frames:
    """A frame source of these pictures, that many a second; `reads` counts what was taken from it."""

    pictures: Sequence[np.ndarray]
    fps: float = 25.0
    reads: int = field(default=0, init=False)

    @property
    def duration(self) -> float:
        return len(self.pictures) / self.fps

    @property
    def size(self) -> tuple[int, int]:
        return self.pictures[0].shape[1], self.pictures[0].shape[0]

    def frames(self, start: float, end: float, fps: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
        for picture in self.pictures[round(start * fps) : round(end * fps)]:
            self.reads += 1
            yield picture.copy() if size == self.size else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def video_of(pictures: Sequence[np.ndarray], fps: float = 25.0) -> Video:
    source = Frames(pictures, fps)
    return Video(source, 0.0, source.duration, source.size, fps)


def coded(*faces: tuple[int, int, int, int]) -> np.ndarray:
    """A picture that says where its faces are: (x, y, side, mouth), the first three in percent of the picture."""
    picture = np.zeros((90, 160, 3), np.uint8)
    for k, (x, y, side, mouth) in enumerate(faces):
        picture[0, 2 * k], picture[0, 2 * k + 1, 0] = (x, y, side), mouth
    return picture


def face_at(x: int, y: int, side: int, mouth: int = 0) -> Face:
    """A face whose points lie on the border of a square, with the given gap between the lips."""
    angle = np.linspace(0, 2 * np.pi, 478, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    points = ring / np.abs(ring).max(axis=1, keepdims=True) * side / 2 + (x, y, 0)
    points[list(EYE_CORNERS)] = [(x - side / 4, y, 0), (x + side / 4, y, 0)]
    points[list(INNER_LIPS)] = [(x, y, 0), (x, y + mouth / 255 * side / 4, 0)]
    shapes = np.full(len(BLENDSHAPES), mouth / 255, np.float32)
    return Face((points / 100).astype(np.float32), shapes, np.array([x, y, side], np.float32))


class CodedDetector:
    """Reads `coded` pictures."""

    closed = False

    def look(self, frame: np.ndarray) -> list[Box]:
        boxes = [frame[0, k].astype(int) for k in range(0, 8, 2) if frame[0, k].any()]
        return [Box((x - s / 2) / 100, (y - s / 2) / 100, (x + s / 2) / 100, (y + s / 2) / 100) for x, y, s in boxes]

    def close(self) -> None:
        self.closed = True


class CodedTracker:
    """Reads `coded` pictures; with one face, its points drift to their place over the first few pictures."""

    closed = False

    def __init__(self, drift: float = 0.0) -> None:
        self.drift = drift
        self.calls: list[tuple[int, bool]] = []

    def load(self) -> None: ...

    def follow(self, frames: Sequence[np.ndarray], fps: float, several: bool) -> list[list[Face]]:
        self.calls.append((len(frames), several))
        found = []
        for number, frame in enumerate(frames):
            faces = [
                face_at(*map(int, frame[0, k]), int(frame[0, k + 1, 0])) for k in range(0, 8, 2) if frame[0, k].any()
            ]
            if not several:
                off = np.float32(self.drift * 0.5**number)
                faces = [face._replace(points=face.points + off) for face in faces[:1]]
            found.append(faces)
        return found

    def close(self) -> None:
        self.closed = True


def use_coded(monkeypatch: pytest.MonkeyPatch) -> list[CodedTracker]:
    """Makes `track` read coded pictures; the list gets the trackers it makes."""
    made: list[CodedTracker] = []

    def tracker(weights: object) -> CodedTracker:
        made.append(CodedTracker())
        return made[-1]

    monkeypatch.setattr("espressivo.media.face.fetch", lambda name: name)
    monkeypatch.setattr("espressivo.media.face.MediaPipeDetector", lambda weights: CodedDetector())
    monkeypatch.setattr("espressivo.media.face.MediaPipeTracker", tracker)
    return made


def centre(track: FaceTrack) -> np.ndarray:
    """(frames, 2): the middle of the face in percent of the picture."""
    boxes = track.boxes
    return (boxes[:, :2] + boxes[:, 2:]) / 2 / track.size * 100
