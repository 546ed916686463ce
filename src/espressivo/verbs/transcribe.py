"""What was said, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from espressivo.clip import SPEECH_RATE, Clip, Transcript
from espressivo.engines.recognizer import Recognizer
from espressivo.engines.stretches import stretches
from espressivo.errors import InputError
from espressivo.media.read import read
from espressivo.signal.vad import SpeechDetector


def transcribe(
    clip: Clip | Any,
    *,
    model: str | Path = "whisper-base",
    language: str | None = None,
    recognizer: Recognizer | None = None,
) -> Transcript:
    """The words of `clip` with their times, however long it is: it is heard stretch by stretch, memory stays flat.

    Args:
        clip: a Clip, or anything `read` takes.
        model: a pinned recogniser by name, or a folder with a CTranslate2 Whisper model.
        language: ISO 639-1 code; None lets the recogniser guess.
        recognizer: a loaded recogniser to use again.

    Raises:
        InputError: no sound, or no speech in it.
        ConfigError: a language that the recogniser does not know.
    """
    clip = clip if isinstance(clip, Clip) else read(clip)
    if clip.sound is None:
        raise InputError(f"{clip.name} has no sound to transcribe")
    sound = clip.sound.at(SPEECH_RATE)
    speech = SpeechDetector().speech_segments(sound.blocks())
    if not speech:
        raise InputError(f"no speech was heard in {clip.name}")
    pieces = ((start, sound.trim(start, end).samples) for start, end in stretches(speech))
    return (recognizer or Recognizer(model)).pieces(pieces, language=language)
