"""Hearing the words: Whisper through CTranslate2, with an honest measure of whether they were understood."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from espressivo.assets import fetch
from espressivo.clip import SPEECH_RATE, Transcript, Word

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

LONGEST_WINDOW = 30.0
"""Seconds Whisper hears at once; longer sound is heard window by window."""

_LOOKALIKES = ("cy", "nn", "la")
"""Languages that Whisper names for short, clipped English (Welsh, Nynorsk, Latin): English is tried instead."""


class Recognizer:
    """Words, their times and the language of 16 kHz speech.

    Source: Whisper (Radford et al., arXiv 2212.04356), run in int8 by CTranslate2.
    """

    rate = SPEECH_RATE

    def __init__(self, model: str | Path = "whisper-base", *, threads: int = 0) -> None:
        """`model` is the name of a pinned asset or a folder that CTranslate2 or transformers saved."""
        self._where = model
        self._threads = threads

    @cached_property
    def _model(self) -> WhisperModel:
        from faster_whisper import WhisperModel

        folder = self._where if Path(self._where).is_dir() else fetch(str(self._where))
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=self._threads)

    def load(self) -> Recognizer:
        _ = self._model
        return self

    def __call__(self, samples: np.ndarray, *, language: str | None = None) -> Transcript:
        """The words of `samples` (samples,), float32 at 16 kHz.

        `language` (ISO 639-1) skips the guess. The confidence is the mean probability of a token, between 0 and 1.
        """
        code, certainty = (language, 1.0) if language else self._language(samples)
        segments, _ = self._model.transcribe(
            samples,
            language=code,
            beam_size=1,
            temperature=0.0,
            word_timestamps=True,
            condition_on_previous_text=False,
            without_timestamps=len(samples) < LONGEST_WINDOW * self.rate,
        )
        return _transcript(list(segments), code, certainty)

    def _language(self, samples: np.ndarray) -> tuple[str, float]:
        code, certainty, ranked = self._model.detect_language(samples)
        english = dict(ranked).get("en", 0.0)
        if code in _LOOKALIKES and english > 0.3 * certainty:
            return "en", english + certainty
        return code, certainty


def _transcript(segments: list[Any], language: str, certainty: float) -> Transcript:
    words = tuple(Word(w.word.strip(), w.start, w.end, w.probability) for s in segments for w in s.words or ())
    weights = [max(len(s.tokens), 1) for s in segments]
    mean = sum(s.avg_logprob * n for s, n in zip(segments, weights, strict=True)) / max(sum(weights), 1)
    text = " ".join(s.text.strip() for s in segments)
    return Transcript(text, language, min(certainty, 1.0), math.exp(mean) if text else 0.0, words)
