"""LJ Speech: one US woman reads 13,100 passages of non-fiction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, lines_of, recording


@laid_out("LJ Speech", "metadata.csv and wavs/LJ001-0001.wav …", "metadata.csv")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """The lines of metadata.csv: `id|text as printed|text with numbers spelled out`; the last is what is said."""

    def item(line: str) -> Item:
        fields = line.split("|")
        if len(fields) < 2 or not fields[-1].strip():
            raise UnusableError(f"the line {line!r:.60} is not `id|text|normalised text`")
        path = recording(root / "wavs", fields[0])
        return Item(f"ljspeech-{fields[0]}", path, speaker="ljspeech-LJ", text=fields[-1].strip(), language="en")

    yield from each(lines_of(root / "metadata.csv"), item, skip, root / "metadata.csv")


CORPUS = Corpus(
    name="ljspeech",
    title="The LJ Speech Dataset (2017)",
    languages=("en",),
    licence="public domain",
    weights="public domain",
    source="Ito & Johnson 2017, https://keithito.com/LJ-Speech-Dataset/",
    read=read,
)
