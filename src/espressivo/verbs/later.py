"""The verbs whose systems are not built yet: they exist, and say so."""

from __future__ import annotations

from typing import Any, NoReturn

from espressivo.errors import NotBuiltError


def not_built(verb: str, system: str) -> NoReturn:
    """Raises NotBuiltError: one line that names the verb and the system it waits for."""
    raise NotBuiltError(f"'{verb}' is not built yet: it waits for {system}. The README's table says what works today")


def speak(text: str, **options: Any) -> NoReturn:
    """Reads a text aloud with emotion and emphasis (EME-TTS)."""
    not_built("speak", "EME-TTS, the voice with emotion and emphasis")


def learn_words(words: Any, **options: Any) -> NoReturn:
    """Teaches a recogniser new words (OOV-ASR)."""
    not_built("learn-words", "OOV-ASR, the new-words recogniser")


def lipread(video: Any, **options: Any) -> NoReturn:
    """Reads words from lips (GLips)."""
    not_built("lipread", "GLips, the lip reader")


def lips_to_speech(video: Any, **options: Any) -> NoReturn:
    """Gives a silent face a voice (LipSound2)."""
    not_built("lips-to-speech", "LipSound2, the lip-to-speech model")


def separate(mixture: Any, **options: Any) -> NoReturn:
    """Picks one voice out of a mixture by a face or a voice (face-voice separation)."""
    not_built("separate", "the face-voice separation model")


def animate(portrait: Any, **options: Any) -> NoReturn:
    """Makes a portrait speak with feeling (Think-Before-Draw)."""
    not_built("animate", "Think-Before-Draw, the talking face")
