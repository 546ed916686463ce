"""Made-up streams and tracks of moving faces."""

import numpy as np

from espressivo.media.facetrack import BLENDSHAPES, POINTS, FaceTrack
from espressivo.systems.face_emotion.examples import Examples
from espressivo.systems.face_emotion.stream import CHANNELS, DEGREES, SHAPES
from espressivo.systems.face_emotion.synthesis import Talk, World, make


def stream(frames: int = 60, seed: int = 0) -> np.ndarray:
    """(frames, 54) float32, every channel moving by itself."""
    return np.random.default_rng(seed).uniform(0, 0.5, (frames, len(CHANNELS))).astype(np.float32)


def track(shown: np.ndarray, fps: float = 25.0, absent: slice = slice(0, 0)) -> FaceTrack:
    """The track that has `shown` as its stream, with no face in the frames `absent`."""
    frames = len(shown)
    shapes = np.concatenate([np.zeros((frames, 1)), shown[:, : len(SHAPES)]], axis=1).astype(np.float32)
    pose, present = (shown[:, len(SHAPES) :] * DEGREES).astype(np.float32), np.ones(frames, bool)
    present[absent] = False
    shapes[absent], pose[absent] = np.nan, np.nan
    assert shapes.shape == (frames, len(BLENDSHAPES))
    points = np.zeros((frames, POINTS, 3), np.float32)
    return FaceTrack(fps, (96, 72), points, shapes, pose, present, present, present.astype(np.int32))


def made(people: int = 4, clips: int = 1, seed: int = 0) -> Examples:
    random = np.random.default_rng(seed)
    return make(Talk.made_up(random), people, clips, random, World())
