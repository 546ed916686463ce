"""FERV39k: facial expressions in 39,000 clips of 22 kinds of scenes, seven emotions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, clip_or_frames, each, laid_out, lines_of, one_of

EMOTIONS = {
    "Angry": "angry",
    "Disgust": "disgusted",
    "Fear": "fearful",
    "Happy": "happy",
    "Neutral": "neutral",
    "Sad": "sad",
    "Surprise": "surprised",
}
_CLIPS = "2_ClipsforFaceCrop"
_LISTS = "4_setups/All_scenes"


@laid_out("FERV39k", f"{_LISTS}/train_All.csv, test_All.csv and {_CLIPS}/", f"{_LISTS}/*.csv")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """The lines of both lists, `Action/Happy/0267 Happy`; the path is the clip, or the folder of its pictures."""
    for part in ("test", "train"):
        table = root / _LISTS / f"{part}_All.csv"

        def item(line: str, part: str = part) -> Item:
            name, _, emotion = line.replace(",", " ").partition(" ")
            if name.count("/") != 2:
                raise UnusableError(f"the line {line!r:.60} is not like `Action/Happy/0267 Happy`")
            label = one_of(EMOTIONS, emotion.strip(), "emotion")
            scene, folder, number = name.split("/")
            path = clip_or_frames(root / _CLIPS / scene / folder, number)
            return Item(f"ferv39k-{name.replace('/', '-')}", path, emotion=label, part=part, notes={"scene": scene})

        try:
            yield from each(lines_of(table), item, skip, table)
        except UnusableError as error:
            skip(table, f"{error}; the part {part!r} is left out")


CORPUS = Corpus(
    name="ferv39k",
    title="FERV39k: facial expression recognition in videos of many scenes (2022)",
    languages=(),
    licence="for non-commercial research, by agreement",
    weights=None,
    source="Wang et al. 2022, arXiv:2203.09463; https://github.com/wangyanckxx/FERV39k",
    read=read,
    emotions=EMOTIONS,
)
