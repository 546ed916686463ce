"""Everything espressivo raises on purpose.

EspressivoError
├── InputError      what was given cannot be used: missing, empty, broken, not media, too long …
├── OutputError     what was to be written could not be: disk full, folder not writable …
├── AssetError      pinned weights are missing or changed (assets.OutOfReachError: no source could be reached)
├── EndpointError   the chat endpoint that was chosen does not answer, or not as it should
├── ConfigError     a recipe, option or value is not one we know (training.DivergedError: the loss is not a number)
└── NotBuiltError   the verb exists in the command line, its system does not yet

Each message is one line: what was got, what was wanted, what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class EspressivoError(Exception):
    """Root of the tree; the command line prints its message and exits with 2."""


class InputError(EspressivoError, ValueError):
    """The input cannot be used as it is."""


class OutputError(EspressivoError, OSError):
    """The result could not be written; nothing half-written is left."""

    __str__ = Exception.__str__


class AssetError(EspressivoError):
    """Pinned weights are missing, changed or out of reach."""


class EndpointError(EspressivoError):
    """The chat endpoint that was chosen does not answer, or not as it should."""


class ConfigError(EspressivoError, ValueError):
    """An option, recipe or value that is not one we know."""


class NotBuiltError(EspressivoError, NotImplementedError):
    """The verb's system is not built yet."""


def explained(error: Mapping[str, Any], told: bool = True) -> str:
    """In one line what pydantic found wrong; `told` adds the value, where nothing else names it."""
    where = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"{where!r} is missing"
    what = " ".join(str(error["msg"]).removeprefix("Value error, ").split())
    line = f"{where}: {what[:1].lower()}{what[1:]}" if where else what
    return f"{line}, got {error['input']!r}" if told and where else line
