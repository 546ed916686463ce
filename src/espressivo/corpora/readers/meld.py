"""MELD: 13,708 utterances of the television series Friends, with video; the same people are in every part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, one_of, recording, rows_of

EMOTIONS = {
    "anger": "angry",
    "disgust": "disgusted",
    "fear": "fearful",
    "joy": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}
_PARTS = {
    "train": ("train_sent_emo.csv", "train_splits"),
    "validation": ("dev_sent_emo.csv", "dev_splits_complete"),
    "test": ("test_sent_emo.csv", "output_repeated_splits_test"),
}
_COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID")
# The tables were written in Windows' code page and then called UTF-8: these stand for its quotes and dashes.
_QUOTES = {0x85: "…", 0x91: "‘", 0x92: "’", 0x93: "“", 0x94: "”", 0x96: "–", 0x97: "—"}


def _part(root: Path, part: str, skip: Skip) -> Iterator[Item]:
    table, videos = _PARTS[part]

    def item(row: dict[str, str]) -> Item:
        stem = f"dia{row['Dialogue_ID']}_utt{row['Utterance_ID']}"
        return Item(
            f"meld-{part}-{stem}",
            recording(root / videos, stem),
            speaker=f"meld-{row['Speaker'].translate(_QUOTES)}" if row["Speaker"] else None,
            text=row["Utterance"].translate(_QUOTES),
            language="en",
            emotion=one_of(EMOTIONS, row["Emotion"], "emotion"),
            part=part,
            notes={"dialogue": row["Dialogue_ID"], "turn": row["Utterance_ID"]},
        )

    yield from each(rows_of(root / table, _COLUMNS), item, skip, root / table)


@laid_out("MELD", "train_sent_emo.csv, train_splits/dia0_utt0.mp4 … (and dev, test)", *(f for f, _ in _PARTS.values()))
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """The official parts; one whose table cannot be read is told and left out."""
    for part, (table, _) in _PARTS.items():
        try:
            yield from _part(root, part, skip)
        except UnusableError as error:
            skip(root / table, f"{error}; the part {part!r} is left out")


CORPUS = Corpus(
    name="meld",
    title="MELD: Multimodal EmotionLines Dataset (2019)",
    languages=("en",),
    licence="GPL 3.0 for the annotations; the clips belong to the makers of the series",
    weights=None,
    source="Poria et al. 2019, arXiv:1810.02508; https://affective-meld.github.io",
    read=read,
    emotions=EMOTIONS,
)
