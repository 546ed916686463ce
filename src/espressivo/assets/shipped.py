"""What comes with the package: the example, and small checkpoints under the licence of what they learned from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from espressivo.errors import AssetError, ConfigError

PERMISSIVE = re.compile(r"\b(CC0|CC[- ]BY|MIT|Apache|BSD)", re.IGNORECASE)
RESTRICTED = re.compile(r"\b(NC|ND|non-?commercial|research)\b", re.IGNORECASE)


class Shipped(NamedTuple):
    """One checkpoint: its folder, what its card says it does, the licence in its config.json."""

    folder: Path
    what: str
    licence: str

    @property
    def permissive(self) -> bool:
        """Allowed where a permissive licence is named and nothing restricts it; in doubt it is not."""
        return bool(PERMISSIVE.search(self.licence)) and not RESTRICTED.search(self.licence)

    @property
    def bytes(self) -> int:
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())


def beside(name: str) -> Path:
    """Where the file or folder `name` of the repository lies: inside an installed package, or beside its sources."""
    package = Path(__file__).resolve().parents[1]
    inside = package / name
    return inside if inside.exists() else package.parents[1] / name


def checkpoint(name: str) -> Path:
    """The folder of a checkpoint that ships with espressivo: inside an installed package, or beside its sources.

    Raises:
        AssetError: it is in neither place.
    """
    folder = beside(f"checkpoints/{name}")
    if folder.is_dir():
        return folder
    raise AssetError(f"the checkpoint {name} is missing from this installation: install espressivo again")


def by_licence(checkpoints: Mapping[str, str], licence: str) -> Path:
    """The folder of that one of `checkpoints`, names by licence, which `licence` asks for.

    Raises:
        ConfigError: none is for that licence.
        AssetError: it is missing.
    """
    if licence not in checkpoints:
        raise ConfigError(f"unknown licence {licence!r}: choose one of {', '.join(checkpoints)}")
    return checkpoint(checkpoints[licence])


def shipped() -> list[Shipped]:
    """Every checkpoint that is shipped, by name. Raises AssetError when one does not say its licence."""
    found = []
    for config in sorted(beside("checkpoints").glob("*/config.json")):
        try:
            licence = str(json.loads(config.read_text(encoding="utf-8"))["licence"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AssetError(f"{config} does not say a licence: install espressivo again") from error
        found.append(Shipped(config.parent, _what(config.with_name("README.md")), licence))
    return found


def _what(card: Path) -> str:
    """The first words of the model card below its title, up to the first full stop or colon."""
    if not card.is_file():
        return ""
    text = " ".join(line for line in card.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return re.split(r"[.:]\s", text.strip(), maxsplit=1)[0]
