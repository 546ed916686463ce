"""CREMA-D: 91 actors say twelve sentences in six emotions, seen and heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import VIDEO, beside, each, laid_out, named, one_of, walk

EMOTIONS = {"ANG": "angry", "DIS": "disgusted", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
_INTENSITY = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}  # X: one file's slip
_SENTENCE = {
    "IEO": "It's eleven o'clock.",
    "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.",
    "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.",
    "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
_NAME = "(?P<actor>[0-9]{4})_(?P<sentence>[A-Z]{3})_(?P<emotion>[A-Z]{3})_(?P<intensity>[A-Z]{1,2})"


@laid_out("CREMA-D", "AudioWAV/1001_DFA_ANG_XX.wav … (and VideoFlash/)", "AudioWAV/*.*", "VideoFlash/*.*")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Sound from AudioWAV with the video of the same take as `face`; the videos alone where there is no AudioWAV."""

    def item(path: Path) -> Item:
        told = named(_NAME, path, "1001_DFA_ANG_XX")
        return Item(
            f"crema-d-{path.stem}",
            path,
            speaker=f"crema-d-{told['actor']}",
            text=one_of(_SENTENCE, told["sentence"], "sentence"),
            language="en",
            emotion=one_of(EMOTIONS, told["emotion"], "emotion"),
            face=beside(root / "VideoFlash" / path.stem, VIDEO) if path.parent.name == "AudioWAV" else None,
            notes={"intensity": one_of(_INTENSITY, told["intensity"], "intensity")},
        )

    folder = root / "AudioWAV" if (root / "AudioWAV").is_dir() else root / "VideoFlash"
    yield from each(walk(folder, skip), item, skip)


CORPUS = Corpus(
    name="crema-d",
    title="CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset (2014)",
    languages=("en",),
    licence="Open Database License 1.0",
    weights=None,  # what the licence asks of weights is unknown to us
    source="Cao et al. 2014, doi:10.1109/TAFFC.2014.2336244; https://github.com/CheyneyComputerScience/CREMA-D",
    read=read,
    emotions=EMOTIONS,
)
