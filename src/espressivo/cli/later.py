"""The verbs whose systems are not built yet: their flags are fixed already, and each says so in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from espressivo.verbs import later
from espressivo.verbs.later import not_built

Out = Annotated[Path, typer.Option("-o", "--out", help="File to write.")]
OutDir = Annotated[Path, typer.Option("-o", "--out", help="Folder to write.")]


def speak(
    text: str,
    emotion: Annotated[str, typer.Option(help="Emotion to speak with, for example sad.")],
    out: Out,
    emphasis: Annotated[list[str] | None, typer.Option(help="Word to stress; repeat for more.")] = None,
    speaker: Annotated[Path | None, typer.Option(help="Recording of the voice to take.")] = None,
) -> NoReturn:
    """Read a text aloud with emotion and emphasis. Not built yet.

    Example: espressivo speak "I am so glad" --emotion happy --emphasis so -o glad.wav
    """
    later.speak(text)


def learn_words(words: Annotated[Path, typer.Argument(metavar="WORDS.txt")], out: OutDir) -> NoReturn:
    """Teach the recogniser new words. Not built yet.

    Example: espressivo learn-words names.txt -o my-recognizer/
    """
    later.learn_words(words)


def lipread(video: Path) -> NoReturn:
    """Read words from lips. Not built yet.

    Example: espressivo lipread silent.mp4
    """
    later.lipread(video)


def lips_to_speech(video: Path, out: Out) -> NoReturn:
    """Give a silent face a voice. Not built yet.

    Example: espressivo lips-to-speech silent.mp4 -o voice.wav
    """
    later.lips_to_speech(video)


def separate(
    mixture: Annotated[Path, typer.Argument(metavar="MIX.wav")],
    out: Out,
    face: Annotated[Path | None, typer.Option(help="Picture of the talker.")] = None,
    voice: Annotated[Path | None, typer.Option(help="Recording of the talker.")] = None,
) -> NoReturn:
    """Pick one voice out of a mixture by a face or a voice. Not built yet.

    Example: espressivo separate party.wav --face anna.jpg -o anna.wav
    """
    later.separate(mixture)


def animate(
    portrait: Path,
    speech: Annotated[Path, typer.Option(help="Recording that the face speaks.")],
    out: Out,
    feeling: Annotated[str | None, typer.Option(help="The feeling in your own words.")] = None,
) -> NoReturn:
    """Make a portrait speak with feeling. Not built yet.

    Example: espressivo animate face.jpg --speech me.wav --feeling "trying not to cry" -o face.mp4
    """
    later.animate(portrait)


def studio(port: Annotated[int, typer.Option(help="Port on this machine.")] = 8000) -> NoReturn:
    """Talk to it in the browser. Not built yet.

    Example: espressivo studio --port 8000
    """
    not_built("studio", "the web studio")


VERBS: dict[str, Callable[..., NoReturn]] = {
    "speak": speak,
    "learn-words": learn_words,
    "lipread": lipread,
    "lips-to-speech": lips_to_speech,
    "separate": separate,
    "animate": animate,
    "studio": studio,
}
