"""The command line. `main` turns every error we raise on purpose into one line and exit code 2."""

from __future__ import annotations

import sys

from espressivo.errors import EspressivoError


def main() -> None:
    """Runs the command line; the only place that ends the process."""
    from espressivo.cli.app import app

    try:
        app()
    except EspressivoError as error:
        print("espressivo: " + " ".join(str(error).split()), file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        print("espressivo: stopped", file=sys.stderr)
        sys.exit(130)
