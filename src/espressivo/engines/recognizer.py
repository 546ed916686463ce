"""Hearing the words: Whisper run by CTranslate2, with an honest measure of whether they were understood.

Whisper was trained on windows of exactly 30 s and is usually fed so, however short the sound. Its encoder costs by the
second, so a short turn is given here only some silence after it (`MARGIN`, measured in benchmarks/recognizer.py); when
that makes it stammer, a known weakness, the whole window is heard after all. Long sound is heard in pieces that end in
pauses, which also keeps it from inventing words where nobody speaks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from espressivo.assets import fetch
from espressivo.clip import SPEECH_RATE, Transcript, Word
from espressivo.errors import AssetError, ConfigError, InputError

if TYPE_CHECKING:
    from ctranslate2.models import Whisper
    from faster_whisper.feature_extractor import FeatureExtractor
    from faster_whisper.tokenizer import Tokenizer
    from tokenizers import Tokenizer as Vocabulary

LONGEST_PIECE = 28.0
MARGIN = 2.0
"""Seconds of silence that are put after a piece."""

_WINDOW = 30.0
_START_TOKENS, _FASTEST_TALK = 8, 12.0
"""No talk needs more tokens than this many, and so many more for each second."""
_ENGLISH = 0.1
"""Probability from which English is taken: Whisper often names Welsh, Nynorsk or French for short, clipped English."""


class Recognizer:
    """Words, their times and the language of 16 kHz speech.

    Source: Whisper (Radford et al., arXiv 2212.04356), in int8.

    Args:
        model: the name of a pinned asset, or a folder with a CTranslate2 Whisper model.
        threads: CPU threads; 0 leaves it to CTranslate2.
        margin: seconds of silence put after each piece; `None` fills Whisper's window of 30 s, as it was trained.
    """

    rate = SPEECH_RATE

    def __init__(self, model: str | Path = "whisper-base", *, threads: int = 0, margin: float | None = MARGIN) -> None:
        self._where, self._threads, self._margin = model, threads, margin

    def load(self) -> Recognizer:
        """Loads the model now rather than at the first call."""
        _ = self._model, self._vocabulary, self._features
        return self

    def __call__(self, samples: np.ndarray, *, language: str | None = None) -> Transcript:
        """The words of one piece, (samples,) float32 in [-1, 1] at 16 kHz, at most 28 s long.

        `language` (ISO 639-1) skips the guess. The confidence is the geometric mean probability of a token.

        Raises:
            InputError: the piece is longer than Whisper's window allows.
            ConfigError: a language that Whisper does not know.
        """
        seconds = len(samples) / self.rate
        if seconds > LONGEST_PIECE:
            raise InputError(f"one piece of {seconds:.1f} s is too long: Whisper hears at most {LONGEST_PIECE:.0f} s")
        heard = self._hear(samples, language, self._margin)
        if self._margin is not None and _stammers(heard.text, seconds):
            heard = self._hear(samples, language, None)
        return heard

    def _hear(self, samples: np.ndarray, language: str | None, margin: float | None) -> Transcript:
        seconds = len(samples) / self.rate
        encoded = self._model.encode(self._mel(samples, margin))
        code, certainty = (language, 1.0) if language else self._language(encoded)
        tokenizer = self._tokenizer(code)
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        limit = len(prompt) + _START_TOKENS + int(_FASTEST_TALK * seconds)
        found = self._model.generate(encoded, [prompt], beam_size=1, max_length=min(limit, 224), return_scores=True)[0]
        tokens = [token for token in found.sequences_ids[0] if token < tokenizer.eot]
        text = tokenizer.decode(tokens).strip()
        confidence = math.exp(found.scores[0]) if text else 0.0
        words = self._words(encoded, tokenizer, tokens, seconds) if text else ()
        return Transcript(text, code, certainty, confidence, words)

    def pieces(self, pieces: Iterable[tuple[float, np.ndarray]], *, language: str | None = None) -> Transcript:
        """One transcript of several pieces, each with the second at which it begins; the first piece's language."""
        heard: list[Transcript] = []
        for start, samples in pieces:
            piece = self(samples, language=language or (heard[0].language if heard else None))
            shifted = tuple(replace(w, start=w.start + start, end=w.end + start) for w in piece.words)
            heard.append(replace(piece, words=shifted))
        return _joined(heard)

    @cached_property
    def _folder(self) -> Path:
        return Path(self._where) if Path(self._where).is_dir() else fetch(str(self._where))

    @cached_property
    def _model(self) -> Whisper:
        from ctranslate2.models import Whisper

        with self._loading():
            return Whisper(str(self._folder), device="cpu", compute_type="int8", intra_threads=self._threads)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        from tokenizers import Tokenizer

        with self._loading():
            return Tokenizer.from_file(str(self._folder / "tokenizer.json"))

    @contextmanager
    def _loading(self) -> Iterator[None]:
        """What is missing or damaged in a folder as one line; the libraries raise anything, with long texts."""
        try:
            yield
        except Exception as error:
            reason = str(error).splitlines()[0][:160]
            raise AssetError(
                f"no recogniser could be loaded from {str(self._folder)!r} ({reason}): "
                "give the folder of a CTranslate2 Whisper model with its tokenizer.json"
            ) from error

    @cached_property
    def _features(self) -> FeatureExtractor:
        from faster_whisper.feature_extractor import FeatureExtractor

        return FeatureExtractor(feature_size=self._model.n_mels)

    def _tokenizer(self, language: str) -> Tokenizer:
        from faster_whisper.tokenizer import Tokenizer

        try:
            return Tokenizer(self._vocabulary, self._model.is_multilingual, task="transcribe", language=language)
        except ValueError:
            raise ConfigError(f"Whisper knows no language {language!r}: give a code such as en, de, id") from None

    def _mel(self, samples: np.ndarray, margin: float | None) -> Any:
        from ctranslate2 import StorageView

        length = _WINDOW if margin is None else min(_WINDOW, len(samples) / self.rate + margin)
        count = 2 * round(length * self.rate / self._features.hop_length / 2)
        wave = np.pad(samples, (0, max(0, count * self._features.hop_length - len(samples))))
        mel = self._features(wave, padding=0)[:, :count]
        return StorageView.from_array(np.ascontiguousarray(mel[None], np.float32))

    def _language(self, encoded: Any) -> tuple[str, float]:
        if not self._model.is_multilingual:
            return "en", 1.0
        ranked = [(token[2:-2], probability) for token, probability in self._model.detect_language(encoded)[0]]
        english = dict(ranked).get("en", 0.0)
        return ("en", english) if english > _ENGLISH else ranked[0]

    def _words(self, encoded: Any, tokenizer: Tokenizer, tokens: list[int], seconds: float) -> tuple[Word, ...]:
        """Each word with its times, from the cross-attention's alignment of tokens to frames of 20 ms."""
        frames = max(1, round(seconds * self.rate / self._features.hop_length))
        found = self._model.align(encoded, list(tokenizer.sot_sequence), [tokens], frames)[0]
        begins = _token_times(found.alignments, len(tokens) + 1, seconds)
        texts, groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
        words: list[Word] = []
        first = 0
        for text, group in zip(texts, groups, strict=True):
            last = first + len(group)
            if first >= len(tokens) or not text.strip():
                break
            if words and not any(letter.isalnum() for letter in text):
                words[-1] = replace(words[-1], text=words[-1].text + text.strip())  # a comma is no word of its own
            else:
                sure = float(np.mean(found.text_token_probs[first:last]))
                words.append(Word(text.strip(), begins[first], begins[min(last, len(tokens))], sure))
            first = last
        return tuple(words)


