"""FER2013: 35,887 grey faces of 48×48 pixels found on the web, seven emotions, three official parts.

It comes as one table of pixels (fer2013.csv), or as pictures in folders <part>/<emotion>, loose or in a zip. An `Item`
is a file, so `read` gives the loose pictures; `pictures` gives the arrays out of any of the three, which is what
training wants: 36,000 small files are slow to open.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import PICTURES, UnusableError, each, laid_out, one_of, walk
from espressivo.errors import InputError

EMOTIONS = {
    "angry": "angry",
    "disgust": "disgusted",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "surprise": "surprised",
}
_CODES = {"0": "angry", "1": "disgust", "2": "fear", "3": "happy", "4": "sad", "5": "surprise", "6": "neutral"}
_PARTS = {"train": "train", "validation": "validation", "test": "test"}
_USAGES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
_SIDE = 48

Picture = tuple[str, str, str, np.ndarray]


@laid_out(
    "FER2013 as loose pictures",
    "train/angry/*.png … (unpack a zip first, or use `pictures`)",
    *(f"{p}/*/" for p in _PARTS),
)
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """The loose pictures, one item each."""

    def item(path: Path) -> Item:
        name, part, emotion = _told(PurePosixPath(path.relative_to(root).as_posix()))
        return Item(name, path, emotion=emotion, part=part)

    for part in _PARTS:
        yield from each(walk(root / part, skip, PICTURES), item, skip)


def pictures(root: Path, skip: Skip) -> Iterator[Picture]:
    """(id, part, emotion, picture) of all, the picture uint8 (48, 48), out of fer2013.csv, a zip, or loose files.

    Raises:
        InputError: the folder holds none of the three.
    """
    root = Path(root)
    table, archives = root / "fer2013.csv", sorted(root.glob("*.zip")) if root.is_dir() else []
    if table.is_file():
        yield from _of_table(table, skip)
    elif archives:
        yield from _of_zip(archives[0], skip)
    else:
        for item in read(root, skip):
            picture = _decoded(item.path.read_bytes(), item.path, skip)
            if picture is not None and item.part and item.emotion:
                yield item.id, item.part, item.emotion, picture


def _told(name: PurePosixPath) -> tuple[str, str, str]:
    """(id, part, emotion) of train/angry/name.png."""
    part, emotion = name.parts[-3:-1] if len(name.parts) > 2 else ("", "")
    part, emotion = one_of(_PARTS, part, "part"), one_of(EMOTIONS, emotion, "emotion")
    return f"fer2013-{'-'.join(name.parts[-3:-1])}-{name.stem}", part, emotion


def _of_zip(path: Path, skip: Skip) -> Iterator[Picture]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}; give FER2013's zip") from None
    with archive:
        for name in sorted(archive.namelist()):
            if PurePosixPath(name).suffix.lower() not in PICTURES:
                continue
            try:
                told, content = _told(PurePosixPath(name)), archive.read(name)
            except (UnusableError, OSError, zipfile.BadZipFile) as error:
                skip(path / name, str(error))
                continue
            picture = _decoded(content, path / name, skip)
            if picture is not None:
                yield *told, picture


def _of_table(path: Path, skip: Skip) -> Iterator[Picture]:
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for line, row in enumerate(csv.DictReader(file, skipinitialspace=True), start=2):
            try:
                emotion = EMOTIONS[one_of(_CODES, row.get("emotion") or "", "emotion")]
                part = one_of(_USAGES, (row.get("Usage") or "").strip(), "usage")
                pixels = np.array((row.get("pixels") or "").split(), np.uint8).reshape(_SIDE, _SIDE)
            except (UnusableError, ValueError, OverflowError) as error:
                skip(path, f"line {line}: {error}")
                continue
            yield f"fer2013-{line - 2:05d}", part, emotion, pixels


def _decoded(content: bytes, path: Path, skip: Skip) -> np.ndarray | None:
    from PIL import Image, UnidentifiedImageError

    try:
        picture = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    except (UnidentifiedImageError, OSError) as error:
        skip(path, f"not a picture: {' '.join(str(error).split()):.80}")
        return None
    if picture.shape != (_SIDE, _SIDE):
        skip(path, f"a picture of {picture.shape[1]}×{picture.shape[0]}, not of {_SIDE}×{_SIDE}")
        return None
    return picture


CORPUS = Corpus(
    name="fer2013",
    title="FER2013: Facial Expression Recognition challenge (2013)",
    languages=(),
    licence="for research",
    weights=None,
    source="Goodfellow et al. 2013, arXiv:1307.0414",
    read=read,
    emotions=EMOTIONS,
)
