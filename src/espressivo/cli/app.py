"""The table of verbs: what `espressivo --help` shows, in the order of a conversation."""

from __future__ import annotations

import typer

from espressivo import __version__
from espressivo.cli import change, data, grow, keep, later, learn, talk

app = typer.Typer(
    name="espressivo",
    help="Emotion-aware audio-visual speech: it sees, hears, understands and answers with feeling.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"espressivo {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Options of every verb."""


for verb in (talk.converse, talk.recognize, talk.transcribe, talk.demo, keep.detect, data.prepare, data.split):
    app.command()(verb)
app.command()(learn.train)
app.command()(learn.evaluate)
app.command()(change.convert)
app.command()(grow.augment)
app.add_typer(keep.assets, name="assets")
for name, planned in later.VERBS.items():
    app.command(name)(planned)
