"""GLips: 500 German words cut out of sessions of the Hessian parliament, in the form of LRW.

The paper tells the form: 1.16 s videos at 25 frames a second, the sound in an .m4a beside each, and a text with the
word, its start, end and duration. The names of those fields are not known to us; the duration is found by its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import SOUND, VIDEO, UnusableError, beside, each, laid_out, walk
from espressivo.corpora.readers.lrw import MARKS, PARTS, word_time


@laid_out("GLips", "abend/train/abend_0001.mp4 with an .m4a and a .txt beside each … (val, test)", *MARKS, streams=True)
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Every clip in the three official parts: the sound, with its video as `face`."""

    def item(path: Path) -> Item | None:
        word, part = path.parts[-3:-1]
        if part not in PARTS:
            raise UnusableError(f"it lies in {part!r}, not in train, val or test")
        sound = beside(path.with_suffix(""), SOUND)
        return Item(
            f"glips-{word}-{part}-{path.stem}",
            sound or path,
            text=word,
            language="de",
            face=None if sound is None else path,
            part=PARTS[part],
            words=word_time(path.with_suffix(".txt"), word),
        )

    yield from each(walk(root, skip, VIDEO), item, skip)


CORPUS = Corpus(
    name="glips",
    title="GLips: German Lips (2022)",
    languages=("de",),
    licence="unknown",
    weights=None,
    source="Schwiebert et al. 2022, arXiv:2202.13403",
    read=read,
)
