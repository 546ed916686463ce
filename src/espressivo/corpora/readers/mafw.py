"""MAFW: facial expressions in clips from films, shows and news, eleven single emotions, five official folds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, clip_or_frames, each, laid_out, lines_of, one_of

# Three of its eleven labels have no name of their own in the taxonomy; `notes["label"]` keeps them apart.
EMOTIONS = {
    "anger": "angry",
    "anxiety": "fearful",
    "contempt": "contemptuous",
    "disappointment": "sad",
    "disgust": "disgusted",
    "fear": "fearful",
    "happiness": "happy",
    "helplessness": "sad",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}
_LISTS = "Train & Test Set/single/no_caption"


@laid_out("MAFW", f"{_LISTS}/set_1/test.txt … set_5/ and data/clips/00001.mp4 …", f"{_LISTS}/set_*/test.txt")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """The clips with one label. Each is in the test list of one fold, which is its `part`; the others train it."""
    clips = root / "data" / ("clips" if (root / "data" / "clips").is_dir() else "frames")
    for table in sorted((root / _LISTS).glob("set_[1-5]/test.txt")):

        def item(line: str, fold: str = table.parent.name[-1]) -> Item:
            name, _, label = line.partition(" ")
            emotion = one_of(EMOTIONS, label.strip(), "emotion")
            stem = Path(name).stem
            path = clip_or_frames(clips, stem)
            return Item(f"mafw-{stem}", path, emotion=emotion, part=f"fold-{fold}", notes={"label": label.strip()})

        try:
            yield from each(lines_of(table), item, skip, table)
        except UnusableError as error:
            skip(table, f"{error}; this fold is left out")


CORPUS = Corpus(
    name="mafw",
    title="MAFW: Multi-modal Affective database in the Wild (2022)",
    languages=(),
    licence="for non-commercial research, by agreement",
    weights=None,
    source="Liu et al. 2022, arXiv:2208.00847; https://mafw-database.github.io/MAFW/",
    read=read,
    emotions=EMOTIONS,
)
