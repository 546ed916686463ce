"""One taxonomy of emotions, and scores over it.

The names are the adjectives people type (`--emotion sad`); each corpus' or model's own label is mapped onto them.
The set is the union of what the public corpora label: Ekman's six and neutral, with calm, bored and contemptuous.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from espressivo.errors import ConfigError

EMOTIONS = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgusted",
    "surprised",
    "bored",
    "contemptuous",
)

_ALIASES = {
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "anger": "angry",
    "fear": "fearful",
    "afraid": "fearful",
    "anxious": "fearful",
    "disgust": "disgusted",
    "surprise": "surprised",
    "boredom": "bored",
    "contempt": "contemptuous",
    "calmness": "calm",
}


def canonical(name: str) -> str:
    """The taxonomy's name for `name`: "Anger" and "angry" both give "angry".

    Raises:
        ConfigError: no emotion of that name.
    """
    key = name.strip().lower()
    key = _ALIASES.get(key, key)
    if key not in EMOTIONS:
        raise ConfigError(f"unknown emotion {name!r}: choose one of {', '.join(EMOTIONS)}")
    return key


def check_emotions(names: Collection[str]) -> None:
    """For what a model tells apart.

    Raises:
        ConfigError: no names at all, or one that is no emotion's.
    """
    if not names:
        raise ConfigError("it names no emotions")
    for name in names:
        canonical(name)


@dataclass(frozen=True)
class EmotionScores:
    """Probabilities over some of EMOTIONS; they sum to 1."""

    probabilities: Mapping[str, float]

    def __post_init__(self) -> None:
        scores = {canonical(name): float(value) for name, value in self.probabilities.items()}
        total = math.fsum(scores.values())
        if not scores or min(scores.values()) < 0 or not math.isfinite(total) or total <= 0:
            raise ConfigError(f"emotion scores must be non-negative and not all zero, got {dict(self.probabilities)}")
        object.__setattr__(self, "probabilities", {name: value / total for name, value in scores.items()})

    @property
    def top(self) -> str:
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    @property
    def confidence(self) -> float:
        """The probability of the top emotion."""
        return self.probabilities[self.top]

    @property
    def certainty(self) -> float:
        """1 when one emotion has all the probability, 0 when all have the same (1 - normalised entropy)."""
        if len(self.probabilities) == 1:
            return 1.0
        entropy = -math.fsum(p * math.log(p) for p in self.probabilities.values() if p > 0)
        return min(max(1.0 - entropy / math.log(len(self.probabilities)), 0.0), 1.0)  # rounding may leave [0, 1]

    def ranked(self) -> list[tuple[str, float]]:
        return sorted(self.probabilities.items(), key=lambda item: -item[1])

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.2f}" for name, value in self.ranked()[:3])
