"""Any folder of recordings as a corpus: for data of one's own that has no table yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import OWN, Corpus, Item, Skip
from espressivo.corpora.readers.common import MEDIA, walk
from espressivo.errors import InputError


def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Every recording below `root`; who speaks is told by the folder right below it, what is said by a .txt beside it.

    Of recordings/anna/1.wav the speaker is "own-recordings-anna": nobody of a corpus is called so.

    Raises:
        InputError: no such folder, or no recordings in it.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"no folder {str(root)!r}: give the folder that holds the recordings")
    name, found = root.resolve().name, False
    for path in walk(root, skip):
        found, inside = True, path.relative_to(root)
        speaker = f"{OWN}-{name}-{inside.parts[0]}" if len(inside.parts) > 1 else None
        yield Item(inside.as_posix(), path, speaker=speaker, text=_text(path.with_suffix(".txt"), skip))
    if not found:
        raise InputError(f"no recordings in {str(root)!r}: give a folder with files such as {', '.join(MEDIA[:3])}")


def _text(path: Path, skip: Skip) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        skip(path, "it is not text in UTF-8, so its recording goes without")
        return None


CORPUS = Corpus(
    name="folder",
    title="any folder of recordings",
    languages=(),
    licence="as its owner says",
    weights=None,
    source="your own",
    read=read,
)
