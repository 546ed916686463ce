"""A recording taken apart: what is said, who says it, the melody, and the mel spectrogram that all of them make."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch

from espressivo.clip import SPEECH_RATE, Clip, Sound
from espressivo.errors import InputError
from espressivo.signal.encoder import SpeechEncoder, speech_encoder
from espressivo.signal.mel import HIFIGAN_22K, MelSpectrogram
from espressivo.signal.pitch import PitchTracker
from espressivo.signal.speaker import SpeakerEncoder, speaker_encoder
from espressivo.systems.speech_units.pipeline import SpeechUnits

MEL = HIFIGAN_22K
PAIR = 2  # frames of the mel for one of ours
RATE = MEL.frame_rate / PAIR  # frames a second, 43.07
LEVEL = -5.0  # what the mean over bands of the active frames of every mel is brought to
ACTIVE = 4.0  # frames whose mean over bands lies further below the loudest are pauses
SHORTEST = 0.5  # seconds
HEARING, HEARING_LAYER, HEARING_DIM = "whisper-tiny-en", 2, 384


@dataclass(frozen=True, eq=False)
class Parts:
    """Everything at RATE frames a second, but what is said, at 25.

    Attributes:
        mel: (frames, 2 × 80) float32: pairs of log-mel frames, at one level.
        content: (units, 64) float32 points in the bottleneck of the speech units.
        hz: (frames,) float32, 0 where unvoiced.
        speaker: (256,) float32 of length 1.
        heard: (units, dim) float32 of a speech encoder; dim 0 where nobody listened.
    """

    mel: np.ndarray
    content: np.ndarray
    hz: np.ndarray
    speaker: np.ndarray
    heard: np.ndarray = field(default_factory=lambda: np.zeros((1, 0), np.float32))

    def __len__(self) -> int:
        return len(self.hz)


class Takes:
    """Takes recordings apart; the models behind it load on first use.

    Args:
        hearing: what else listens.
    """

    def __init__(self, hearing: HeardFeature | None = None) -> None:
        self._hearing = hearing

    @cached_property
    def _units(self) -> SpeechUnits:
        return SpeechUnits.from_pretrained()

    @cached_property
    def _speaker(self) -> SpeakerEncoder:
        return speaker_encoder()

    @cached_property
    def _pitch(self) -> PitchTracker:
        return PitchTracker()

    @cached_property
    def _mel(self) -> MelSpectrogram:
        return MelSpectrogram(MEL)

    def __call__(self, sound: Sound) -> Parts:
        """The parts of `sound`.

        Raises:
            InputError: shorter than half a second, or silent.
        """
        wave, speech = sound.at(MEL.rate).samples, sound.at(SPEECH_RATE).samples
        if len(speech) < SHORTEST * SPEECH_RATE:
            raise InputError(f"got {len(speech) / SPEECH_RATE:.2f} s of sound: prosody needs at least {SHORTEST:g} s")
        speaker = self._speaker.embed(speech)
        with torch.inference_mode():
            mel = self._mel(torch.from_numpy(wave.copy())[None])[0].numpy()
        frames = len(mel) // PAIR
        mel = mel[: frames * PAIR].reshape(frames, PAIR * MEL.n_mels)
        gain = LEVEL - _level(mel)
        hz = self._pitch(speech).at(RATE, frames).hz
        heard = np.zeros((1, 0), np.float32) if self._hearing is None else self._hearing.of(speech)
        mel = np.maximum(mel + gain, np.float32(np.log(MEL.floor)))
        return Parts(mel, self._units.points(speech), hz, speaker, heard)


def _level(mel: np.ndarray) -> float:
    """The mean of the frames that are not pauses."""
    loud = mel.mean(axis=1)
    return float(loud[loud > loud.max() - ACTIVE].mean())


@dataclass(frozen=True)
class PartsFeature:
    """For the feature cache: the parts in half precision."""

    name: str = "parts-1"
    _takes: list[Takes] = field(default_factory=list, init=False, repr=False, compare=False)

    def __call__(self, clip: Clip) -> dict[str, np.ndarray]:
        """Raises InputError where there is no sound, less than half a second of it, or silence."""
        if clip.sound is None:
            raise InputError(f"{clip.name} has no sound")
        if not self._takes:
            self._takes.append(Takes())
        parts = self._takes[0](clip.sound)
        arrays = {"mel": parts.mel, "content": parts.content, "hz": parts.hz, "speaker": parts.speaker}
        return {name: array.astype(np.float16) for name, array in arrays.items()}

    def __reduce__(self) -> tuple[type[PartsFeature], tuple[object, ...]]:
        return type(self), ()


@dataclass(frozen=True)
class HeardFeature:
    """For the feature cache: what a speech encoder's layer hears, `heard` (units, dim) float16 at 25 Hz."""

    encoder: str = HEARING
    layer: int = HEARING_LAYER
    _encoders: list[SpeechEncoder] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"heard-{re.sub(r'[^A-Za-z0-9.]+', '-', self.encoder)}-{self.layer}-1"

    def __call__(self, clip: Clip) -> dict[str, np.ndarray]:
        """Raises InputError where there is no sound, or less than a tenth of a second."""
        if clip.sound is None:
            raise InputError(f"{clip.name} has no sound")
        return {"heard": self.of(clip.sound.at(SPEECH_RATE).samples).astype(np.float16)}

    def of(self, samples: np.ndarray) -> np.ndarray:
        """(samples,) at 16 kHz to (units, dim) float32: means of two frames of the encoder, brought to one scale."""
        if not self._encoders:
            self._encoders.append(speech_encoder(self.encoder))
        frames = self._encoders[0](samples, (self.layer,))[0]
        frames = frames[: len(frames) // 2 * 2].reshape(-1, 2, frames.shape[1]).mean(axis=1)
        deviation = frames.std(axis=1, keepdims=True)
        return (frames - frames.mean(axis=1, keepdims=True)) / np.maximum(deviation, 1e-3)

    def __reduce__(self) -> tuple[type[HeardFeature], tuple[object, ...]]:
        return type(self), (self.encoder, self.layer)


def hearing_of(encoder: str, layer: int) -> HeardFeature | None:
    """What listens besides; None for the encoder ""."""
    return HeardFeature(encoder, layer) if encoder else None


def content_at(content: np.ndarray, seconds: np.ndarray, lag: float, rate: float = 25.0) -> np.ndarray:
    """What is said at each of `seconds` (n,), on straight lines between units: (n, dim) float32."""
    place = np.clip((seconds + lag) * rate - 0.5, 0, len(content) - 1)
    low = np.minimum(place.astype(int), max(0, len(content) - 2))
    share = (place - low)[:, None].astype(np.float32)
    high = np.minimum(low + 1, len(content) - 1)
    return (1 - share) * content[low] + share * content[high]
