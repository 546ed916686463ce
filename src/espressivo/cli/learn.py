"""The verbs that make models and measure them: train, evaluate."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from espressivo.metrics.report import Evaluation

System = Annotated[str, typer.Argument(metavar="SYSTEM", help="Name of the system; a wrong one lists them all.")]
Shared = Annotated[
    bool, typer.Option("--allow-shared-speakers", help="Go on even if a speaker is on both sides; it is said.")
]


def train(
    system: System,
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="What differs from the recipe.")
    ] = None,
    recipe: Annotated[str, typer.Option(help="Name of one of the system's recipes, or a YAML file.")] = "default",
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the training was stopped.")] = False,
    allow_shared_speakers: Shared = False,
) -> None:
    """Train a system from a recipe.

    Example: espressivo train voice-emotion train=train.csv validation=validation.csv output=my-voice
    """
    from espressivo.cli.show import bar
    from espressivo.corpora.features import watching
    from espressivo.training.interrupt import Stopped
    from espressivo.verbs.train import train as learn

    options = {"recipe": recipe, "resume": resume, "allow_shared_speakers": allow_shared_speakers}
    try:
        with bar("measuring the recordings") as tell, watching(tell):
            made = learn(system, settings or (), show=True, **options)  # type: ignore[arg-type]
    except Stopped as stop:
        typer.echo(f"espressivo: {stop}", err=True)
        raise SystemExit(130) from None  # all is said
    if os.environ.get("RANK", "0") != "0":
        return
    for name, value in made.metrics.items():
        typer.echo(f"{name}: {value:.3f}")
    typer.echo(f"wrote the weights of step {made.step} (of {made.steps}) to {made.folder}")


def evaluate(
    system: System,
    data: Annotated[Path, typer.Option(help="CutSet or CSV to evaluate on.")],
    json: Annotated[Path, typer.Option(help="File for the results; pictures go beside it.")],
    checkpoint: Annotated[
        str | None, typer.Option(help="Folder of the model, or the name of one we ship; without it, ours for SYSTEM.")
    ] = None,
    allow_shared_speakers: Shared = False,
) -> None:
    """Measure a system on data.

    Example: espressivo evaluate voice-emotion --data test.csv --checkpoint my-voice --json result.json
    """
    from espressivo.cli.show import bar
    from espressivo.corpora.features import watching
    from espressivo.metrics.report import picture_paths
    from espressivo.verbs.evaluate import evaluate as measure

    with bar("measuring the recordings") as tell, watching(tell):
        found = measure(system, data, json, checkpoint=checkpoint, allow_shared_speakers=allow_shared_speakers)
    if checkpoint is None:  # nobody named a licence: it must not come as a surprise
        name, licence = found.notes["checkpoint"], found.notes["licence"]
        typer.echo(f"espressivo: measured {name}, which we ship (licence: {licence})", err=True)
    _show(found)
    pictures = picture_paths(json).values() if found.guesses is not None else ()
    typer.echo("wrote " + ", ".join(str(path) for path in (json, *pictures)))


def _show(found: Evaluation) -> None:
    """Each metric with its interval, and what always saying the commonest class would give."""
    from rich.console import Console
    from rich.table import Table

    from espressivo.corpora.skips import left_out

    people = "1 speaker" if found.speakers == 1 else f"{found.speakers} speakers"
    clips = f"{found.n} clips" + (f" of {people}" if found.speakers else "")
    table = Table("", "value", "95 % interval", "always the commonest", title=clips, box=None, title_justify="left")
    for name, value in found.metrics.items():
        bounds = found.intervals.get(name)
        told = f"{bounds[0]:.3f}–{bounds[1]:.3f}" if bounds else ""
        table.add_row(name, f"{value:.3f}", told, f"{found.baseline[name]:.3f}" if name in found.baseline else "")
    Console().print(table)
    if found.skipped:
        typer.echo(left_out(found.skipped), err=True)
