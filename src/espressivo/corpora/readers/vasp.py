"""VASP: clips of interviews, several of each person, face and voice; clips.csv lists them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, recording, rows_of


@laid_out("VASP", "clips.csv and ID1/014.mp4 …", "clips.csv")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """The rows of clips.csv."""

    def item(row: dict[str, str]) -> Item:
        name = PurePosixPath(row["path"])
        if len(name.parts) != 2:
            raise UnusableError(f"the path {row['path']!r} is not like ID1/014.mp4")
        person, stem = name.parts[0], name.stem
        return Item(f"vasp-{person}-{stem}", recording(root / person, stem), speaker=f"vasp-{person}")

    yield from each(rows_of(root / "clips.csv", ("path", "speaker")), item, skip, root / "clips.csv")


CORPUS = Corpus(
    name="vasp",
    title="VASP: interview clips of several people (year unknown)",
    languages=(),
    licence="none; identifiable people",
    weights=None,
    source="unknown to us",
    read=read,
)
