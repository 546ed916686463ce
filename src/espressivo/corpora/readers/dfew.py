"""DFEW: facial expressions in film clips, seven emotions, five official folds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import VIDEO, UnusableError, each, laid_out, one_of, rows_of, walk

EMOTIONS = {
    "1": "happy",
    "2": "sad",
    "3": "neutral",
    "4": "angry",
    "5": "surprised",
    "6": "disgusted",
    "7": "fearful",
}
_TABLES = "EmoLabel_DataSplit/test*/set_[1-5].csv"  # the folder is test(single-labeled)
_FRAMES = ("clip_224x224", "clip_224x224_16f")


def _videos(root: Path, skip: Skip) -> dict[str, Path]:
    """Number → video; the folders of pictures beside them are not searched, for they hold millions."""
    folders = [root / "Clip" / name for name in ("clip_224x224_avi", "original")]  # the later replaces the earlier
    return {path.stem.lstrip("0"): path for folder in folders for path in walk(folder, skip, VIDEO)}


def _frames(root: Path, name: str) -> Path | None:
    folders = (root / "Clip" / frames / name.zfill(5) for frames in _FRAMES)
    return next((folder for folder in folders if folder.is_dir()), None)


@laid_out("DFEW", "EmoLabel_DataSplit/test(single-labeled)/set_1.csv … set_5.csv and Clip/", _TABLES)
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """The clips with one label. Each is in the test list of one fold, which is its `part`; the others train it.

    The path is the clip's video or, where only pictures were unpacked, the folder that holds them.
    """
    videos = _videos(root, skip)
    for table in sorted(root.glob(_TABLES)):

        def item(row: dict[str, str], fold: str = table.stem[-1]) -> Item:
            name = row["video_name"].strip().lstrip("0")
            path = videos.get(name) or _frames(root, name)
            if path is None:
                raise UnusableError(f"there is no clip {row['video_name']!r} in Clip/")
            emotion = one_of(EMOTIONS, row["label"].strip(), "emotion")
            return Item(f"dfew-{name.zfill(5)}", path, emotion=emotion, part=f"fold-{fold}")

        try:
            yield from each(rows_of(table, ("video_name", "label")), item, skip, table)
        except UnusableError as error:
            skip(table, f"{error}; this fold is left out")


CORPUS = Corpus(
    name="dfew",
    title="DFEW: Dynamic Facial Expression in the Wild (2020)",
    languages=(),
    licence="for non-commercial research, by agreement",
    weights=None,
    source="Jiang et al. 2020, arXiv:2008.05924; https://dfew-dataset.github.io/",
    read=read,
    emotions=EMOTIONS,
)
