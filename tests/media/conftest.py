"""Fixtures for media: everything is made on the spot, nothing of real people lies here."""

from pathlib import Path

import pytest
from making import Maker


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """Writes small media files into the test's own folder."""
    return Maker(tmp_path)
