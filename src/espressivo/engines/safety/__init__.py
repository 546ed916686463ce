"""Words that must not be answered by a language model: thoughts of suicide, violence, abuse, a medical emergency.

Two nets, neither a diagnosis. `danger(text)` looks for patterns of plain English and leaves figures of speech alone
("this traffic is killing me"). `concern(text)` also compares the meaning with that of sentences of known kind
(`meaning.py`), so it catches some of what no pattern foresaw, and says when it is not sure.
`careful_reply(kind)` is the fixed answer with a pointer to help, `GENTLE` the one for when it is not sure.
Hints without plain words still pass through, and what is not English is not seen.
"""

from __future__ import annotations

import logging
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from threading import Lock
from typing import TYPE_CHECKING

from espressivo.errors import EspressivoError

if TYPE_CHECKING:
    from espressivo.engines.safety.meaning import Meaning

KINDS = ("self-harm", "emergency", "abuse", "violence")
"""In the order in which they are looked for: what helps most comes first."""

GENTLE = (
    "That sounds like it weighs on you, and I'm here to listen. If you are in danger, or think of hurting yourself, "
    "please reach a person now: someone you trust, or your local emergency number. Would you like to say more?"
)
"""The reply to what may be meant seriously and may not."""

_LONG_FORMS = (
    (r"[‘’`´]", "'"),
    (r"\bi'?m\b", "i am"),
    (r"\b(he|she|it|that|there|who)'s\b", r"\1 is"),
    (r"\b(they|we|you)'re\b", r"\1 are"),
    (r"\b(i|he|she|they|we|you)'ve\b", r"\1 have"),
    (r"\b(i|he|she|they|we|you)'ll\b", r"\1 will"),
    (r"\b(i|he|she|they|we|you)'d\b", r"\1 would"),
    (r"\bcan(?:'?t|not)\b", "can not"),
    (r"\bwon'?t\b", "will not"),
    (r"n't\b", " not"),
    (r"\b(?:dont)\b", "do not"),
    (r"\bwanna\b", "want to"),
    (r"\bgonna\b", "going to"),
    (r"\bany (?:more|longer)\b", "anymore"),
    (r"[^a-z0-9' ]+", " , "),
    (r"\s+", " "),
)

_CALL = "your local emergency number: 112 in the EU, 999 in the UK, 911 in the US and Canada"
_REPLIES = {
    "self-harm": (
        "I'm really glad you said this, and I'm taking it seriously. I am only a computer program, so please reach a "
        f"person now. If there is any danger, call {_CALL}. To talk to someone, call or text 988 in the US and Canada, "
        "or call Samaritans on 116 123 in the UK and Ireland; findahelpline.com lists others. Is there someone you "
        "trust who can be with you?"
    ),
    "emergency": (
        f"This sounds like an emergency, and I can't help with it myself. Please call {_CALL}, now, or ask someone "
        "near you to do it. Say where you are, and stay on the line."
    ),
    "abuse": (
        "I'm sorry this is happening. It is not your fault, and you deserve to be safe. I am only a computer program, "
        f"so please reach a person: if you are in danger now, call {_CALL}. Someone you trust, a doctor or a helpline "
        "can stand by you; findahelpline.com lists them by country."
    ),
    "violence": (
        "That sounds very serious, and I'm concerned for you and for others. I am only a computer program, so please "
        "step away from the situation and talk to a person you trust now. If anyone could get hurt, call "
        f"{_CALL}. Helplines that listen without judging are on findahelpline.com."
    ),
}


@dataclass(frozen=True)
class Concern:
    """What the words may be about: `kind` of KINDS, and whether that is sure enough for a careful reply."""

    kind: str
    sure: bool


@cache
def _patterns() -> tuple[re.Pattern[str], dict[str, re.Pattern[str]]]:
    """What is harmless, and the signs of each kind, from patterns.toml."""
    table = tomllib.loads(resources.files(__package__).joinpath("patterns.toml").read_text(encoding="utf-8"))
    names = table["names"]
    names["somebody"] = names["somebody"].replace("{family}", names["family"])

    def article_free(pattern: str) -> str:
        return re.sub(r"(?<![\w\\!=])(?:\(\?:a\|an\)|an?|the) ", "(?:(?:an?|the) )?", pattern)

    def either(patterns: list[str]) -> re.Pattern[str]:
        # Only known names are put in: braces are also what a regular expression repeats with.
        filled = (re.sub(r"\{([a-z]+)\}", lambda name: names[name[1]], pattern) for pattern in patterns)
        return re.compile("|".join(f"(?:{pattern})" for pattern in filled))

    return either(table["harmless"]), {
        kind: either([article_free(sign) for sign in table["signs"][kind]]) for kind in KINDS
    }


def danger(text: str) -> str | None:
    """The kind of danger, one of KINDS, that the words speak of plainly; None if none."""
    harmless, signs = _patterns()
    words = harmless.sub(" ", normal(text))
    return next((kind for kind in KINDS if signs[kind].search(words)), None)


def concern(text: str) -> Concern | None:
    """Both nets; the patterns alone where the weights of the second are out of reach."""
    kind = danger(text)
    if kind is not None:
        return Concern(kind, sure=True)
    net = second_net() if text.strip() else None
    return net(text) if net is not None else None


_LOADING = Lock()


def second_net() -> Meaning | None:
    """The net by meaning, loaded at the first call and then shared; None, and said once, if it is out of reach."""
    with _LOADING:  # it may be asked for by the warm-up and by the first words at the same time
        return _second_net()


@cache
def _second_net() -> Meaning | None:
    from espressivo.engines.safety.meaning import Meaning

    try:
        return Meaning.load()
    except EspressivoError as error:
        logging.getLogger(__name__).warning("words of danger are looked for by patterns only: %s", error)
        return None


def careful_reply(kind: str) -> str:
    """The fixed reply to a kind of danger: takes it seriously, claims nothing, points to people who can help."""
    return _REPLIES[kind]


def normal(text: str) -> str:
    """Small letters, long forms ("i am", "can not"), commas for all other marks."""
    text = text.lower()
    for short, long in _LONG_FORMS:
        text = re.sub(short, long, text)
    return text.strip()
