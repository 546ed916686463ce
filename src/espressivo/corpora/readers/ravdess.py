"""RAVDESS: 24 actors speak (and sing) two sentences in eight emotions; everything is in the file's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import each, laid_out, named, one_of, walk

_FIELDS = ("modality", "channel", "emotion", "intensity", "sentence", "take", "actor")
_NAME = "-".join(f"(?P<{field}>[0-9]{{2}})" for field in _FIELDS)
_MODALITY = {"01": "sound and video", "02": "video", "03": "sound"}
_CHANNEL = {"01": "speech", "02": "song"}
_INTENSITY = {"01": "normal", "02": "strong"}
_SENTENCE = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}
EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgusted",
    "08": "surprised",
}


def item(path: Path) -> Item:
    """What a name like 03-01-06-01-02-01-12 tells."""
    told = named(_NAME, path, "03-01-06-01-02-01-12")
    return Item(
        f"ravdess-{path.stem}",
        path,
        speaker=f"ravdess-{told['actor']}",
        text=one_of(_SENTENCE, told["sentence"], "sentence"),
        language="en",
        emotion=one_of(EMOTIONS, told["emotion"], "emotion"),
        notes={
            "modality": one_of(_MODALITY, told["modality"], "modality"),
            "channel": one_of(_CHANNEL, told["channel"], "vocal channel"),
            "intensity": one_of(_INTENSITY, told["intensity"], "intensity"),
            "take": told["take"],
        },
    )


@laid_out(
    "RAVDESS", "Actor_01/ … Actor_24/ with files like 03-01-06-01-02-01-12.wav", "Actor_[0-9]*", "Video_*/Actor_[0-9]*"
)
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Whatever lies in the actors' folders: `notes` say whether it is speech or song, with sound, video or both."""
    # The video archives bring one folder more: Video_Speech_Actor_01/Actor_01.
    for actor in sorted({*root.glob("Actor_[0-9]*"), *root.glob("Video_*/Actor_[0-9]*")}):
        yield from each(walk(actor, skip), item, skip)


CORPUS = Corpus(
    name="ravdess",
    title="RAVDESS: Ryerson Audio-Visual Database of Emotional Speech and Song (2018)",
    languages=("en",),
    licence="CC BY-NC-SA 4.0",
    weights="CC BY-NC-SA 4.0",
    source="Livingstone & Russo 2018, doi:10.1371/journal.pone.0196391; https://zenodo.org/records/1188976",
    read=read,
    emotions=EMOTIONS,
)
