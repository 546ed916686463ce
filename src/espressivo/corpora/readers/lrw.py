"""LRW: 500 English words cut out of BBC broadcasts, 29 frames each, the word in the middle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from espressivo.clip import Word
from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, number, text_of, walk

LASTS = 1.16  # seconds: 29 frames at 25 a second
PARTS = {"train": "train", "val": "validation", "test": "test"}
MARKS = ("*/train/*.*", "*/val/*.*", "*/test/*.*", "lipread_*/*/*/*.*")


def word_time(path: Path, word: str) -> tuple[Word, ...]:
    """The word, as long as its metadata says, in the middle of the clip; none where there is no metadata file.

    Raises:
        UnusableError: a metadata file that tells no duration.
    """
    if not path.is_file():
        return ()
    match = re.search(r"duration\D*?([0-9.]+)", text_of(path), re.IGNORECASE)
    if match is None:
        raise UnusableError(f"{path.name!r} tells no duration of the word")
    half = min(number(match[1], "the duration"), LASTS) / 2
    return (Word(word, LASTS / 2 - half, LASTS / 2 + half),)


@laid_out("LRW", "lipread_mp4/ABOUT/train/ABOUT_00001.mp4 … (val, test)", *MARKS, streams=True)
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Every clip in the three official parts; nobody knows who speaks."""

    def item(path: Path) -> Item | None:
        word, part = path.parts[-3:-1]
        if part not in PARTS:
            raise UnusableError(f"it lies in {part!r}, not in train, val or test")
        return Item(
            f"lrw-{word}-{part}-{path.stem}",
            path,
            text=word.lower(),
            language="en",
            part=PARTS[part],
            words=word_time(path.with_suffix(".txt"), word.lower()),
        )

    yield from each(walk(root, skip), item, skip)


CORPUS = Corpus(
    name="lrw",
    title="LRW: Lip Reading in the Wild (2016)",
    languages=("en",),
    licence="for research, by agreement with the BBC",
    weights=None,
    source="Chung & Zisserman 2016; https://www.robots.ox.ac.uk/~vgg/data/lip_reading/lrw1.html",
    read=read,
)
