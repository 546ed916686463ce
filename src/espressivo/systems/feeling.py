"""What the senses say about a feeling, together, and in plain words how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from espressivo.emotion import EMOTIONS, EmotionScores
from espressivo.errors import InputError

# Of the top emotion's probability. How often each level is right on people and a language never trained on stands in
# systems/cascade/README.md.
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
    """Both senses as independent evidence, their probabilities multiplied; one alone where the other is missing.

    A sense that is not certain is nearly flat and changes little: that is how certainty weighs. An emotion that a sense
    does not know gets that sense's average, which says nothing for or against it.

    Raises:
        InputError: neither sense has anything to say.
    """
    parts = [feeling.scores.probabilities for feeling in (face, voice) if feeling is not None]
    if not parts:
        raise InputError("no face was seen and no voice was heard: give a clip with at least one of them")
    names = [name for name in EMOTIONS if any(name in part for part in parts)]
    # The floor keeps one sense from ruling out for good what the other is sure of.
    evidence = {n: math.prod(max(part.get(n, 1 / len(part)) * len(part), 1e-3) for part in parts) for n in names}
    return EmotionScores(evidence)
