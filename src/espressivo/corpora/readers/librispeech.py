"""LibriSpeech: read audiobooks, speaker/chapter/utterance, one transcript file for each chapter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, lines_of, named, walk

_PARTS = {"train": "train", "dev": "validation", "test": "test"}


def _transcripts(path: Path) -> dict[str, str]:
    return {key: text for key, _, text in (line.partition(" ") for line in lines_of(path))}


def _subset(folder: Path, skip: Skip) -> Iterator[Item]:
    """Items without text where a chapter has no transcript file at all."""
    transcripts = lru_cache(maxsize=1)(_transcripts)  # a chapter's utterances come one after another

    def item(path: Path) -> Item:
        told = named("(?P<speaker>[0-9]+)-(?P<chapter>[0-9]+)-[0-9]+", path, "1089-134686-0000")
        file = path.with_name(f"{told['speaker']}-{told['chapter']}.trans.txt")
        text = transcripts(file).get(path.stem) if file.is_file() else None
        if file.is_file() and not text:
            raise UnusableError(f"{file.name!r} has no transcript of it")
        return Item(
            f"librispeech-{path.stem}",
            path,
            speaker=f"librispeech-{told['speaker']}",
            text=text,
            language="en",
            part=_PARTS[folder.name.split("-")[0]],
            notes={"subset": folder.name, "chapter": told["chapter"]},
        )

    yield from each(walk(folder, skip), item, skip)


@laid_out("LibriSpeech", "train-clean-100/, dev-clean/, test-clean/ …", "train-*", "dev-*", "test-*")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """All subsets that are there; `notes["subset"]` tells them apart."""
    for subset in sorted(root.iterdir()):
        if subset.is_dir() and subset.name.split("-")[0] in _PARTS:
            yield from _subset(subset, skip)


CORPUS = Corpus(
    name="librispeech",
    title="LibriSpeech (2015)",
    languages=("en",),
    licence="CC BY 4.0",
    weights="CC BY 4.0",
    source="Panayotov et al. 2015, doi:10.1109/ICASSP.2015.7178964; https://www.openslr.org/12",
    read=read,
)
