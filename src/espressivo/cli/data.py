"""The verbs that make data: prepare a corpus, split data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from espressivo.cli.show import bar
from espressivo.errors import ConfigError

if TYPE_CHECKING:
    from espressivo.corpora.tally import Tally

_WIDE = 200  # characters of a table that goes into a pipe
_EMOTIONS = 10


class Way(StrEnum):
    """What no two parts share."""

    speaker = "speaker"
    part = "part"
    leave_one_out = "leave-one-out"


def prepare(
    corpus: Annotated[str, typer.Argument(help="Name of the corpus; 'folder' for any folder of recordings.")],
    folder: Annotated[Path, typer.Argument(help="The corpus as its makers lay it out.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File: .jsonl.gz (Lhotse CutSet) or .csv.")],
    jobs: Annotated[int | None, typer.Option(help="Processes; by default one for each processor.")] = None,
    ray: Annotated[str | None, typer.Option(help="Work on a Ray cluster: its address, auto or local.")] = None,
    shards: Annotated[
        bool, typer.Option("--shards", help="Write the sound itself, as a folder of Lhotse Shar.")
    ] = False,
) -> None:
    """Turn a corpus' official folder into data: each recording is opened, what is broken is named and left out.

    Example: espressivo prepare ravdess ~/RAVDESS -o ravdess.jsonl.gz
    """
    from espressivo.corpora.spread import cores
    from espressivo.verbs.prepare import prepare as make

    with bar("opening the recordings") as tell:
        made = make(corpus, folder, out, jobs=cores() if jobs is None else jobs, ray=ray, shards=shards, tell=tell)
    for line in made.first:
        typer.echo(f"skipped: {line}", err=True)
    if made.skipped > len(made.first):
        typer.echo(f"skipped: {made.skipped - len(made.first)} more", err=True)
    noted = f", {made.noted} kept with a remark" if made.noted else ""
    log = "" if made.log is None else f" (all in {made.log})"
    typer.echo(f"{made.path}: {_summary(made.tally)}; {made.skipped} skipped{noted}{log}")


def split(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="CSV, CutSet or folder of shards.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write.")],
    by: Annotated[Way, typer.Option(help="speaker, part (the corpus' own), or leave-one-out.")] = Way.speaker,
    shares: Annotated[str, typer.Option(help="Shares of train, validation and test.")] = "0.8,0.1,0.1",
    seed: Annotated[int, typer.Option(help="Another seed draws other speakers.")] = 0,
) -> None:
    """Split data so that no speaker is on both sides.

    Example: espressivo split data.csv --by speaker -o splits/
    """
    from espressivo.verbs.split import split as divide

    try:
        wanted = [float(share) for share in shares.split(",")]
    except ValueError:
        raise ConfigError(f"got shares of {shares!r}: give three numbers, such as 0.8,0.1,0.1") from None
    _table(divide(data, out, by=by.value, shares=wanted, seed=seed))


def _summary(count: Tally) -> str:
    """ "1,200 items, 1.2 h, 20 speakers, 8 emotions"."""
    voices = len([name for name in count.speakers if name is not None])
    parts = [f"{count.items:,} item{_s(count.items)}", "" if count.hours is None else f"{count.hours:.2f} h"]
    parts += [f"{voices:,} speaker{_s(voices)}" if voices else "speakers unknown"]
    parts += [f"{len(count.emotions)} emotion{_s(len(count.emotions))}" if count.emotions else ""]
    return ", ".join(part for part in parts if part)


def _s(number: int) -> str:
    return "" if number == 1 else "s"


def _table(counts: Mapping[str, Tally]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("part", "items", "hours", "speakers", "emotions", box=None, pad_edge=False)
    for name, count in counts.items():
        hours = "" if count.hours is None else f"{count.hours:.2f}"
        voices = len([speaker for speaker in count.speakers if speaker is not None])
        felt = ", ".join(f"{emotion} {number}" for emotion, number in count.emotions.most_common(_EMOTIONS))
        table.add_row(name, f"{count.items:,}", hours, f"{voices:,}", felt)
    console = Console() if Console().is_terminal else Console(width=_WIDE)
    console.print(table)
