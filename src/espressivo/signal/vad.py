"""Where someone speaks: Silero's voice activity model, and the rules that turn its probabilities into stretches.

The rules live in a state machine that sees one probability at a time, so the same code serves a whole file and a live
microphone, and both give the same stretches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from espressivo.clip import SPEECH_RATE
from espressivo.errors import ConfigError
from espressivo.signal.wave import checked_wave
from espressivo.signal.weights import open_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FRAME = 512
# The model sees each frame with the end of the one before it.
CONTEXT = 64
STATE = (2, 1, 128)

Segment = tuple[float, float]


@dataclass(frozen=True)
class SpeechRules:
    """How probabilities become stretches of speech; times in seconds.

    Attributes:
        threshold: probability at which speech begins.
        release: probability below which it may end; lower than `threshold`, so that it does not flicker.
        shortest_speech: shorter stretches are dropped.
        shortest_silence: shorter pauses are bridged.
        margin: added on both sides, for soft beginnings and ends.
    """

    threshold: float = 0.5
    release: float = 0.35
    shortest_speech: float = 0.25
    shortest_silence: float = 0.1
    margin: float = 0.03

    def __post_init__(self) -> None:
        if not 0 < self.release <= self.threshold < 1:
            raise ConfigError(f"need 0 < release <= threshold < 1, got {self.release} and {self.threshold}")
        if not 0 <= 2 * self.margin <= self.shortest_silence:
            raise ConfigError(f"the margin must be at most half of shortest_silence, got {self.margin}")


class _Segmenter:
    """Reads one probability after the other and hands out stretches, in frames, as soon as they are over."""

    def __init__(self, rules: SpeechRules, frame: float) -> None:
        self.rules, self.frame = rules, frame
        self.clock = 0
        self.start: int | None = None
        self.pause: int | None = None

    def push(self, probability: float) -> tuple[int, int] | None:
        now, rules = self.clock, self.rules
        self.clock += 1
        if probability >= rules.threshold:
            self.start, self.pause = now if self.start is None else self.start, None
        elif self.start is not None and probability < rules.release and self.pause is None:
            self.pause = now
        if self.pause is None or (self.clock - self.pause) * self.frame < rules.shortest_silence:
            return None
        return self.finish()

    def finish(self) -> tuple[int, int] | None:
        """The open stretch, if it is long enough; and a fresh start."""
        start, end = self.start, self.clock if self.pause is None else self.pause
        self.start = self.pause = None
        if start is None or (end - start) * self.frame < self.rules.shortest_speech:
            return None
        return start, end


class SpeechStream:
    """Speech detection on sound that arrives in chunks of any length; see SpeechDetector.stream."""

    def __init__(self, session: InferenceSession, rules: SpeechRules, rate: int) -> None:
        self._session, self._rules, self._rate = session, rules, rate
        self._segmenter = _Segmenter(rules, FRAME / rate)
        self._state = np.zeros(STATE, np.float32)
        self._tail = np.zeros(CONTEXT, np.float32)
        self._waiting = np.zeros(0, np.float32)
        self._received = 0
        self.probabilities: list[float] = []

    @property
    def speaking(self) -> bool:
        """Whether a stretch of speech is open at the end of what was pushed."""
        return self._segmenter.start is not None

    def push(self, samples: np.ndarray) -> list[Segment]:
        """Take more samples, (samples,); give the stretches of speech that ended in them, in seconds.

        Raises:
            InputError: not mono, empty or not finite.
        """
        wave = checked_wave(samples, self._rate, task="speech detection")
        self._received += len(wave)
        wave = np.concatenate([self._waiting, wave])
        whole = len(wave) // FRAME * FRAME
        self._waiting = wave[whole:]
        return self._detect(wave[:whole])

    def finish(self) -> list[Segment]:
        """Nothing more will come: the stretches that are still open. The last frame is filled up with silence."""
        rest = self._waiting
        self._waiting = rest[:0]
        found = self._detect(np.pad(rest, (0, FRAME - len(rest)))) if len(rest) else []
        last = self._segmenter.finish()
        return found + ([] if last is None else [self._seconds(last)])

    def _detect(self, wave: np.ndarray) -> list[Segment]:
        ended = []
        for frame in wave.reshape(-1, FRAME):
            probability = self._run(frame)
            self.probabilities.append(probability)
            ended.append(self._segmenter.push(probability))
        return [self._seconds(stretch) for stretch in ended if stretch is not None]

    def _run(self, frame: np.ndarray) -> float:
        feed = {"input": np.concatenate([self._tail, frame])[None], "state": self._state, "sr": np.array(self._rate)}
        probability, self._state = self._session.run(["output", "stateN"], feed)
        self._tail = frame[-CONTEXT:]
        return float(probability[0, 0])

    def _seconds(self, stretch: tuple[int, int]) -> Segment:
        start, end = (frame * FRAME / self._rate for frame in stretch)
        return max(0.0, start - self._rules.margin), min(self._received / self._rate, end + self._rules.margin)


class SpeechDetector:
    """Finds speech in sound at 16 kHz. Loads its model on first use.

    Source: Silero VAD 6.2 (github.com/snakers4/silero-vad).

    Args:
        rules: thresholds and shortest durations.
        weights: a local copy of the model; by default the pinned one.
    """

    rate = SPEECH_RATE

    def __init__(self, rules: SpeechRules = SpeechRules(), weights: Path | None = None) -> None:
        self.rules, self._weights = rules, weights

    @cached_property
    def _session(self) -> InferenceSession:
        from espressivo.assets import fetch

        return open_session(self._weights or fetch("silero-vad"), threads=1)

    def stream(self) -> SpeechStream:
        """A fresh stream: push chunks, then finish. The stretches are the same as those of the whole sound."""
        return SpeechStream(self._session, self.rules, self.rate)

    def speech_segments(self, samples: np.ndarray | Iterable[np.ndarray]) -> list[Segment]:
        """Where someone speaks: (start, end) in seconds, in order, not overlapping; none for silence, noise or tones.

        Args:
            samples: (samples,) float in [-1, 1] at 16 kHz, or blocks of them such as `Sound.blocks()`, which keeps the
                memory flat.

        Raises:
            InputError: not mono, empty or not finite.
            AssetError: the model is out of reach.
        """
        stream = self.stream()
        blocks = [samples] if isinstance(samples, np.ndarray) else samples
        found = [segment for block in blocks for segment in stream.push(block)]
        return found + stream.finish()

    def speech_ratio(self, samples: np.ndarray) -> float:
        """The share of the sound in which someone speaks, 0 to 1."""
        return sum(end - start for start, end in self.speech_segments(samples)) / (len(samples) / self.rate)

    def probabilities(self, samples: np.ndarray) -> np.ndarray:
        """The model's own output, (frames,) float32, one for each 32 ms."""
        stream = self.stream()
        stream.push(samples)
        stream.finish()
        return np.array(stream.probabilities, np.float32)
