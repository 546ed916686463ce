"""What a conversation gives back: what was perceived, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from espressivo.clip import Clip, Transcript
from espressivo.emotion import EmotionScores
from espressivo.media.facetrack import FaceTrack
from espressivo.media.speech import Speech
from espressivo.systems.feeling import Feeling


@dataclass(frozen=True)
class Perception:
    """What was heard and seen in a clip; `senses` ("face", "voice") are those that had something to go by."""

    clip: Clip
    emotion: EmotionScores
    sureness: str
    senses: Mapping[str, Feeling] = field(default_factory=dict)
    transcript: Transcript | None = None
    understood: bool = False
    track: FaceTrack | None = None
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: no arrays, no paths beyond the clip's name."""
        heard = self.transcript
        return {
            "clip": {"name": self.clip.name, "seconds": round(self.clip.duration, 3)},
            "emotion": {"name": self.emotion.top, "sureness": self.sureness, "scores": _rounded(self.emotion)},
            "senses": {name: _rounded(feeling.scores) for name, feeling in self.senses.items()},
            "heard": None if heard is None else _heard(heard, self.understood),
            "notes": list(self.notes),
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }


@dataclass(frozen=True)
class Reply:
    """The answer to a clip: its text, how it was spoken, and the perception it rests on."""

    perception: Perception
    text: str
    speech: Speech
    how: str
    """How the text came about: "guided", "prompted", "not understood", "careful", "gentle" …, see `engines.empathy`."""
    danger: str | None = None
    """The kind of danger that was heard or feared ("self-harm" …), to which the text is a fixed answer."""
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def emotion(self) -> EmotionScores:
        return self.perception.emotion

    def as_dict(self) -> dict[str, Any]:
        """The content of reply.json."""
        perceived = self.perception.as_dict()
        seconds = {**perceived.pop("seconds"), **{name: round(value, 3) for name, value in self.seconds.items()}}
        spoken = {"seconds": round(self.speech.duration, 3), "rate": self.speech.rate, "synthetic": True}
        written = {"text": self.text, "how": self.how, "danger": self.danger, "speech": spoken}
        return {**perceived, "reply": written, "seconds": seconds}


def _rounded(scores: EmotionScores) -> dict[str, float]:
    return {name: round(value, 4) for name, value in scores.ranked()}


def _heard(heard: Transcript, understood: bool) -> dict[str, Any]:
    return {
        "text": heard.text,
        "understood": understood,
        "language": heard.language,
        "language_probability": round(heard.language_probability, 4),
        "confidence": round(heard.confidence, 4),
        "words": [{"text": w.text, "start": round(w.start, 2), "end": round(w.end, 2)} for w in heard.words],
    }
