"""ESD: ten Mandarin and ten English speakers say the same 350 sentences in five emotions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, lines_of, named, one_of, walk

EMOTIONS = {"Angry": "angry", "Happy": "happy", "Neutral": "neutral", "Sad": "sad", "Surprise": "surprised"}
_ENCODINGS = ("utf-8-sig", "gbk", "utf-16")  # the transcripts of different speakers come in different ones


def _part(number: int) -> str:
    """Of each emotion's 350 sentences the first 20 are for validation, the next 30 for test."""
    place = (number - 1) % 350
    return "validation" if place < 20 else "test" if place < 50 else "train"


def _speaker(folder: Path, skip: Skip) -> Iterator[Item]:
    try:
        lines = lines_of(folder / f"{folder.name}.txt", _ENCODINGS)
    except UnusableError as error:
        skip(folder / f"{folder.name}.txt", f"{error}; this speaker's recordings are taken without text")
        lines = []
    texts = {fields[0]: fields[1].strip() for line in lines if len(fields := line.split("\t")) > 1}

    def item(path: Path) -> Item:
        told = named("(?P<speaker>[0-9]{4})_(?P<number>[0-9]{6})", path, "0011_000351")
        if lines and path.stem not in texts:
            raise UnusableError(f"'{folder.name}.txt' has no transcript of it")
        return Item(
            f"esd-{path.stem}",
            path,
            speaker=f"esd-{told['speaker']}",
            text=texts.get(path.stem),
            language="zh" if int(told["speaker"]) <= 10 else "en",
            # The recordings lie in the emotion's folder, or in train/, test/ or evaluation/ inside it.
            emotion=one_of(EMOTIONS, path.relative_to(folder).parts[0], "emotion"),
            part=_part(int(told["number"])),
        )

    yield from each(walk(folder, skip), item, skip)


@laid_out("ESD", "0001/Angry/0001_000351.wav … 0020/", "00[0-2][0-9]/*/")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """All speakers that are there."""
    for folder in sorted(root.glob("00[0-2][0-9]")):
        yield from _speaker(folder, skip)


CORPUS = Corpus(
    name="esd",
    title="ESD: Emotional Speech Database (2021)",
    languages=("en", "zh"),
    licence="for research, by agreement",
    weights=None,
    source="Zhou et al. 2021, arXiv:2105.14762; https://github.com/HLTSingapore/Emotional-Speech-Data",
    read=read,
    emotions=EMOTIONS,
)
