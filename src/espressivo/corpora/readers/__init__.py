"""The corpora we can read, by name: one short file each, imported only when it is asked for.

Every reader takes the corpus' official folder and gives its items in the order of their ids. It opens no media: names,
transcripts and tables tell enough. A file that cannot be used is told to `skip`, in words, and the rest goes on.
Recordings may have been re-encoded: any suffix of sound or video will do where the name is the official one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from espressivo.corpora.item import Corpus
from espressivo.errors import ConfigError

_NAMES = (
    "crema-d",
    "dfew",
    "emodb",
    "esc",
    "esd",
    "fer2013",
    "ferv39k",
    "glips",
    "grid",
    "iemocap",
    "javanese",
    "kathleen",
    "kokoro",
    "librispeech",
    "ljspeech",
    "lrs3",
    "lrw",
    "mafw",
    "mead",
    "meld",
    "nemo",
    "ravdess",
    "vasp",
    "voxceleb2",
)


class _Corpora(Mapping[str, Corpus]):
    """Name to corpus; its module is imported at the first use."""

    def __getitem__(self, name: str) -> Corpus:
        if name not in _NAMES:
            raise KeyError(name)
        found: Corpus = import_module(f"{__name__}.{name.replace('-', '_')}").CORPUS
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


CORPORA: Mapping[str, Corpus] = _Corpora()


def corpus(name: str) -> Corpus:
    """The corpus called `name`: "ravdess", "RAVDESS", "crema_d" and "CREMA-D" are all understood.

    Raises:
        ConfigError: no corpus of that name.
    """
    key = name.strip().lower().replace("_", "-")
    if key not in CORPORA:
        raise ConfigError(f"unknown corpus {name!r:.60}: choose one of {', '.join(CORPORA)}")
    return CORPORA[key]
