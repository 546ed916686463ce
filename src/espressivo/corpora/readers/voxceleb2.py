"""VoxCeleb2: a million utterances of 6,112 celebrities in interviews, sound and face tracks apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import VIDEO, UnusableError, beside, each, laid_out, walk

_PARTS = {"dev": "train", "test": "test"}  # "dev" is what is trained on; nobody in it is in "test"


def _part(folder: Path, part: str, skip: Skip) -> Iterator[Item]:
    tree = folder / "aac" if (folder / "aac").is_dir() else folder / "mp4"

    def item(path: Path) -> Item:
        within = path.relative_to(tree).with_suffix("")
        if len(within.parts) != 3:
            raise UnusableError("it does not lie in <person>/<video>/")
        person, video, take = within.parts
        return Item(
            f"voxceleb2-{folder.name}-{person}-{video}-{take}",
            path,
            speaker=f"voxceleb2-{person}",
            face=beside(folder / "mp4" / within, VIDEO) if tree.name == "aac" else None,
            part=part,
            notes={"video": video},
        )

    yield from each(walk(tree, skip), item, skip)


@laid_out(
    "VoxCeleb2",
    "dev/ and test/ with aac/id00012/<video>/00001.m4a and mp4/…",
    "dev/aac",
    "dev/mp4",
    "test/aac",
    "test/mp4",
    streams=True,
)
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """The sound with its face track as `face` where there is one; the tracks alone where there is no aac/."""
    for folder, part in _PARTS.items():
        yield from _part(root / folder, part, skip)


CORPUS = Corpus(
    name="voxceleb2",
    title="VoxCeleb2 (2018)",
    languages=(),  # many; nobody says which
    licence="Creative Commons for the annotations (which one is unconfirmed); the videos belong to their owners",
    weights=None,
    source="Chung et al. 2018, arXiv:1806.05622; https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox2.html",
    read=read,
)
