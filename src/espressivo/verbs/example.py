"""The example clip that comes with the project."""

from __future__ import annotations

from pathlib import Path

from espressivo.assets.shipped import beside
from espressivo.errors import InputError


def example_clip() -> Path:
    """The made-up talker: beside the sources in a checkout, inside the package once installed.

    Raises:
        InputError: it was removed.
    """
    place = beside("examples/talking_face.mp4")
    if not place.is_file():
        raise InputError(f"the example clip is missing: it should be at {str(place)!r}; check the project out again")
    return place
