"""Writes what the shipped prosody2vec and prosody2vec-nc learned from, out of what `espressivo prepare` made.

    python examples/prosody2vec_data.py PREPARED OUT

PREPARED holds kathleen.jsonl.gz, librispeech.jsonl.gz, kokoro.jsonl.gz, emodb.jsonl.gz, ravdess.jsonl.gz and
nemo.jsonl.gz; corpora that are missing leave out their model. OUT gets, for each model, NAME.jsonl.gz for the first
stage, and NAME-labelled.jsonl.gz for the later ones: all that is labelled, and a part of the rest, so that labels are
not too rare. Nobody of HELD is in any of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from espressivo.corpora.data import read_data, write_data
from espressivo.corpora.item import Item

PLAIN = ("kathleen", "librispeech", "kokoro")
MODELS = {"prosody2vec": (("emodb",), 4), "prosody2vec-nc": (("ravdess", "nemo"), 3)}
"""The labelled corpora of each, and every how many of the others are among the labelled."""
HELD = {*(f"ravdess-{number}" for number in range(16, 21)), "nemo-TP0", "nemo-MP0"}


def recordings(folder: Path, name: str) -> list[Item]:
    """Those of a corpus to learn from: LibriSpeech is parted, and its train part is taken."""
    found = read_data(folder / f"{name}.jsonl.gz")
    return [item for item in found if item.speaker not in HELD and (name != "librispeech" or item.part == "train")]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("prepared", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for model, (corpora, every) in MODELS.items():
        if not all((given.prepared / f"{name}.jsonl.gz").is_file() for name in (*PLAIN, *corpora)):
            print(f"{model}: needs {', '.join((*PLAIN, *corpora))}, left out")
            continue
        items = [item for name in (*PLAIN, *corpora) for item in recordings(given.prepared, name)]
        rest = [item for item in items if item.emotion is None]
        some = [item for item in items if item.emotion is not None] + rest[::every]
        for name, kept in ((model, items), (f"{model}-labelled", some)):
            print(f"{name}.jsonl.gz: {write_data(given.out / f'{name}.jsonl.gz', kept)} recordings")


if __name__ == "__main__":
    main()
