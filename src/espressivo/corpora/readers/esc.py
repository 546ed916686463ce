"""ESC-50: 2,000 environmental sounds of 5 s in 50 classes and 5 folds; ESC-10 is ten of the classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import each, laid_out, named, one_of, recording, rows_of, walk

# ESC-10 as it was first given out: one folder for each class, here with ESC-50's name of it.
_ESC10 = {
    "001": "dog",
    "002": "rain",
    "003": "sea_waves",
    "004": "crying_baby",
    "005": "clock_tick",
    "006": "sneezing",
    "007": "helicopter",
    "008": "chainsaw",
    "009": "rooster",
    "010": "crackling_fire",
}
_COLUMNS = ("filename", "fold", "category", "esc10")


@laid_out(
    "ESC", "meta/esc50.csv and audio/ (ESC-50), or 001 - Dog bark/ … (ESC-10)", "meta/esc50.csv", "0[01][0-9] - */"
)
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """`notes` hold the class, and whether it is in ESC-10; `part` is the fold."""
    table = root / "meta" / "esc50.csv"
    if table.is_file():
        yield from each(rows_of(table, _COLUMNS), lambda row: _listed(root, row), skip, table)
        return
    for folder in sorted(root.glob("0[01][0-9] - *")):
        yield from each(walk(folder, skip), _in_folder, skip)


def _listed(root: Path, row: dict[str, str]) -> Item:
    stem = Path(row["filename"]).stem
    notes = {"category": row["category"], "esc10": row["esc10"].lower()}
    return Item(f"esc-{stem}", recording(root / "audio", stem), part=f"fold-{row['fold']}", notes=notes)


def _in_folder(path: Path) -> Item:
    told = named("(?P<fold>[1-5])-[0-9]+-[A-Z]", path, "1-100032-A")
    category = one_of(_ESC10, path.parent.name[:3], "class")
    notes = {"category": category, "esc10": "true"}
    return Item(f"esc-{path.stem}", path, part=f"fold-{told['fold']}", notes=notes)


CORPUS = Corpus(
    name="esc",
    title="ESC: dataset for Environmental Sound Classification, ESC-50 and ESC-10 (2015)",
    languages=(),
    licence="ESC-50: CC BY-NC 3.0; its subset ESC-10: CC BY 3.0",
    weights="CC BY 3.0 for ESC-10 alone; CC BY-NC 3.0 otherwise",
    source="Piczak 2015, doi:10.1145/2733373.2806390; https://github.com/karolpiczak/ESC-50",
    read=read,
)
