"""The second net for words of danger: their meaning, beside sentences that are known to be dangerous or harmless.

Source: kernel ridge regression (Saunders et al., ICML 1998) on sentence vectors; the sentences are ours, in
exemplars.toml, the two thresholds were set on the development list of benchmarks/safety_lists.toml.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from contextlib import suppress
from importlib import resources

import numpy as np

from espressivo.engines.safety import KINDS, Concern
from espressivo.engines.safety.sentences import SentenceEncoder
from espressivo.errors import OutputError

SURE, UNSURE = 0.2, -0.05
"""Least score for a careful reply, and for a gentle one; dangerous sentences are fitted to 1, harmless ones to -1."""
SHARPNESS, STIFFNESS = 2.0, 0.3
"""How fast a sentence's say falls with distance, and how little a single one may bend the rest."""
FEWEST, MOST = 3, 16
"""Words of a piece that is judged; longer ones are cut into overlapping pieces."""


class Meaning:
    """Judges sentences by those that they are close to."""

    def __init__(self, encoder: SentenceEncoder, kinds: list[str], known: np.ndarray) -> None:
        """`kinds` of KINDS or "harmless", one for each of the vectors `known` (sentences, 384)."""
        self._encoder, self._known = encoder, known
        self._of_kind = {kind: np.array([kind == one for one in kinds]) for kind in KINDS if kind in kinds}
        dangerous = np.any(list(self._of_kind.values()), axis=0)
        # As if there were as many dangerous sentences as harmless ones.
        share = np.where(dangerous, dangerous.mean(), 1 - dangerous.mean()) * 2
        kernel = _kernel(known, known).astype(np.float64)
        self._say = np.linalg.solve(kernel + STIFFNESS * np.diag(share), np.where(dangerous, 1.0, -1.0))

    @classmethod
    def load(cls) -> Meaning:
        """With the pinned weights. The known sentences' vectors are kept on disk, for a second start.

        Raises:
            AssetError: the weights are out of reach.
        """
        kinds, sentences = exemplars()
        encoder = SentenceEncoder.load()
        return cls(encoder, kinds, _kept(encoder, sentences))

    def __call__(self, text: str) -> Concern | None:
        """What the most alarming sentence of `text` is about; None if that is harmless."""
        parts = pieces(text)
        if not parts:
            return None
        score, kind = max(self.scores(parts))
        return Concern(kind, sure=score >= SURE) if score >= UNSURE else None

    def scores(self, sentences: list[str]) -> list[tuple[float, str]]:
        """For each: how dangerous, about -1 to 1, and the kind of danger that it is closest to."""
        vectors = self._encoder([plain(sentence) for sentence in sentences])
        danger = _kernel(vectors, self._known) @ self._say
        near = vectors @ self._known.T
        best = [np.sort(near[:, those], axis=1)[:, -2:].mean(1) for those in self._of_kind.values()]
        names = list(self._of_kind)
        return [(float(score), names[i]) for score, i in zip(danger, np.argmax(best, axis=0), strict=True)]


def exemplars() -> tuple[list[str], list[str]]:
    """The kinds and the sentences of exemplars.toml, side by side."""
    table = tomllib.loads(resources.files(__package__).joinpath("exemplars.toml").read_text(encoding="utf-8"))
    pairs = [(kind, plain(sentence)) for kind in (*KINDS, "harmless") for sentence in table[kind]]
    return [kind for kind, _ in pairs], [sentence for _, sentence in pairs]


def pieces(text: str) -> list[str]:
    """The sentences of a text that are long enough to be judged; long ones, often without marks, in pieces."""
    found: list[str] = []
    for sentence in re.split(r"[.!?;\n]+", text):
        words = sentence.split()
        starts = range(0, max(1, len(words) - MOST // 2), MOST // 2)
        found += [" ".join(words[start : start + MOST]) for start in starts if len(words) >= FEWEST]
    return found


def plain(sentence: str) -> str:
    return " ".join(sentence.lower().replace("’", "'").split()).strip(" .,!?\"'")


def _kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.exp(SHARPNESS * (one @ other.T - 1))


def _kept(encoder: SentenceEncoder, sentences: list[str]) -> np.ndarray:
    """The sentences' vectors, from disk if they were computed before."""
    from espressivo.assets import cache_dir, entry
    from espressivo.media.files import writing

    about = "\n".join([*(file.sha256 for file in entry("minilm").files), *sentences])
    place = cache_dir() / "converted" / f"safety-{hashlib.sha256(about.encode()).hexdigest()[:16]}.npy"
    with suppress(OSError, ValueError):
        kept: np.ndarray = np.load(place)
        if kept.ndim == 2 and len(kept) == len(sentences):
            return kept
    vectors = encoder(sentences)
    with suppress(OutputError, OSError):  # a cache that cannot be written costs time only
        place.parent.mkdir(parents=True, exist_ok=True)
        with writing(place) as part:
            np.save(part, vectors)
    return vectors
