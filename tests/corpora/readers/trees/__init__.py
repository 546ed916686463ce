"""Every corpus' official layout in small, made on the spot: nothing of a real recording, and always something broken.

The recordings hold one byte: a reader that opened one would fail.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.corpora.readers.trees.acted import LABLAUT, crema_d, emodb, esd, javanese, mead, nemo, ravdess
from tests.corpora.readers.trees.lips import glips, grid, lrs3, lrw
from tests.corpora.readers.trees.making import Tree, put
from tests.corpora.readers.trees.scenes import dfew, fer2013, ferv39k, iemocap, mafw, meld
from tests.corpora.readers.trees.spoken import esc, kathleen, kokoro, librispeech, ljspeech, vasp, voxceleb2

__all__ = ["LABLAUT", "TREES", "Tree", "put"]

TREES: dict[str, Callable[[Path], Tree]] = {
    make.__name__.replace("_", "-"): make
    for make in (
        *(crema_d, dfew, emodb, esc, esd, fer2013, ferv39k, glips, grid, iemocap, javanese, kathleen, kokoro),
        *(librispeech, ljspeech, lrs3, lrw, mafw, mead, meld, nemo, ravdess, vasp, voxceleb2),
    )
}
