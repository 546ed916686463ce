"""Emotional talking faces in Javanese: AA-BB-CC_01.mp4 is person, sentence, emotion; clips.csv lists them.

The codes of the emotions are nowhere documented. 01 neutral, 02 sad, 03 happy, 04 surprise, 05 fear and 06 angry were
inferred by looking, 02 and 05 with doubt: treat them as six classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import each, laid_out, named, one_of, recording, rows_of

EMOTIONS = {
    "angry": "angry",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "surprise": "surprised",
}


@laid_out("the Javanese talking faces", "clips.csv and 01-01-01_01.mp4 …", "clips.csv")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """The rows of clips.csv."""

    def item(row: dict[str, str]) -> Item:
        path = recording(root, Path(row["path"]).stem)
        told = named("(?P<person>[0-9]{2})-(?P<sentence>[0-9]{2})-[0-9]{2}_[0-9]{2}", path, "01-01-01_01")
        return Item(
            f"javanese-{path.stem}",
            path,
            speaker=f"javanese-{told['person']}",
            language="jv",
            emotion=one_of(EMOTIONS, row["emotion"], "emotion"),
            notes={"sentence": told["sentence"]},
        )

    yield from each(rows_of(root / "clips.csv", ("path", "emotion")), item, skip, root / "clips.csv")


CORPUS = Corpus(
    name="javanese",
    title="Emotional talking faces in Javanese (year unknown)",
    languages=("jv",),
    licence="none stated",
    weights=None,
    source="unknown to us",
    read=read,
    emotions=EMOTIONS,
)
