"""Made-up replies for the tests of what is done with them: no weights, no models."""

import numpy as np

from espressivo.clip import Clip, Transcript, Word
from espressivo.emotion import EmotionScores
from espressivo.media.facetrack import BLENDSHAPES, POINTS, FaceTrack
from espressivo.media.read import from_arrays
from espressivo.media.speech import Speech
from espressivo.systems.feeling import Feeling
from espressivo.systems.reply import Perception, Reply

FRAMES, SIZE = 50, (96, 72)


def talker(name: str = "talker", *, sound: bool = True, video: bool = True) -> Clip:
    """Two seconds of a hum and of grey pictures."""
    hum = (0.3 * np.sin(2 * np.pi * 150 * np.arange(32_000) / 16_000)).astype(np.float32)
    frames = np.full((FRAMES, SIZE[1], SIZE[0], 3), 120, np.uint8)
    return from_arrays(sound=(hum, 16_000) if sound else None, video=(frames, 25.0) if video else None, name=name)


def face(present: bool = True) -> FaceTrack:
    """A face in the middle of every picture, or in none."""
    rng = np.random.default_rng(0)
    points = np.full((FRAMES, POINTS, 3), np.nan, np.float32)
    if present:
        points[:] = rng.uniform((30, 20, -5), (66, 56, 5), (POINTS, 3))
    known = np.full(FRAMES, present)
    shapes = np.full((FRAMES, len(BLENDSHAPES)), 0.1, np.float32)
    return FaceTrack(
        25.0, SIZE, points, shapes, np.zeros((FRAMES, 3), np.float32), known, known, known.astype(np.int32)
    )


def feeling() -> Feeling:
    times = np.linspace(0.2, 1.8, 5)
    curve = np.stack([np.linspace(0.9, 0.1, 5), np.linspace(0.1, 0.9, 5)], axis=1)
    return Feeling(EmotionScores({"sad": 0.6, "happy": 0.4}), ("sad", "happy"), times, curve)


def perception(clip: Clip | None = None, track: FaceTrack | None = None, text: str = "hello there") -> Perception:
    clip = clip or talker()
    words = tuple(Word(word, i * 0.5, i * 0.5 + 0.4) for i, word in enumerate(text.split()))
    heard = Transcript(text, "en", 0.9, 0.8, words)
    senses = {"face": feeling(), "voice": feeling()}
    return Perception(
        clip, EmotionScores({"sad": 1.0}), "sure", senses, heard, True, track, ("a note",), {"looking": 0.1}
    )


def reply(seen: Perception | None = None, text: str = "I am here.") -> Reply:
    hum = (0.1 * np.sin(2 * np.pi * 220 * np.arange(48_000) / 24_000)).astype(np.float32)
    return Reply(seen or perception(), text, Speech(hum, 24_000), "guided", None, {"thinking": 0.2})
