"""Faces for voices that nobody filmed: made-up people who feel what the voice is labelled with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from espressivo.systems.avlm.seen import EXPRESSION, LIPS, PICTURE, Seen
from espressivo.systems.face_emotion.facs import EMOTIONS
from espressivo.systems.face_emotion.stream import resampled
from espressivo.systems.face_emotion.synthesis import Person, Talk, World


class MadeUp:
    """Draws faces, blendshapes and pose alone.

    Args:
        talk: streams (frames, 54) of real people who talk without feeling; none makes that up too.
    """

    def __init__(self, talk: Sequence[np.ndarray] = ()) -> None:
        self.talk = Talk.of(talk) if talk else Talk.made_up(np.random.default_rng(0))

    def __call__(self, emotion: str, frames: int, random: np.random.Generator, who: str | None = None) -> Seen:
        """A face with that feeling, so many frames of it.

        Args:
            who: the same name is the same face; of nobody, somebody is drawn.
        """
        named = random if who is None else np.random.default_rng(list(who.encode()))
        person = Person(self.talk, named, World())
        person.random = random
        stream = person(emotion if emotion in EMOTIONS else "neutral")
        stream = resampled(stream, float(np.clip(frames / len(stream), 0.7, 1.4)))
        nothing = np.zeros((len(stream), PICTURE, PICTURE), np.uint8)
        outline = np.zeros((len(stream), LIPS), np.float32)
        assert stream.shape[1] == EXPRESSION
        return Seen(stream, outline, nothing, nothing, np.ones(len(stream), bool)).cut(frames)
