"""What the licences of corpora ask of weights that learned from them, as far as we know; see `Corpus.weights`.

Which corpus a recording is from stands in the name of its speaker, or in its id: what our readers make begins with it.
An id that is the name of a file says nothing: it is a table's or a folder's, and anybody may call a file "grid-1.wav".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from espressivo.corpora.item import OWN, Item
from espressivo.corpora.readers import CORPORA
from espressivo.corpora.readers.common import MEDIA, PICTURES

AS_RECORDED = "as the recordings say"
"""The licence in a recipe that claims nothing."""
_FORBIDDEN = "may not be passed on, as far as we know"
_BEGINS = re.compile(f"({'|'.join(sorted(CORPORA, key=len, reverse=True))})-")
_FILE = re.compile(rf"({'|'.join(map(re.escape, MEDIA + PICTURES))})(#|$)", re.IGNORECASE)
_CONDITIONS = {
    "no commercial use": re.compile(r"\bNC\b|non-?commercial|\bresearch\b", re.IGNORECASE),
    "the same licence again": re.compile(r"\bSA\b|share-? ?alike", re.IGNORECASE),
    "no changes": re.compile(r"\bND\b", re.IGNORECASE),
}


def corpus_of(item: Item) -> str:
    """The corpus that `item` is from; OWN if it is none that we know."""
    told = (item.speaker, None if _FILE.search(item.id) else item.id)
    found = (_BEGINS.match(name) for name in told if name)
    return next((match[1] for match in found if match), OWN)


def terms(counts: Mapping[str, int]) -> dict[str, dict[str, str | int]]:
    """For a model's record: of each corpus how many items were used, its licence, and that of weights from it."""
    return {name: {"items": counts[name], **_of(name)} for name in sorted(counts)}


def objection(licence: str, corpora: Iterable[str]) -> str | None:
    """Why weights that learned from `corpora` may not carry `licence`; None where nothing is known against it.

    Looks for conditions that a corpus makes and `licence` does not: no commercial use, share alike, no derivatives, and
    not being passed on at all. Whom to credit it leaves to you.
    """
    if licence.strip().lower() == AS_RECORDED:
        return None
    asked = [told for name in sorted(corpora) if (told := _asked(name, licence))]
    return f"the licence {licence!r} allows more than the data do: {'; '.join(asked)}" if asked else None


def _of(name: str) -> dict[str, str]:
    if name == OWN:
        return {"licence": AS_RECORDED, "weights": AS_RECORDED}
    return {"licence": CORPORA[name].licence, "weights": CORPORA[name].weights or _FORBIDDEN}


def _asked(name: str, licence: str) -> str | None:
    weights = AS_RECORDED if name == OWN else CORPORA[name].weights
    if weights is None:
        return f"weights from {name} {_FORBIDDEN}"
    missing = [what for what, sign in _CONDITIONS.items() if sign.search(weights) and not sign.search(licence)]
    return f"{name} ({weights}) asks for {' and '.join(missing)}" if missing else None
