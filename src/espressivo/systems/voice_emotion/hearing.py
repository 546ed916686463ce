"""What a voice does, as numbers: where someone speaks, what a speech encoder hears there, and the melody.

A recording's silence, level and place in time say nothing about feeling, so they are taken out first: the encoder gets
the speech alone, from its first word to its last, at one level.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from espressivo.clip import SPEECH_RATE, Clip
from espressivo.errors import InputError
from espressivo.signal.encoder import FRAME_RATE, SpeechEncoder, speech_encoder
from espressivo.signal.pitch import PitchTracker
from espressivo.signal.vad import Segment, SpeechDetector, SpeechRules
from espressivo.signal.wave import checked_wave

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

ENCODER, LAYERS = "whisper-tiny-en", (1, 2, 3)
# Shouts and whispers are speech too.
RULES = SpeechRules(threshold=0.3, release=0.2, shortest_speech=0.1, shortest_silence=0.3, margin=0.1)
SHORTEST = 0.25  # seconds of speech with which a judgement begins
LEVEL = 0.05  # root mean square of the speech, -26 dBFS
ACTIVE_DECIBEL = 35.0  # frames this far below the loudest are pauses
LOW_VOICE = 50.0  # Hz, the foot of the pitch scale in semitones
MELODY = 11


@dataclass(frozen=True, eq=False)
class Heard:
    """An utterance, frame by frame at 50 Hz, from its first word to its last.

    Attributes:
        start: where it begins in the recording, in seconds.
        layers: (layers, frames, dim) of the encoder.
        level: (frames,) dB.
        semitones: (frames,) above LOW_VOICE, NaN where unvoiced.
        speech: (frames,) whether someone speaks.
    """

    start: float
    layers: Float[np.ndarray, "layers frames dim"]
    level: Float[np.ndarray, " frames"]
    semitones: Float[np.ndarray, " frames"]
    speech: Bool[np.ndarray, " frames"]

    def __len__(self) -> int:
        return len(self.level)

    def window(self, start: float, end: float) -> Heard:
        """The stretch between two times, in seconds from where the utterance begins."""
        cut = slice(round(start * FRAME_RATE), round(end * FRAME_RATE))
        parts = (self.level[cut], self.semitones[cut], self.speech[cut])
        return Heard(self.start + start, self.layers[:, cut], *parts)

    @property
    def enough(self) -> bool:
        return bool(self.speech.sum() >= SHORTEST * FRAME_RATE)


class Hearing:
    """Listens; the models behind it load on first use, and each process has its own.

    Args:
        encoder: a name that `speech_encoder` knows.
        layers: of the encoder.
    """

    def __init__(self, encoder: str = ENCODER, layers: tuple[int, ...] = LAYERS) -> None:
        self.name, self.layers = encoder, layers

    @cached_property
    def _encoder(self) -> SpeechEncoder:
        return speech_encoder(self.name)

    @cached_property
    def _detector(self) -> SpeechDetector:
        return SpeechDetector(RULES)

    @cached_property
    def _pitch(self) -> PitchTracker:
        return PitchTracker(lowest=60, highest=600)

    def __call__(self, samples: np.ndarray) -> Heard | None:
        """What there is in `samples`, (samples,) float at 16 kHz; None where hardly anybody speaks.

        Raises:
            InputError: not mono, empty, or not finite.
        """
        wave = checked_wave(samples, SPEECH_RATE, task="reading a voice")
        segments = self._detector.speech_segments(wave) or self._voiced(wave)
        if not segments:
            return None
        start, end = segments[0][0], segments[-1][1]
        wave = wave[round(start * SPEECH_RATE) : round(end * SPEECH_RATE)]
        times, level = start + (np.arange(len(wave) // _HOP) + 0.5) / FRAME_RATE, _level(wave)
        inside = np.any([(times >= first) & (times < last) for first, last in segments], axis=0)
        speech = inside & (level > level[inside].max(initial=-np.inf) - ACTIVE_DECIBEL)
        if speech.sum() < SHORTEST * FRAME_RATE:
            return None
        gain = LEVEL / np.sqrt(np.mean(10 ** (level[speech] / 10)))
        return self._hear((wave * gain).astype(np.float32), speech, start)

    def _voiced(self, wave: np.ndarray) -> list[Segment]:
        """Where somebody may shout: the detector of speech misses that, the pitch does not."""
        if len(wave) < SHORTEST * SPEECH_RATE:
            return []
        pitch = self._pitch(wave)
        times = pitch.times[pitch.voiced]
        if len(times) < SHORTEST * pitch.rate:
            return []
        first, last = float(times[0]) - RULES.margin, float(times[-1]) + RULES.margin
        return [(max(0.0, first), min(len(wave) / SPEECH_RATE, last))]

    def _hear(self, wave: np.ndarray, speech: np.ndarray, start: float) -> Heard:
        layers, pitch = self._encoder(wave, self.layers), self._pitch(wave)
        times = (np.arange(layers.shape[1]) + 0.5) / FRAME_RATE
        nearest = np.clip(np.round(times * pitch.rate - pitch.offset), 0, len(pitch) - 1).astype(int)
        return Heard(start, layers, _level(wave), pitch.semitones(LOW_VOICE)[nearest], speech)


_HOP = round(SPEECH_RATE / FRAME_RATE)


def _level(wave: np.ndarray) -> np.ndarray:
    frames = wave[: len(wave) // _HOP * _HOP].reshape(-1, _HOP)
    return 10 * np.log10(np.mean(frames.astype(np.float64) ** 2, axis=1) + 1e-10)


def pooled(heard: Heard) -> dict[str, np.ndarray]:
    """An utterance of any length in numbers: `layers` (layers, 3, dim) float16 and `melody` (MELODY,) float32.

    Of each number of the encoder its mean, its deviation, and how much it changes from frame to frame, where someone
    speaks. Melody: height, spread and movement of the pitch, spread of the level, and how much is voiced.
    """
    layers, speech = heard.layers, heard.speech
    change = np.diff(layers, axis=1)[:, speech[1:] & speech[:-1]]
    spoken = layers[:, speech]
    rest = change.std(axis=1) if change.shape[1] else np.zeros_like(spoken[:, 0])
    stats = np.stack([spoken.mean(axis=1), spoken.std(axis=1), rest], axis=1)
    return {"layers": stats.astype(np.float16), "melody": _melody(heard)}


def _melody(heard: Heard) -> Float[np.ndarray, " melody"]:
    """Of an unvoiced utterance, a whisper, the pitch is 0: far from all that was learned, and limited there."""
    semitones, level = heard.semitones[heard.speech], heard.level[heard.speech]
    voiced = semitones[~np.isnan(semitones)]
    steps = np.abs(np.diff(heard.semitones))
    steps = steps[~np.isnan(steps)]
    height = np.percentile(voiced, (10, 50, 90)) if len(voiced) else np.zeros(3)
    pitch = [*height, voiced.std() if len(voiced) else 0, height[2] - height[0], steps.mean() if len(steps) else 0]
    loud = [level.std(), *(np.percentile(level, (10, 50, 90)) - level.max())]
    return np.array([*pitch, *loud, len(voiced) / len(semitones)], np.float32)


@dataclass(frozen=True)
class VoiceFeature:
    """For the feature cache: `pooled`, of a clip. It can be pickled; each process loads its own models."""

    encoder: str = ENCODER
    layers: tuple[int, ...] = LAYERS
    _hearing: list[Hearing] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        which = "-".join(map(str, self.layers))
        return f"voice-{re.sub(r'[^A-Za-z0-9.]+', '-', self.encoder)}-{which}-1"

    @property
    def hearing(self) -> Hearing:
        if not self._hearing:
            self._hearing.append(Hearing(self.encoder, self.layers))
        return self._hearing[0]

    def __call__(self, clip: Clip) -> dict[str, np.ndarray]:
        """Raises InputError where there is no sound, or hardly any speech."""
        if clip.sound is None:
            raise InputError(f"{clip.name} has no sound")
        samples = clip.sound.at(SPEECH_RATE).samples
        heard = self.hearing(samples) if len(samples) else None
        if heard is None:
            raise InputError(f"hardly anybody speaks in {clip.name}")
        return pooled(heard)

    def __reduce__(self) -> tuple[type[VoiceFeature], tuple[object, ...]]:
        return type(self), (self.encoder, self.layers)
