"""The example clip that comes with the project."""

from __future__ import annotations

from pathlib import Path

from espressivo.errors import InputError


def example_clip() -> Path:
    """The made-up talker: beside the sources in a checkout, inside the package once installed.

    Raises:
        InputError: it was removed.
    """
    package = Path(__file__).resolve().parents[1]
    places = (package / "examples" / "talking_face.mp4", package.parents[1] / "examples" / "talking_face.mp4")
    for place in places:
        if place.is_file():
            return place
    raise InputError(f"the example clip is missing: it should be at {str(places[1])!r}; check the project out again")
