"""The verb that makes more data out of what there is: augment."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from espressivo.verbs.augment import Augmented

_FIRST = 5
LEAST_SIMILAR, MOST_WRONG = 0.45, 0.34  # as filters.py has them, which takes long to import; a test compares them


class Style(StrEnum):
    """Where the prosody comes from."""

    other = "other"
    mix = "mix"
    sample = "sample"


class Sources(StrEnum):
    """Where words and voice come from."""

    any = "any"
    same = "same"


def augment(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="CSV or CutSet with emotions, for training.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write.")],
    per_class: Annotated[int, typer.Option(help="Clips wanted of each emotion.")],
    style: Annotated[
        Style, typer.Option(help="Prosody of another recording, a mix of two, or a sample from the emotion's Gaussian.")
    ] = Style.other,
    sources: Annotated[
        Sources, typer.Option("--from", help="Words and voice from recordings of the same emotion, or of any.")
    ] = Sources.same,
    seed: Annotated[int, typer.Option(help="Another seed makes other clips.")] = 0,
    licence: Annotated[str, typer.Option(help="'permissive' keeps to weights that allow commercial use.")] = "any",
    checkpoint: Annotated[Path | None, typer.Option(help="Folder of a Prosody2Vec of your own.")] = None,
    least_similar: Annotated[
        float, typer.Option(help="Least cosine between the voices of source and clip; -1 takes any.")
    ] = LEAST_SIMILAR,
    most_wrong: Annotated[
        float, typer.Option(help="Most words newly misheard, as a share; 'inf' does not listen for words.")
    ] = MOST_WRONG,
    jobs: Annotated[int, typer.Option(help="Processes; each takes about a gigabyte.")] = 1,
) -> None:
    """Fill an emotional data set up: other recordings' prosody for the same words in the same voice.

    For training only: split the data first, then augment the part that is trained on. The same command goes on where it
    was stopped.

    Example: espressivo augment splits/train.csv --per-class 500 -o more/
    """
    from espressivo.cli.show import bar
    from espressivo.corpora.features import watching
    from espressivo.training.interrupt import Stopped
    from espressivo.verbs.augment import augment as grow

    try:
        with bar("listening") as heard, bar("making clips") as tell, watching(heard):
            made = grow(
                data,
                per_class=per_class,
                out=out,
                style=style.value,
                sources=sources.value,
                seed=seed,
                licence=licence,
                checkpoint=checkpoint,
                least_similar=least_similar,
                most_wrong=most_wrong,
                jobs=jobs,
                tell=tell,
            )
    except Stopped as stop:
        typer.echo(f"espressivo: {stop}", err=True)
        raise SystemExit(130) from None  # all is said
    _show(made, per_class)


def _show(made: Augmented, per_class: int) -> None:
    from espressivo.corpora.skips import told

    for skipped in made.skipped[:_FIRST]:
        typer.echo(f"skipped: {told(*skipped)}", err=True)
    if len(made.skipped) > _FIRST:
        listed = f", all in {made.log}" if made.log else ""
        typer.echo(f"skipped: {len(made.skipped) - _FIRST} more{listed}", err=True)
    if made.all is None:
        typer.echo(f"no emotion has fewer than {per_class} clips: nothing to make, nothing written")
        return
    for name, count in made.after.items():
        why = f" ({made.short[name]})" if name in made.short else ""
        typer.echo(f"{name}: {made.before[name]} → {count}{why}")
    clips = sum(made.after.values()) - sum(made.before.values())
    refused = f", {made.refused} attempts refused" if made.refused else ""
    typer.echo(f"{made.all}: originals and {clips} clips made{refused} ({made.provenance} tells how)")
    typer.echo(
        f"espressivo: made with {made.model} (licence: {made.licence}); see {made.folder / 'README.md'}", err=True
    )
