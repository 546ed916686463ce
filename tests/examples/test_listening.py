"""The page to listen to: each sound on it is there, none is there for nothing, and all are marked."""

import re
from pathlib import Path

import pytest

from espressivo.media.provenance import detect

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMED = sorted(set(re.findall(r'src="\.\./sounds/([^"]+)"', (DOCS / "listening.md").read_text(encoding="utf-8"))))


def test_each_sound_is_on_the_page() -> None:
    assert sorted(path.name for path in (DOCS / "sounds").iterdir()) == NAMED


@pytest.mark.parametrize("name", NAMED)
def test_a_sound_says_that_it_is_synthetic(name: str) -> None:
    assert detect(DOCS / "sounds" / name).synthetic