def _stammers(text: str, seconds: float) -> bool:
    """Whether words come again and again: three in a row a second time, or one word more than thrice running."""
    words = text.lower().split()
    threes = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    runs = any(len(set(words[i : i + 4])) == 1 for i in range(len(words) - 3))
    return runs or len(threes) != len(set(threes)) or len(text) > 12 + 30 * seconds


def _token_times(alignments: list[tuple[int, int]], count: int, seconds: float) -> list[float]:
    """When each of `count` tokens (the last is the end of text) begins: the first frame it is aligned to."""
    first: dict[int, float] = {}
    for token, frame in alignments:
        first.setdefault(token, min(frame * 0.02, seconds))
    times, now = [], 0.0
    for token in range(count):
        now = max(now, first.get(token, seconds if token == count - 1 else now))
        times.append(now)
    return times


def _joined(heard: list[Transcript]) -> Transcript:
    """Several transcripts as one; the sureness is the mean, weighted by the number of words."""
    if not heard:
        return Transcript("", "und", 0.0, 0.0)
    weights = [max(len(piece.words), 1) for piece in heard]
    sure, language = (
        float(np.average([getattr(piece, name) for piece in heard], weights=weights))
        for name in ("confidence", "language_probability")
    )
    text = " ".join(piece.text for piece in heard if piece.text)
    return Transcript(text, heard[0].language, language, sure, tuple(w for piece in heard for w in piece.words))
