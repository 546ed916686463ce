"""The same words in the same voice with another feeling."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from numbers import Real
from typing import Any

from espressivo.clip import SPEECH_RATE, Clip, Sound
from espressivo.errors import ConfigError, InputError
from espressivo.media.read import read
from espressivo.media.speech import Speech
from espressivo.signal.vad import SpeechDetector
from espressivo.systems.prosody2vec.parts import SHORTEST
from espressivo.systems.prosody2vec.pipeline import Prosody
from espressivo.verbs.piecewise import LONGEST, Piece, changed, plan


def convert(
    sound: Clip | Any,
    *,
    emotion: str | None = None,
    reference: Clip | Any | None = None,
    intensity: float = 1.0,
    licence: str = "any",
    pipeline: Prosody | None = None,
    progress: Callable[[str], None] | None = None,
) -> Speech:
    """Gives speech another feeling: the same words in the same voice, with another pace, melody and colour.

    A long recording is cut in its pauses and converted piece by piece. Pauses of more than two seconds, and such a
    silence at the beginning and at the end, stay as they are. What comes back is synthetic, and is marked so when it
    is saved.

    Args:
        sound: a Clip, or anything `read` takes, of one person talking; of a video its sound.
        emotion: the feeling to give it, for example "happy"; or
        reference: a recording of anybody, whose prosody is taken, and, where it says the same words, whose melody. Of
            a long one a stretch of at most 20 s is heard.
        intensity: 0 leaves the feeling as it is, 1 changes it wholly.
        licence: "permissive" keeps to weights that allow commercial use.
        pipeline: a loaded system to use again; spares loading the models at every call.
        progress: called with the name of each stage as it begins.

    Raises:
        InputError: a recording that cannot be read, has no sound, lasts less than half a second, or holds no speech.
        ConfigError: both or neither of emotion and reference, an emotion it cannot give, or a wrong intensity.
        AssetError: weights are missing.
    """
    check_wish(emotion, reference, intensity)
    tell = progress or (lambda stage: None)
    clip = sound if isinstance(sound, Clip) else read(sound)
    heard = _sound_of(clip, "to convert")
    tell("looking for speech")
    other = None if reference is None else reference_clip(reference).sound
    system = pipeline or Prosody.from_pretrained(licence=licence)
    if emotion is not None:
        system.number_of(emotion)  # before anything is heard
    pieces = _pieces(clip, heard)
    wish = system.wish(emotion=emotion, reference=other)
    total, number = sum(piece.spoken for piece in pieces), count(1)

    def change(window: Sound) -> Speech:
        tell("converting" if total == 1 else f"converting piece {next(number)} of {total}")
        return system.give(window, wish, intensity)

    return changed(heard, pieces, change)


def check_wish(emotion: str | None, reference: object, intensity: float) -> None:
    """Raises ConfigError: both or neither of emotion and reference, or an intensity that is not from 0 to 1."""
    if (emotion is None) == (reference is None):
        raise ConfigError("give either an emotion or a reference recording")
    if not isinstance(intensity, Real) or not 0 <= float(intensity) <= 1:
        raise ConfigError(f"got an intensity of {intensity!r:.40}: give 0 (as it is) to 1 (all of it)")


def reference_clip(reference: Clip | Any) -> Clip:
    """A recording to take the prosody of: as it is, or of one above 20 s the longest piece with speech in it.

    Raises:
        InputError: as `convert`.
    """
    clip = reference if isinstance(reference, Clip) else read(reference)
    heard = _sound_of(clip, "to take the prosody of")
    pieces = [piece for piece in _pieces(clip, heard) if piece.spoken]
    if heard.duration <= LONGEST:
        return Clip(clip.name, heard)
    best = max(pieces, key=lambda piece: piece.end - piece.start)
    return Clip(clip.name, heard.trim(best.start, best.end))


def _sound_of(clip: Clip, what_for: str) -> Sound:
    """Raises InputError: no sound, or less than half a second of it."""
    if clip.sound is None:
        raise InputError(f"{clip.name} has no sound {what_for}")
    if clip.sound.duration < SHORTEST:
        raise InputError(f"{clip.name} holds {clip.sound.duration:.2f} s of sound: give at least {SHORTEST:g} s")
    return clip.sound


def _pieces(clip: Clip, sound: Sound) -> list[Piece]:
    speech = SpeechDetector().speech_segments(sound.at(SPEECH_RATE).blocks())
    if not speech:
        raise InputError(f"no speech was heard in {clip.name}")
    return plan(sound, speech)
