"""What the model reads of a voice: speech tokens, and how each second sounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from espressivo.clip import SPEECH_RATE, Clip, Sound
from espressivo.errors import InputError
from espressivo.signal.encoder import FRAME_RATE
from espressivo.signal.tokens import PER_PITCH, PER_STYLE, UNIT_RATE, SpeechTokens
from espressivo.systems.avlm.noise import Noise, mixed
from espressivo.systems.prosody2vec.pipeline import Prosody
from espressivo.systems.voice_emotion.hearing import LAYERS, Hearing

if TYPE_CHECKING:
    from jaxtyping import Float

MANNER = len(LAYERS) * 384
LONGEST = 60.0
"""Seconds; more is a recording of many utterances, and takes memory with its length."""


@dataclass(frozen=True, eq=False)
class Spoken:
    """The voice of a clip.

    Attributes:
        tokens: units, pitch and style.
        manner: (seconds, 1152) float32: for each style token what the inner layers of a speech encoder hear in that
            second, on average over the speech; 0 where nobody speaks.
    """

    tokens: SpeechTokens
    manner: Float[np.ndarray, "seconds manner"]

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def seconds(self) -> float:
        return self.tokens.duration

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Spoken:
        """From what `SpokenFeature` measured."""
        register = float(arrays["register"].item())
        tokens = SpeechTokens(arrays["units"], arrays["pitch"], arrays["style"], register)
        return cls(tokens, arrays["manner"].astype(np.float32))

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """For the feature cache."""
        tokens = self.tokens
        assert tokens.style is not None
        return {
            "units": tokens.units.astype(np.int16),
            "pitch": tokens.pitch.astype(np.int16),
            "style": tokens.style.astype(np.int16),
            "register": np.array([tokens.register], np.float32),
            "manner": self.manner.astype(np.float16),
        }

    def cut(self, units: int) -> Spoken:
        """The first so many units."""
        tokens = self.tokens
        assert tokens.style is not None
        pitch, style = -(-units // PER_PITCH), -(-units // PER_STYLE)
        kept = replace(tokens, units=tokens.units[:units], pitch=tokens.pitch[:pitch], style=tokens.style[:style])
        return Spoken(kept, self.manner[:style])


class Ear:
    """Hears a voice; the models behind it load on first use.

    Args:
        licence: of the weights that hear the style: "permissive" or "any", see `Prosody.from_pretrained`.
    """

    def __init__(self, licence: str = "permissive") -> None:
        self.licence = licence

    @cached_property
    def prosody(self) -> Prosody:
        return Prosody.from_pretrained(licence=self.licence)

    @cached_property
    def _hearing(self) -> Hearing:
        return Hearing()

    def __call__(self, sound: Sound) -> Spoken:
        """What there is in `sound`.

        Raises:
            InputError: shorter than half a second, longer than LONGEST, or silent.
        """
        if sound.duration > LONGEST:
            told = f"the sound lasts {sound.duration:.0f} s: an utterance lasts at most {LONGEST:.0f} s"
            raise InputError(f"{told}; cut it up")
        tokens = self.prosody.tokens(sound)
        return Spoken(tokens, self._manner(sound.at(SPEECH_RATE).samples, -(-len(tokens) // PER_STYLE)))

    def _manner(self, samples: np.ndarray, seconds: int) -> Float[np.ndarray, "seconds manner"]:
        heard = self._hearing(samples)
        manner = np.zeros((seconds, MANNER), np.float32)
        if heard is None:
            return manner
        times = heard.start + (np.arange(len(heard)) + 0.5) / FRAME_RATE
        place = np.minimum((times * UNIT_RATE / PER_STYLE).astype(int), seconds - 1)
        frames = np.moveaxis(heard.layers, 1, 0).reshape(len(heard), -1)
        for second in np.unique(place[heard.speech]):
            manner[second] = frames[(place == second) & heard.speech].mean(axis=0)
        return manner


@dataclass(frozen=True)
class SpokenFeature:
    """For the feature cache: a clip's `Spoken.arrays`, in noise if it is told.

    Args:
        noise: that is mixed in first, drawn anew for each clip but always the same for one.
    """

    licence: str = "permissive"
    noise: Noise | None = None
    _ear: list[Ear] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return "-".join(["avlm-spoken", self.licence, *([] if self.noise is None else [self.noise.name]), "1"])

    def __call__(self, clip: Clip) -> dict[str, np.ndarray]:
        """Raises InputError: no sound, or as `Ear`."""
        if clip.sound is None:
            raise InputError(f"{clip.name} has no sound")
        if not self._ear:
            self._ear.append(Ear(self.licence))
        sound = clip.sound if self.noise is None else mixed(clip.sound, self.noise, clip.name)
        return self._ear[0](sound).arrays

    def __reduce__(self) -> tuple[type[SpokenFeature], tuple[Any, ...]]:
        return type(self), (self.licence, self.noise)
