"""The command line. `main` turns every error we raise on purpose into one line and exit code 2."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

from espressivo.errors import EspressivoError

_PACKAGE = str(Path(__file__).resolve().parents[1])


def main() -> None:
    """Runs the command line; the only place that ends the process."""
    from espressivo.cli.app import app

    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            app()
    except EspressivoError as error:
        _say(error)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        _say("stopped")
        sys.exit(130)


def _say(message: object) -> None:
    print("espressivo: " + " ".join(str(message).split()), file=sys.stderr)


def _warn(
    message: Any, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    """Our own warnings as one line; what libraries warn of is for programmers, not for the terminal."""
    if category is UserWarning and filename.startswith(_PACKAGE):
        _say(message)
