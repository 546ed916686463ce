"""Words that were said, and how many of them were heard as others."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

_UNSPACED = {"ja", "ko", "lo", "my", "th", "yue", "zh"}
"""Languages that are written without spaces between words, or, as Korean, with spaces that are often left out."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words(text: str, language: str | None = None) -> tuple[str, ...]:
    """The words of a text in lower case, without punctuation; characters, where words are written without spaces."""
    found = _WORD.findall(text.casefold().replace("’", "'"))
    return tuple("".join(found)) if language in _UNSPACED else tuple(found)


def word_error_rate(reference: Sequence[str], heard: Sequence[str]) -> float:
    """`word_errors`, against the words of `reference`.

    Raises:
        ValueError: no words to hold it against.
    """
    if not reference:
        raise ValueError("a word error rate needs words to hold it against")
    return word_errors(reference, heard) / len(reference)


def word_errors(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Substitutions, deletions and insertions from `reference` to `heard`: Levenshtein's distance, in words."""
    row = np.arange(len(heard) + 1)
    for number, word in enumerate(reference, 1):
        changed = row[:-1] + np.array([word != other for other in heard], int)
        best = np.concatenate([[number], np.minimum(changed, row[1:] + 1)])
        steps = np.arange(len(best))
        row = np.minimum.accumulate(best - steps) + steps  # insertions, along the row
    return int(row[-1])
