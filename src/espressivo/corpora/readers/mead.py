"""MEAD: talking faces of actors from seven sides, eight emotions at up to three levels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import VIDEO, UnusableError, beside, each, laid_out, one_of, walk

EMOTIONS = {
    "angry": "angry",
    "contempt": "contemptuous",
    "disgusted": "disgusted",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "surprised": "surprised",
}


def _actor(actor: Path, skip: Skip) -> Iterator[Item]:
    """Sound and frontal video lie in two trees of the same form: <emotion>/level_<n>/<number>."""
    front = actor / "video" / "front"
    folder = actor / "audio" if (actor / "audio").is_dir() else front

    def item(path: Path) -> Item:
        within = path.relative_to(folder).with_suffix("")
        if len(within.parts) != 3:
            raise UnusableError("it does not lie in <emotion>/level_<n>/")
        emotion, level, take = within.parts
        return Item(
            f"mead-{actor.name}-{emotion}-{level}-{take}",
            path,
            speaker=f"mead-{actor.name}",
            language="en",
            emotion=one_of(EMOTIONS, emotion, "emotion"),
            face=None if folder == front else beside(front / within, VIDEO),
            notes={"intensity": level.removeprefix("level_"), "take": take},
        )

    yield from each(walk(folder, skip), item, skip)


@laid_out(
    "MEAD", "M003/audio/angry/level_1/001.m4a, M003/video/front/angry/level_1/001.mp4 …", "[MW]0*/audio", "[MW]0*/video"
)
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Sound with the frontal video as `face`; the frontal videos alone for actors without sound."""
    for actor in sorted(root.glob("[MW]0*")):
        yield from _actor(actor, skip)


CORPUS = Corpus(
    name="mead",
    title="MEAD: Multi-view Emotional Audio-visual Dataset (2020)",
    languages=("en",),
    licence="unknown; given out for research",
    weights=None,
    source="Wang et al. 2020, doi:10.1007/978-3-030-58589-1_42; https://wywu.github.io/projects/MEAD/MEAD.html",
    read=read,
    emotions=EMOTIONS,
)
