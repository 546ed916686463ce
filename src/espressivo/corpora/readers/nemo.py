"""nEMO: nine Polish actors speak ninety sentences in six emotions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import each, laid_out, one_of, recording, rows_of

EMOTIONS = {
    "anger": "angry",
    "fear": "fearful",
    "happiness": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprised": "surprised",
}


@laid_out("nEMO", "data.tsv and samples/*.wav", "data.tsv")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """The rows of data.tsv."""

    def item(row: dict[str, str]) -> Item:
        stem = Path(row["file_id"]).stem
        return Item(
            f"nemo-{stem}",
            recording(root / "samples", stem),
            speaker=f"nemo-{row['speaker_id']}",
            text=row["raw_text"],
            language="pl",
            emotion=one_of(EMOTIONS, row["emotion"], "emotion"),
            notes={name: row[name] for name in ("gender", "age") if row.get(name)},
        )

    columns = ("file_id", "emotion", "raw_text", "speaker_id")
    yield from each(rows_of(root / "data.tsv", columns, "\t"), item, skip, root / "data.tsv")


CORPUS = Corpus(
    name="nemo",
    title="nEMO: dataset of emotional speech in Polish (2024)",
    languages=("pl",),
    licence="CC BY-NC-SA 4.0",
    weights="CC BY-NC-SA 4.0",
    source="Christop 2024, arXiv:2404.06292; https://huggingface.co/datasets/amu-cai/nEMO",
    read=read,
    emotions=EMOTIONS,
)
