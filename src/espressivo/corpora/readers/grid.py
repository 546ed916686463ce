"""GRID: 34 talkers, 1,000 six-word commands each; the file's name spells the sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.clip import Word
from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, lines_of, named, number, one_of, walk

_COMMAND = {"b": "bin", "l": "lay", "p": "place", "s": "set"}
_COLOUR = {"b": "blue", "g": "green", "r": "red", "w": "white"}
_PREPOSITION = {"a": "at", "b": "by", "i": "in", "w": "with"}
_DIGIT = {
    "z": "zero",
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
}
_ADVERB = {"a": "again", "n": "now", "p": "please", "s": "soon"}
_TICKS = 25_000  # a second, in the times of the .align files
_ALIGNMENTS = ("align/{}", "alignments/{}", "{}/align")  # as unpacked from the archives of either home page


def sentence(stem: str) -> str:
    """ "bbaf2n" says "bin blue at f two now".

    Raises:
        UnusableError: a letter that stands for no word.
    """
    command, colour, preposition, letter, digit, adverb = list(stem)
    words = [
        one_of(_COMMAND, command, "command"),
        one_of(_COLOUR, colour, "colour"),
        one_of(_PREPOSITION, preposition, "preposition"),
        letter,
        one_of(_DIGIT, digit, "digit"),
        one_of(_ADVERB, adverb, "adverb"),
    ]
    return " ".join(words)


def aligned(path: Path) -> tuple[Word, ...]:
    """The words of an .align file, pauses left out.

    Raises:
        UnusableError: missing, or a line that is not `start end word`.
    """
    words = []
    for line in lines_of(path):
        fields = line.split()
        if len(fields) != 3:
            raise UnusableError(f"{path.name!r} has the line {line!r:.60}, not `start end word`")
        start, end = (number(field, "a time") / _TICKS for field in fields[:2])
        if fields[2] not in ("sil", "sp"):
            words.append(Word(fields[2], start, end))
    if not words:
        raise UnusableError(f"{path.name!r} holds no words")
    return tuple(words)


@laid_out("GRID", "s1/*.mpg … s34/ (and align/s1/*.align)", "s[0-9]*/*.*", "s[0-9]*/*/*.*")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Items with their words' times; without times where a talker has no alignments at all."""
    for talker in sorted(path.name for path in root.glob("s[0-9]*") if path.is_dir()):
        folders = (root / place.format(talker) for place in _ALIGNMENTS)
        labels = next((folder for folder in folders if folder.is_dir()), None)

        def item(path: Path, talker: str = talker, labels: Path | None = labels) -> Item:
            named("[a-z]{4}[z1-9][a-z]", path, "bbaf2n")
            words = () if labels is None else aligned(labels / f"{path.stem}.align")
            return Item(
                f"grid-{talker}-{path.stem}",
                path,
                speaker=f"grid-{talker}",
                text=sentence(path.stem),
                language="en",
                words=words,
            )

        yield from each(walk(root / talker, skip), item, skip)


CORPUS = Corpus(
    name="grid",
    title="GRID audio-visual sentence corpus (2006)",
    languages=("en",),
    licence="CC BY 4.0",
    weights="CC BY 4.0",
    source="Cooke et al. 2006, doi:10.1121/1.2229005; https://zenodo.org/records/3625687",
    read=read,
)
