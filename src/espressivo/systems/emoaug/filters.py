"""What a made clip must have kept: the voice and the words of its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from espressivo.clip import SPEECH_RATE
from espressivo.corpora.item import Item
from espressivo.engines.recognizer import LONGEST_PIECE, Recognizer
from espressivo.engines.stretches import stretches
from espressivo.errors import ConfigError
from espressivo.metrics.words import word_error_rate, words
from espressivo.signal.speaker import SpeakerEncoder, similarity, speaker_encoder
from espressivo.signal.vad import SpeechDetector

if TYPE_CHECKING:
    from espressivo.clip import Transcript

LEAST_SIMILAR, MOST_WRONG = 0.45, 0.34
RECOGNIZER = "whisper-base"


@dataclass(frozen=True)
class Limits:
    """What is refused.

    Attributes:
        least_similar: cosine between the speaker embeddings of source and clip; -1 lets all pass. The default lies
            midway between what two recordings of one person have in benchmarks/voices.py, whatever they felt (0.75 on
            average), and two people's (0.15). Another melody takes something off: 0.5 to 0.8 is what to expect.
        most_wrong: share of the words that are misheard in the clip and were not in the source; infinity does not
            listen for words at all. A third: two words of six, the shortest sentences of the usual corpora.

    Raises:
        ConfigError: a similarity outside -1 to 1, or a share below 0.
    """

    least_similar: float = LEAST_SIMILAR
    most_wrong: float = MOST_WRONG

    def __post_init__(self) -> None:
        if not -1 <= self.least_similar <= 1:
            raise ConfigError(f"got a least similarity of {self.least_similar:g}: give -1 (any) to 1 (identical)")
        if not self.most_wrong >= 0:
            raise ConfigError(f"got {self.most_wrong:g} as the most wrong words: give 0 (none), or more")

    @property
    def words(self) -> bool:
        """Whether words count."""
        return self.most_wrong != float("inf")


@dataclass(frozen=True)
class Verdict:
    """What became of voice and words.

    Attributes:
        similarity: of the voices, -1 to 1.
        wer: word error rate of what is heard in the clip; None where words were not looked at, or the recogniser
            understands none in the source either.
        wer_source: of what is heard in the source: 0 where that itself is what the clip's words are held against.
        why: it is refused; None where it is not.
    """

    similarity: float
    wer: float | None = None
    wer_source: float | None = None
    why: str | None = None


@dataclass(frozen=True, eq=False)
class Reference:
    """A source, as the clips made of it are held against it.

    Attributes:
        words: that should be heard; none where nobody knows them.
        wer: of what the recogniser hears in the source.
        language: that it hears them in.
    """

    words: tuple[str, ...]
    wer: float
    language: str | None


class Judge:
    """Listens to sources and clips; the models behind it load on first use."""

    def __init__(self, limits: Limits, recognizer: str | Path = RECOGNIZER) -> None:
        self.limits, self._name = limits, recognizer

    @cached_property
    def _speaker(self) -> SpeakerEncoder:
        return speaker_encoder()

    @cached_property
    def _recognizer(self) -> Recognizer:
        return Recognizer(self._name)

    def reference(self, item: Item, samples: np.ndarray) -> Reference:
        """What `item`, whose sound at 16 kHz is `samples`, says: its own text, else what is heard in it."""
        heard = self._hear(samples, item.language)
        spoken = words(heard.text, heard.language)
        told = words(item.text or "", item.language or heard.language) or spoken
        return Reference(told, word_error_rate(told, spoken) if told else 0.0, heard.language)

    def __call__(self, voice: np.ndarray, reference: Reference | None, clip: np.ndarray) -> Verdict:
        """Judges the samples of a clip at 16 kHz.

        Args:
            voice: the speaker embedding of the source.
            reference: what the source says; None where words do not count.

        Raises:
            InputError: the clip is shorter than half a second, or silent.
        """
        close = similarity(voice, self._speaker.embed(clip))
        if close < self.limits.least_similar:
            return Verdict(close, why=f"another voice: similarity {close:.2f} below {self.limits.least_similar:g}")
        if reference is None or not reference.words:
            return Verdict(close)
        heard = self._hear(clip, reference.language)
        wer = word_error_rate(reference.words, words(heard.text, reference.language))
        added, most = wer - reference.wer, self.limits.most_wrong
        why = f"other words: {added:.2f} of them newly wrong, above {most:g}" if added > most else None
        return Verdict(close, wer, reference.wer, why)

    def _hear(self, samples: np.ndarray, language: str | None) -> Transcript:
        """As `transcribe` does, but a piece short enough is heard whole: the speech detector is deaf to some shouts."""
        pieces = [(0.0, samples)]
        if len(samples) > LONGEST_PIECE * SPEECH_RATE:
            cuts = stretches(SpeechDetector().speech_segments(samples))
            pieces = [(start, samples[int(start * SPEECH_RATE) : int(end * SPEECH_RATE)]) for start, end in cuts]
        try:
            return self._recognizer.pieces(pieces, language=language)
        except ConfigError:  # a language that it does not know: it guesses the nearest
            return self._recognizer.pieces(pieces)
