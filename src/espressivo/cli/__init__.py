"""The command line. `main` turns every error we raise on purpose into one line and exit code 2."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

from espressivo.errors import EspressivoError

_PACKAGE = str(Path(__file__).resolve().parents[1])


def main() -> None:
    """Runs the command line; the only place that ends the process."""
    import typer

    # Typer brings its own copy of click, older versions use click itself: the class is the same, its place is not.
    usage = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            code = _run()
            sys.stdout.flush()
    except EspressivoError as error:
        code = _say(error, 2)
    except usage as error:
        code = _misused(error)
    except (KeyboardInterrupt, typer.Abort):
        code = _say("stopped", 130)
    except BrokenPipeError:
        code = 0
        _forget_output()
    except OSError as error:
        if error.filename is not None:
            raise
        code = _say(f"cannot write the results: {(error.strerror or str(error)).lower()}", 2)
        _forget_output()
    sys.exit(code)


def _run() -> int:
    import typer

    from espressivo.cli.app import app

    return int(typer.main.get_command(app).main(prog_name="espressivo", standalone_mode=False) or 0)


def _misused(error: Any) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())
        return 0
    path = error.ctx.command_path if getattr(error, "ctx", None) is not None else "espressivo"
    return _say(f"{error.format_message().rstrip('.')}; see '{path} --help'", 2)


def _forget_output() -> None:
    """Nobody takes what is still in the buffer: Python must not try once more, and complain, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: object, code: int) -> int:
    print("espressivo: " + " ".join(str(message).split()), file=sys.stderr)
    return code


def _warn(
    message: Any, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    """Our own warnings as one line; what libraries warn of is for programmers, not for the terminal."""
    if category is UserWarning and filename.startswith(_PACKAGE):
        _say(message, 0)
