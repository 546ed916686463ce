"""The verbs of a conversation: converse, recognize, transcribe, demo."""

from __future__ import annotations

import json as jsonlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from espressivo.cli.show import feeling, stages
from espressivo.errors import EspressivoError, InputError, NotBuiltError

Start = Annotated[float | None, typer.Option(help="Begin this many seconds into the clip.")]
End = Annotated[float | None, typer.Option(help="End this many seconds into the clip.")]
Chat = Annotated[str, typer.Option(help="Who writes the reply: local, openai:URL#MODEL or hf:NAME.")]
VoiceName = Annotated[str, typer.Option("--voice", help="Who reads it aloud: hibari or kokoro:NAME.")]
Licence = Annotated[str, typer.Option(help="'permissive' keeps to weights that allow commercial use.")]
OutDir = Annotated[Path, typer.Option("-o", "--out", help="Folder for reply.wav, reply.json and reply.png.")]


class By(StrEnum):
    """The senses `recognize` may use."""

    face = "face"
    voice = "voice"
    both = "both"


def converse(
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="A clip of someone talking: video or sound.")],
    out: OutDir,
    portrait: Annotated[Path | None, typer.Option(help="Picture of the face that answers.")] = None,
    start: Start = None,
    end: End = None,
    chat: Chat = "local",
    voice: VoiceName = "hibari",
    licence: Licence = "any",
) -> None:
    """Answer a clip of someone talking, aloud and with regard to how they feel.

    Example: espressivo converse me.mp4 -o reply/
    """
    from espressivo.media.read import read
    from espressivo.systems.cascade.pipeline import Cascade
    from espressivo.verbs.converse import check_place, save
    from espressivo.verbs.converse import converse as answer

    if portrait is not None:
        raise NotBuiltError("'--portrait' is not built yet: it waits for Think-Before-Draw; leave it out")
    check_place(out, clip)
    pipeline = Cascade.from_pretrained(chat=chat, voice=voice, licence=licence)
    if pipeline.chat.notice is not None:
        typer.echo(f"note:     {pipeline.chat.notice}", err=True)
    with stages() as tell:
        reply = answer(read(clip, start=start, end=end), pipeline=pipeline, progress=tell)
        tell("drawing")
        paths = save(reply, out)
    heard = reply.perception.transcript
    typer.echo(f"heard:    {heard.text if heard is not None and reply.perception.understood else '(not understood)'}")
    typer.echo(f"feeling:  {feeling(reply.perception)}")
    for note in reply.perception.notes:
        typer.echo(f"note:     {note}")
    typer.echo(f"reply:    {reply.text}")
    typer.echo("wrote:    " + ", ".join(str(path) for path in paths))


def recognize(
    clips: Annotated[list[str], typer.Argument(metavar="CLIP...", help="Clips of one person each.")],
    by: Annotated[By, typer.Option(help="Which senses to use.")] = By.both,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of text.")] = False,
    licence: Licence = "any",
) -> None:
    """Say how the person in each clip feels, and how sure that is.

    Example: espressivo recognize monday.mp4 tuesday.mp4 --by face
    """
    from espressivo.media.read import read
    from espressivo.systems.cascade.perceive import Senses
    from espressivo.verbs.recognize import recognize as feel

    senses, failed = Senses.from_pretrained(licence=licence), []
    for clip in clips:
        try:
            with stages() as tell:
                perception = feel(read(clip), by=by.value, senses=senses, progress=tell)
        except InputError as error:
            failed.append(clip)
            _skipped(error, alone=len(clips) == 1)
            continue
        if json:
            typer.echo(jsonlib.dumps(perception.as_dict(), ensure_ascii=False))
            continue
        typer.echo(f"{clip}: {feeling(perception)}")
        for note in perception.notes:
            typer.echo(f"  note: {note}")
    _report(failed, len(clips))


def transcribe(
    audio: Annotated[list[str], typer.Argument(metavar="AUDIO...", help="Sound or video files.")],
    model: Annotated[Path | None, typer.Option(help="Folder of a recogniser of your own.")] = None,
    language: Annotated[str | None, typer.Option(help="Language code; guessed if left out.")] = None,
) -> None:
    """Write down what is said.

    Example: espressivo transcribe interview.mp3
    """
    from espressivo.engines.recognizer import Recognizer
    from espressivo.verbs.transcribe import transcribe as hear

    if model is not None and not model.is_dir():
        raise InputError(f"no recogniser at {str(model)!r}: give the folder of a CTranslate2 Whisper model")
    recognizer, failed = Recognizer(model or "whisper-base"), []
    for path in audio:
        try:
            with stages() as tell:
                tell("understanding")
                heard = hear(path, language=language, recognizer=recognizer)
        except InputError as error:
            failed.append(path)
            _skipped(error, alone=len(audio) == 1)
            continue
        typer.echo(heard.text if len(audio) == 1 else f"{path}: {heard.text}")
    _report(failed, len(audio))


def demo(out: OutDir = Path("demo-output")) -> None:
    """Run the main job on the example clip: a made-up person talks, and is answered.

    Example: espressivo demo
    """
    from espressivo.verbs.example import example_clip

    clip = example_clip()
    typer.echo(f"The example is {clip.name}: a made-up face and a synthetic voice.")
    converse(str(clip), out)


def _skipped(error: EspressivoError, *, alone: bool) -> None:
    """One bad file must not lose the work on the others: it is named and skipped. A lone one is the error itself."""
    if alone:
        raise error
    typer.echo("espressivo: " + " ".join(str(error).split()), err=True)


def _report(failed: list[str], count: int) -> None:
    if failed:
        raise InputError(f"{len(failed)} of {count} files could not be used; the others are above")
