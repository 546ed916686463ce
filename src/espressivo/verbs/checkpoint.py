"""Which weights are measured, and what may be done with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from espressivo.errors import AssetError, ConfigError
from espressivo.systems.registry import room


@dataclass(frozen=True)
class Checkpoint:
    """A model's folder; its licence as its config.json says (None: it does not)."""

    folder: Path
    licence: str | None


def checkpoint_of(system: str, given: Path | str | None = None) -> Checkpoint:
    """The checkpoint that is meant: a folder, else the name of one that is shipped; None takes the system's own.

    Raises:
        ConfigError: unknown system, or none of its checkpoints is shipped and none was given.
        AssetError: neither such a folder nor such a name.
    """
    from espressivo.assets.model import load_config
    from espressivo.assets.shipped import shipped

    default, ours = room(system).shipped(), {each.folder.name: each.folder for each in shipped()}
    if given is None and default is None:
        raise ConfigError(f"no checkpoint of {system} comes with espressivo: train one, and give it with --checkpoint")
    folder = default if given is None else Path(given)
    assert folder is not None
    if given is not None and not folder.exists():
        if str(given) not in ours:
            told = f"'espressivo train' wrote, or a name: {', '.join(ours)}"
            raise AssetError(f"{str(given)!r} is not a model's folder: give one that {told}")
        folder = ours[str(given)]
    licence = load_config(folder).get("licence")
    return Checkpoint(folder, None if licence is None else str(licence))
