"""Synthetic speech that `corpora.spoken` made: a folder for each of Kokoro's voices, each recording with its text."""

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
    voice = path.parent.name
    return Item(f"kokoro-{voice}-{path.stem}", path, speaker=f"kokoro-{voice}", text=text, language="en")


@laid_out("Kokoro's voices", "af_heart/0001.flac with a .txt beside each", "[ab][fm]_*/*.txt")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Every recording in a voice's folder that has a text."""
    for folder in sorted(path for path in root.glob("[ab][fm]_*") if path.is_dir()):
        yield from each(walk(folder, skip), item, skip)


CORPUS = Corpus(
    name="kokoro",
    title="Sentences read by Kokoro-82M's English voices (2025)",
    languages=("en",),
    licence="Apache-2.0",
    weights="Apache-2.0",
    source="made by `python -m espressivo.corpora.spoken`; the model: https://huggingface.co/hexgrad/Kokoro-82M",
    read=read,
)
