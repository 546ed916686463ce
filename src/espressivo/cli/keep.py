"""The verbs that look after things: detect what is synthetic, and the pinned weights."""

from __future__ import annotations

from typing import Annotated

import typer

from espressivo.cli.show import downloads
from espressivo.errors import AssetError, ConfigError, EspressivoError

assets = typer.Typer(help="List, fetch or verify the pinned weights.", no_args_is_help=True)
WIDE = 400  # characters, more than the longest row
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Names from the list.")]


def detect(file: Annotated[str, typer.Argument(metavar="FILE", help="Sound, video or picture file.")]) -> None:
    """Tell whether a file was made by espressivo.

    Example: espressivo detect reply.wav
    """
    from espressivo.media.provenance import detect as look

    typer.echo(f"{file}: {look(file).reason}")


@assets.command("list")
def list_assets(
    licence: Annotated[str | None, typer.Option(help="'permissive' leaves the others out.")] = None,
) -> None:
    """Show every set of weights, pinned or shipped with espressivo, with the licence of the weights.

    Example: espressivo assets list --licence permissive
    """
    from rich.console import Console
    from rich.table import Table

    from espressivo.assets import describe

    if licence not in (None, "permissive"):
        raise ConfigError(f"unknown licence filter {licence!r}: only 'permissive' is known")
    table = Table(*("name", "here", "MB", "licence", "permissive", "what it is"), box=None, pad_edge=False)
    for row in describe(permissive=True if licence else None):
        here = "shipped" if row.kind == "shipped" else "yes" if row.here else ""
        what = f"{row.what}. {row.note}" if row.note else row.what
        table.add_row(
            row.name,
            here,
            f"{row.megabytes:.1f}" if row.megabytes else "<0.1",
            row.licence,
            "yes" if row.permissive else "no",
            what,
        )
    # A pipe has no width: no row is to be broken for it.
    console = Console() if Console().is_terminal else Console(width=WIDE)
    console.print(table)


@assets.command()
def fetch(
    names: Names = None,
    job: Annotated[str | None, typer.Option("--for", help="Everything a verb needs, for example converse.")] = None,
) -> None:
    """Download pinned weights into the cache and check them; all of them if none is named.

    Example: espressivo assets fetch --for converse
    """
    from espressivo.assets import entries
    from espressivo.assets import fetch as get
    from espressivo.verbs.needs import NEEDS

    if job is not None and job not in NEEDS:
        raise ConfigError(f"nothing is known of {job!r}: choose one of {', '.join(NEEDS)}")
    wanted = [*(names or ()), *(NEEDS[job] if job else ())] or [entry.name for entry in entries()]
    with downloads() as tell:
        places = [get(name, tell) for name in wanted]
    typer.echo(f"{len(places)} sets of weights are in the cache, each as pinned")


@assets.command()
def verify(names: Names = None) -> None:
    """Hash the weights in the cache again; each changed file is removed and named.

    Example: espressivo assets verify
    """
    from espressivo.assets import describe
    from espressivo.assets import verify as check

    wanted = names or [row.name for row in describe() if row.here and row.kind == "pinned"]
    wrong: dict[str, EspressivoError] = {}
    for name in wanted:
        try:
            check(name)
        except EspressivoError as error:
            wrong[name] = error
    if len(wrong) == 1:
        raise next(iter(wrong.values()))
    if wrong:
        for reason in wrong.values():
            typer.echo(f"espressivo: {reason}", err=True)
        raise AssetError(f"{len(wrong)} of {len(wanted)} sets of weights are not as pinned: {', '.join(wrong)}")
    typer.echo(f"{len(wanted)} sets of weights are exactly as pinned")
