"""Prosody of recordings, style tokens, speech from tokens, and speech with another feeling: `Prosody`."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from espressivo.assets.model import read_config
from espressivo.assets.shipped import by_licence
from espressivo.clip import SPEECH_RATE, Sound
from espressivo.emotion import canonical
from espressivo.errors import ConfigError, InputError
from espressivo.media.speech import Speech
from espressivo.signal.harmonic import Melody
from espressivo.signal.harmonic_vocoder import HarmonicVocoder
from espressivo.signal.tokens import PITCH_RATE, UNIT_RATE, PitchScale, SpeechTokens
from espressivo.systems.prosody2vec.conversion import Change, Converter, Manner, borrowed
from espressivo.systems.prosody2vec.encoder import BANDS, Look, Usual, seen
from espressivo.systems.prosody2vec.examples import carried, nearest, usual
from espressivo.systems.prosody2vec.model import Prosody2Vec, ProsodyConfig
from espressivo.systems.prosody2vec.parts import LEVEL, MEL, PAIR, RATE, Parts, Takes, content_at, hearing_of
from espressivo.systems.prosody2vec.seconds import middles, seconds_of, spread_out
from espressivo.systems.speech_units.pipeline import SpeechUnits

if TYPE_CHECKING:
    from jaxtyping import Float

CHECKPOINTS = {"permissive": "prosody2vec", "any": "prosody2vec-nc"}
CLEAN = 8.0  # nats between speech and pauses, of a quiet studio
KNEE = 0.9  # of full scale, above which what is made is bent so that it stays below
USUAL = 6.0  # nats that recordings lie below what LEVEL makes of them


class Wish(NamedTuple):
    """A manner of speaking to give to others: (tone,); and of whose recording it is, if of any."""

    tone: Float[np.ndarray, " tone"]
    parts: Parts | None = None


class Prosody:
    """Hears prosody, and gives speech another one; the models load on first use.

    Args:
        folder: of a trained model.
    """

    def __init__(self, folder: Path, manner: Manner | None = None) -> None:
        self.folder, self.manner = Path(folder), manner or Manner()

    @classmethod
    def from_pretrained(cls, *, licence: str = "any", folder: Path | None = None) -> Prosody:
        """With weights that come with the package, or with those in `folder`, as `train` writes them.

        Args:
            licence: "permissive" for weights that may be used commercially, "any" for better ones under CC BY-NC-SA
                4.0. Not looked at where a folder is given.

        Raises:
            ConfigError: `licence` is neither.
            AssetError: the weights are missing.
        """
        if folder is not None:
            return cls(folder)
        return cls(by_licence(CHECKPOINTS, licence))

    @cached_property
    def config(self) -> ProsodyConfig:
        """Name, licence, emotions of the model; no weights are read. Raises AssetError where the folder holds none."""
        return read_config(self.folder, ProsodyConfig, ProsodyConfig.system)

    @cached_property
    def net(self) -> Prosody2Vec:
        return Prosody2Vec.load(self.folder)

    @cached_property
    def takes(self) -> Takes:
        return Takes(hearing_of(self.net.config.hearing, self.net.config.layer))

    @cached_property
    def vocoder(self) -> HarmonicVocoder:
        return HarmonicVocoder()

    @cached_property
    def _units(self) -> SpeechUnits:
        return SpeechUnits.from_pretrained()

    @property
    def emotions(self) -> tuple[str, ...]:
        """Those it can give."""
        return self.config.emotions

    def style(self, sound: Sound) -> Float[np.ndarray, "seconds style"]:
        """The prosody of each second of `sound`.

        Raises:
            InputError: shorter than half a second, or silent.
        """
        return style_of(self.net, self.takes(sound))

    def tokens(self, sound: Sound) -> SpeechTokens:
        """Units, melody and style of `sound`: all that the language model reads. Raises as `style`."""
        parts = self.takes(sound)
        heard = self._units.tokens(sound.at(SPEECH_RATE).samples)
        styles = nearest(style_of(self.net, parts), self.net.styles.numpy()).astype(np.int16)
        wanted = -(-len(heard) // round(UNIT_RATE))
        styles = np.pad(styles, (0, max(0, wanted - len(styles))), mode="edge")[:wanted]
        return SpeechTokens(heard.units, heard.pitch, styles, heard.register)

    def convert(
        self, sound: Sound, *, emotion: str | None = None, reference: Sound | None = None, intensity: float = 1.0
    ) -> Speech:
        """`sound` with another feeling: the same words in the same voice.

        Args:
            emotion: one of `emotions`; or
            reference: a recording whose prosody is taken, and, where it says the same words, whose melody.
            intensity: 0 leaves it as it is, 1 changes all.

        Raises:
            InputError: a sound shorter than half a second, or silent.
            ConfigError: both or neither of emotion and reference, an emotion it cannot give, or a wrong intensity.
        """
        return self.give(sound, self.wish(emotion=emotion, reference=reference), intensity)

    def wish(self, *, emotion: str | None = None, reference: Sound | None = None) -> Wish:
        """What to `give`, worked out once for many recordings. Raises as `convert`."""
        if (emotion is None) == (reference is None):
            raise ConfigError("give either an emotion or a reference recording")
        if reference is None:
            return Wish(self.net.feeling(torch.tensor(self.number_of(str(emotion)))).numpy())
        parts = self.takes(reference)
        return Wish(overall(tone_of(self.net, parts)), parts)

    def number_of(self, emotion: str) -> int:
        """The place of `emotion` in `emotions`. Raises ConfigError, which names these, if it is not there."""
        if not self.emotions:
            raise ConfigError(
                f"this model has learnt no emotions, so not {emotion!r} either: give a reference recording"
            )
        try:
            return self.emotions.index(canonical(emotion))
        except (ConfigError, ValueError):
            told = f"cannot make it sound {emotion!r}: choose one of {', '.join(self.emotions)}"
            raise ConfigError(told) from None

    def give(self, sound: Sound, wish: Wish, intensity: float = 1.0) -> Speech:
        """`convert` to what was wished. Raises as it does."""
        if not 0 <= intensity <= 1:
            raise ConfigError(f"got an intensity of {intensity:g}: give 0 (as it is) to 1 (all of it)")
        parts = self.takes(sound)
        contour = None if wish.parts is None else self._contour(parts, wish.parts, intensity)
        return self.moved(sound, parts, wish.tone, intensity, contour=contour)

    def moved(
        self,
        sound: Sound,
        parts: Parts,
        tone: Float[np.ndarray, " tone"],
        intensity: float = 1.0,
        *,
        tempo: float = 1.0,
        contour: Float[np.ndarray, " frames"] | None = None,
    ) -> Speech:
        """`sound`, of which these are the parts, its manner moved so far towards one whose mean is `tone`.

        Args:
            tempo: times as long as that manner makes it.
            contour: a melody besides, see Converter.
        """
        old = tone_of(self.net, parts)
        new = (old + intensity * (tone - overall(old))).astype(np.float32)
        manner = replace(self.manner, tempo=tempo * self.manner.tempo)
        return changed(sound, parts, Converter(self.net, self._units.lag, manner)(parts, old, new, contour))

    def _contour(self, parts: Parts, other: Parts, intensity: float) -> np.ndarray | None:
        taken = borrowed(parts, other, self.net, self._units.lag)
        own = carried(parts.hz)
        return None if taken is None else own + intensity * (taken - own)

    @torch.inference_mode()
    def speak(self, tokens: SpeechTokens, speaker: np.ndarray, scale: PitchScale | None = None) -> Speech:
        """Speech from tokens, in the voice that the speaker embedding (256,) stands for.

        Raises:
            InputError: no tokens, or none for the style.
        """
        if not len(tokens) or tokens.style is None:
            raise InputError("there are no tokens to speak, or none for the style")
        frames = max(1, round(tokens.duration * RATE))
        times = middles(frames)
        content = content_at(self._units.codebook[tokens.units], times, self._units.lag)
        styles = self.net.styles[torch.from_numpy(tokens.style[: seconds_of(frames)].astype(int))][None]
        hz = (scale or PitchScale()).hertz(tokens.pitch, tokens.register or 150.0)
        hz = hz[np.minimum((times * PITCH_RATE).astype(int), len(hz) - 1)]
        voiced = torch.from_numpy((hz > 0).astype(np.float32))[None]
        pitch = torch.from_numpy(carried(hz))[None]
        voice = torch.from_numpy(np.asarray(speaker, np.float32))[None]
        mel = self.net.mel(
            torch.from_numpy(content.astype(np.float32))[None],
            voice,
            pitch,
            voiced,
            spread_out(self.net.toned(styles), frames),
            torch.tensor([CLEAN]),
        )
        melody = Melody(*(part.repeat_interleave(PAIR, dim=1) for part in (pitch.exp(), voiced)))
        quieter = (mel.reshape(1, -1, BANDS) - LEVEL - USUAL).clamp(min=math.log(MEL.floor))
        return Speech(self.vocoder.sing(quieter, melody)[0].numpy(), self.vocoder.rate)


@torch.inference_mode()
def style_of(net: Prosody2Vec, parts: Parts) -> Float[np.ndarray, "seconds style"]:
    """The prosody of each second of a recording in parts."""
    return net.prosody(look_of(net, parts), torch.ones(1, len(parts)))[0].numpy()


def tone_of(net: Prosody2Vec, parts: Parts) -> Float[np.ndarray, "seconds tone"]:
    """The manner of each second of a recording in parts."""
    return net.toned(torch.from_numpy(style_of(net, parts))).numpy()


def changed(sound: Sound, parts: Parts, change: Change) -> Speech:
    """`sound`, of which these are the parts, with `change` done to it, as loud as before."""
    before = sound.at(MEL.rate).samples
    wave = change.done(before, parts)
    wave = wave * np.float32(_level(before) / max(_level(wave), 1e-6))
    loud = np.abs(wave)
    bent = np.sign(wave) * (KNEE + (1 - KNEE) * np.tanh((loud - KNEE) / (1 - KNEE)))  # the same in every piece
    return Speech(np.where(loud > KNEE, bent, wave), MEL.rate)


def _level(wave: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))


def overall(tone: Float[np.ndarray, "seconds tone"]) -> Float[np.ndarray, " tone"]:
    """The manner of a recording as a whole."""
    return tone.mean(axis=0)


@torch.inference_mode()
def look_of(net: Prosody2Vec, parts: Parts) -> Look:
    """What the prosody encoder gets of a recording in parts."""
    found = {name: one(value) for name, value in usual(parts).items()}
    own = Usual(*(found[name] for name in ("usual", "spread", "register", "pitched", "heard_usual")))
    heard = one(content_at(parts.heard, middles(len(parts)), 0.0))
    hz = one(parts.hz)
    return seen(one(parts.mel), one(carried(parts.hz)), (hz > 0).float(), heard, own, net.expected(one(parts.speaker)))


def one(values: np.ndarray) -> Tensor:
    """A batch of one, float32."""
    return torch.from_numpy(np.atleast_1d(np.asarray(values, np.float32)))[None]
