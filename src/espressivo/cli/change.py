"""The verb that changes recordings: convert."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from espressivo.cli.show import stages
from espressivo.errors import InputError

if TYPE_CHECKING:
    from espressivo.clip import Clip
    from espressivo.media.speech import Speech
    from espressivo.systems.prosody2vec.pipeline import Prosody

    Work = Callable[[Clip, Callable[[str], None]], Speech]


def convert(
    sound: Annotated[str, typer.Argument(metavar="IN", help="A recording, video too, or a folder of them.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Sound file to write; a folder where IN is one.")],
    emotion: Annotated[str | None, typer.Option(help="Emotion to give the speech, for example happy.")] = None,
    reference: Annotated[str | None, typer.Option(help="Recording whose prosody to take instead.")] = None,
    intensity: Annotated[float, typer.Option(help="How much of it, from 0 to 1.")] = 1.0,
    licence: Annotated[str, typer.Option(help="'permissive' keeps to weights that allow commercial use.")] = "any",
    checkpoint: Annotated[Path | None, typer.Option(help="Folder of a model that 'train prosody2vec' made.")] = None,
) -> None:
    """Change the emotion of speech: the same words in the same voice with another feeling.

    What is written is marked as synthetic. Of a folder each recording becomes a .wav of the same name; those that are
    there already are left as they are, so that a second call goes on where the first was stopped.

    Example: espressivo convert me.wav --emotion happy -o happy.wav
    """
    from espressivo.media.read import read
    from espressivo.systems.prosody2vec.pipeline import Prosody
    from espressivo.verbs.convert import check_wish, reference_clip
    from espressivo.verbs.convert import convert as change
    from espressivo.verbs.places import check_begun, check_folders, check_place

    check_wish(emotion, reference, intensity)
    many = os.path.isdir(sound)
    check_folders(out, sound) if many else check_place(out, sound, reference)
    clip = None if many else read(sound)
    other = None if reference is None else reference_clip(reference)
    pipeline = Prosody.from_pretrained(licence=licence, folder=checkpoint)
    if emotion is not None:
        pipeline.number_of(emotion)

    def work(clip: Clip, tell: Callable[[str], None]) -> Speech:
        return change(clip, emotion=emotion, reference=other, intensity=intensity, pipeline=pipeline, progress=tell)

    if clip is None:
        wish = {"emotion": emotion, "reference": reference, "intensity": intensity, "model": pipeline.config.name}
        check_begun(out, wish)
        _each(Path(sound), out, work, wish)
        _say(pipeline)
        return
    with stages() as tell:
        speech = work(clip, tell)
        tell("writing")
        speech.save(out)
    typer.echo(f"wrote:    {out} ({speech.duration:.1f} s, marked as synthetic)")
    _say(pipeline)


def _say(pipeline: Prosody) -> None:
    """Whose weights it was."""
    typer.echo(f"espressivo: made with {pipeline.config.name} (licence: {pipeline.config.licence})", err=True)


def _each(folder: Path, out: Path, work: Work, wish: Mapping[str, object]) -> None:
    """Each recording in `folder` into `out`; what cannot be used is named, and does not stop the others."""
    from espressivo.corpora.skips import told
    from espressivo.verbs.places import note_begun, recordings

    failed: list[Path] = []

    def skip(path: Path, why: str) -> None:
        failed.append(path)
        typer.echo(f"espressivo: {told(str(path), why)}", err=True)

    pairs = list(recordings(folder, out, skip))
    there = 0
    for number, (path, place) in enumerate(pairs, 1):
        if place.is_file():
            there += 1
            continue
        try:
            _one(path, place, work, f"{number} of {len(pairs)}", lambda: note_begun(out, wish))
        except InputError as error:
            skip(path, str(error))
    whole = len(set(failed) | {path for path, _ in pairs})
    if len(failed) == whole:
        raise InputError(f"none of {whole} could be converted; what is wrong with each is above")
    kept = f"; {there} there already, left as they are" if there else ""
    typer.echo(f"converted {whole - len(failed) - there} of {whole} into {out}{kept}")


def _one(path: Path, place: Path, work: Work, which: str, begin: Callable[[], None]) -> None:
    from rich.markup import escape

    from espressivo.media.read import read
    from espressivo.verbs.places import make_folder

    with stages() as tell:
        speech = work(read(path, name=str(path)), lambda stage: tell(f"{which}, {escape(path.name)}: {stage}"))
        begin()
        make_folder(place.parent)
        speech.save(place)
