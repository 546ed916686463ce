"""The command line. `main` turns every error we raise on purpose into one line and exit code 2."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from espressivo.errors import EspressivoError

_PACKAGE = str(Path(__file__).resolve().parents[1])


INTERRUPTED = 130
"""What a shell gives for a program that Ctrl-C ended."""


def main() -> None:
    """Runs the command line; the only place that ends the process."""
    import typer

    # Typer brings its own copy of click, older versions use click itself: the class is the same, its place is not.
    usage = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
    try:
        with _telling():
            code = _run()
            if code == INTERRUPTED:  # Typer has swallowed the interrupt itself
                _say("stopped", code)
            sys.stdout.flush()
    except EspressivoError as error:
        code = _say(error, 2)
    except usage as error:  # type: ignore[misc]
        code = _misused(error)
    except (KeyboardInterrupt, typer.Abort):
        code = _say("stopped", INTERRUPTED)
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

    os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # it would tell of each retry; we tell how it ended
    return int(typer.main.get_command(app).main(prog_name="espressivo", standalone_mode=False) or 0)


@contextmanager
def _telling() -> Iterator[None]:
    """Our own warnings and log, a line each, once, as they come; what libraries warn of is for programmers."""
    told: set[str] = set()

    def tell(message: object) -> None:
        if str(message) not in told:
            told.add(str(message))
            _say(message, 0)

    def warned(message: Warning | str, category: type[Warning], filename: str, *rest: Any, **more: Any) -> None:
        if filename.startswith(_PACKAGE):
            tell(message)

    log, handler = logging.getLogger("espressivo"), logging.Handler()
    handler.emit = lambda record: tell(record.getMessage())  # type: ignore[method-assign]
    level, before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = warned
            yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = before


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
