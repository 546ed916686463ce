"""What a corpus says about one recording, or a stretch of one: what readers make and everything else takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from espressivo.clip import Clip, Word
from espressivo.emotion import canonical
from espressivo.media.read import read

OWN = "own"
"""In place of a corpus, for recordings of none that we know; what `folder` calls speakers begins with it."""


@dataclass(frozen=True)
class Item:
    """One utterance, video or picture of a corpus. Making one opens no file.

    Attributes:
        id: unique within its data.
        path: the recording: sound, video, or both in one file.
        start, end: the stretch of it in seconds; `end` None is its end.
        speaker: unique across corpora, so it begins with the corpus' name; None where nobody knows.
        text, language: what is said, and in which language (ISO 639-1).
        emotion: by the taxonomy's name.
        face: the picture or video of the face, where it is not in `path`.
        part: the corpus' own split or fold that the item belongs to: "train", "validation", "test", "fold-1" …
        words: when each word was said, in seconds from `start`, where the corpus tells.
        notes: whatever else the corpus tells, by name: {"intensity": "strong"}.
    """

    id: str
    path: Path
    start: float = 0.0
    end: float | None = None
    speaker: str | None = None
    text: str | None = None
    language: str | None = None
    emotion: str | None = None
    face: Path | None = None
    part: str | None = None
    words: tuple[Word, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.emotion is not None:
            object.__setattr__(self, "emotion", canonical(self.emotion))

    def clip(self) -> Clip:
        """The recording, opened.

        Raises:
            InputError: missing, empty, broken, or no such stretch.
        """
        clip = read(self.path, name=self.id, start=self.start or None, end=self.end)
        if self.face is not None:
            clip = replace(clip, video=read(self.face, start=self.start or None, end=self.end).video)
        return replace(clip, text=self.text, speaker=self.speaker, emotion=self.emotion)


Skip = Callable[[Path, str], None]
"""Told of a file that cannot be used, and why, in words; the reader goes on with the next."""


@dataclass(frozen=True)
class Corpus:
    """A corpus we can read: what it is, what may be done with it, and how its folder is laid out.

    Attributes:
        name: as typed on the command line.
        title: as its makers call it, with the year.
        languages: ISO 639-1 codes.
        licence: of the recordings.
        weights: licence that weights trained on it must carry; None where they may not ship at all.
        emotions: its own labels, each with the taxonomy's name.
        source: paper or home page that describes the layout.
        read: `read(root, skip)` gives the items below the corpus' official folder, in the order of their ids.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    licence: str
    weights: str | None
    source: str
    read: Callable[[Path, Skip], Iterator[Item]]
    emotions: Mapping[str, str] = field(default_factory=dict)
