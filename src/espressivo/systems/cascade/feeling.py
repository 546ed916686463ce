"""What the senses say about a feeling, together, and in plain words how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from espressivo.emotion import EmotionScores, fuse
from espressivo.errors import InputError

# Of the top emotion's probability. How often each level is right on people and a language never trained on: README.md.
SURE, FAIRLY_SURE = 0.65, 0.45


@dataclass(frozen=True, eq=False)
class Feeling:
    """One sense's reading of a clip, as a whole and as it moves.

    Attributes:
        scores: over the whole clip.
        emotions: the names of the columns of `curve`.
        times: (moments,) seconds from the clip's start.
        curve: (moments, emotions) probabilities; each row sums to 1.
    """

    scores: EmotionScores
    emotions: tuple[str, ...]
    times: np.ndarray
    curve: np.ndarray

    @property
    def sureness(self) -> str:
        return sureness(self.scores)


def sureness(scores: EmotionScores) -> str:
    """How sure the scores are, in words: "sure", "fairly sure" or "unsure"."""
    if scores.confidence >= SURE:
        return "sure"
    return "fairly sure" if scores.confidence >= FAIRLY_SURE else "unsure"


def combine(face: Feeling | None, voice: Feeling | None) -> EmotionScores:
    """Both senses, each weighted by its certainty (1 - normalised entropy); one alone where the other is missing.

    Raises:
        InputError: neither sense has anything to say.
    """
    parts = [feeling.scores for feeling in (face, voice) if feeling is not None]
    if not parts:
        raise InputError("no face was seen and no voice was heard: give a clip with at least one of them")
    # The floor keeps two flat readings, which have no certainty at all, from having no weight at all.
    return fuse((scores, max(scores.certainty, 1e-3)) for scores in parts)
