"""Kathleen: one US woman reads the prompts of CMU Arctic; each recording has its text beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, text_of, walk


def item(path: Path) -> Item:
    """Raises UnusableError where the text is missing or empty."""
    text = text_of(path.with_suffix(".txt")).strip()
    if not text:
        raise UnusableError("its text is empty")
    return Item(f"kathleen-{path.stem}", path, speaker="kathleen-kathleen", text=text, language="en")


@laid_out("Kathleen", "data/arctic_a0001_*.wav with a .txt beside each", "data/arctic_*.txt", "data/*.txt")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Every recording in data/ that has a text."""
    yield from each(walk(root / "data", skip), item, skip)


CORPUS = Corpus(
    name="kathleen",
    title="Kathleen's reading of the CMU Arctic prompts (2020)",
    languages=("en",),
    licence="CC0",
    weights="CC0",
    source="prompts: Kominek & Black 2004, http://festvox.org/cmu_arctic/; the recordings' home page is unknown to us",
    read=read,
)
