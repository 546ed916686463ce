"""LRS3-TED: sentences out of TED talks, face tracks with sound; word times in the pre-training part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from espressivo.clip import Word
from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, lines_of, number, one_of, walk

_PARTS = {"pretrain": "pretrain", "test": "test", "trainval": "train"}


def said(path: Path) -> tuple[str, tuple[Word, ...]]:
    """The text after `Text:` without its tags for noises, and the rows below `WORD START END ASDSCORE`.

    Raises:
        UnusableError: missing, no text, or a row that is not of that form.
    """
    lines = lines_of(path)
    text = next((line.removeprefix("Text:") for line in lines if line.startswith("Text:")), "")
    text = " ".join(re.sub(r"\{[^}]*\}", " ", text).split())
    if not text:
        raise UnusableError(f"{path.name!r} has no text after 'Text:'")
    heads = [place for place, line in enumerate(lines) if line.startswith("WORD START END")]
    rows = [line.split() for line in lines[heads[0] + 1 :]] if heads else []
    if any(len(row) < 3 for row in rows):
        raise UnusableError(f"{path.name!r} has a row that is not `word start end score`")
    words = (Word(row[0], number(row[1], "a time"), number(row[2], "a time")) for row in rows)
    return text, tuple(word for word in words if not word.text.startswith("{"))


def item(path: Path) -> Item:
    """A talk has one speaker; whether two talks have the same one, nobody says."""
    part, talk = path.parts[-3:-1]
    text, words = said(path.with_suffix(".txt"))
    return Item(
        f"lrs3-{part}-{talk}-{path.stem}",
        path,
        speaker=f"lrs3-{talk}",
        text=text,
        language="en",
        part=one_of(_PARTS, part, "part"),
        words=words,
    )


@laid_out("LRS3", "pretrain/, trainval/ and test/ with <talk>/00001.mp4 and .txt", *_PARTS, streams=True)
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Every track that has a text."""
    for part in _PARTS:
        yield from each(walk(root / part, skip), item, skip)


CORPUS = Corpus(
    name="lrs3",
    title="LRS3-TED (2018)",
    languages=("en",),
    licence="CC BY-NC-ND 4.0 for the talks, by TED; the corpus itself is no longer given out by its makers",
    weights=None,
    source="Afouras et al. 2018, arXiv:1809.00496; https://www.robots.ox.ac.uk/~vgg/data/lip_reading/lrs3.html",
    read=read,
)
