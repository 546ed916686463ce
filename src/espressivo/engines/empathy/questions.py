"""Questions: those about the program get fixed, honest answers, all others the model's, if it keeps to the subject."""

from __future__ import annotations

import random
import re
import tomllib
from functools import cache
from importlib import resources

from espressivo.engines.chat import Message
from espressivo.engines.chat.local import LocalChat
from espressivo.engines.empathy.text import content_words, faults, tidy

OTHERS, AGREEING = 6, 4
"""How many more drafts are written of an answer, and how many of them must say all that the first says."""

_HELPER = "You are a helpful, kind assistant. Answer in one short sentence."
_SHOWN = (
    ("What is the biggest animal?", "The biggest animal is the blue whale."),
    ("What can I do when I have a cold?", "When you have a cold, rest, keep warm and drink plenty of tea."),
    ("What should I wear to a wedding?", "You could wear a nice dress or a suit to the wedding."),
    ("Why do leaves fall in autumn?", "Leaves fall in autumn because trees save water and energy for the winter."),
)
_BEGINS = re.compile(
    r"^(?:(?:so|and|but|well|hey|hi|hello|please|ok|okay|um|uh),? )*(?:what|who|whose|where|when|why|how|which|can|"
    r"could|would|will|do|does|did|is|are|am|was|were|should|may|have|has|tell me (?:a|about|what|how|why)|explain)\b"
)


def is_question(words: str) -> bool:
    """Whether an answer is asked for: it begins like a question and ends like one, or asks to be told."""
    small = words.strip().lower()
    asked = small.endswith("?") or small.startswith(("tell me a joke", "tell me about", "explain"))
    return asked and bool(_BEGINS.match(small))


def is_personal(words: str) -> bool:
    """Whether a question is about the person who asks: not for a small model to decide."""
    general = r"\b(?:how|what|where|when) (?:do|does|can|could|should|may) (?:i|we)\b|\btell me\b"
    return bool(re.search(r"\b(?:i|i'm|my|me|myself|we|our|us)\b", re.sub(general, "", words.lower())))


def fixed_answer(words: str, feeling: str, seed: int) -> str:
    """The answer to small talk or to a question about the program itself; nothing to all else.

    Args:
        feeling: the sentence with which to answer how the person seems.
    """
    small = words.lower().replace("’", "'").replace("what's", "what is").replace("how's", "how is")
    small = re.sub(r"[^a-z' ]+", " ", small)
    small = " ".join(small.split())
    for pattern, answers in _fixed():
        if pattern.search(small):
            return random.Random(f"{seed} {words}").choice(answers).replace("@feeling", feeling)
    return ""


def honest_answers() -> set[str]:
    """The answers on what the program is, keeps and can do: whoever writes the replies, these stand."""
    table = tomllib.loads(resources.files(__package__).joinpath("questions.toml").read_text(encoding="utf-8"))
    return {answer for entry in table["fixed"] if entry.get("honest") for answer in entry["answers"]}


def answered(chat: LocalChat, words: str, seed: int) -> str:
    """The model's answer to a question of fact, if most of several drafts say the same; else nothing.

    Source: self-consistency (Wang et al., arXiv 2203.11171): what a small model knows it says each time.
    """
    messages = [*_shown(), Message("user", words)]
    first = tidy(chat.complete(messages, "", 1, max_tokens=48, seed=seed, heat=0)[0])
    asked = content_words(words)
    new = content_words(first) - asked
    if faults(first) or "?" in first or not new or not content_words(first) & asked:
        return ""
    others = [
        content_words(tidy(text)) for text in chat.complete(messages, "", OTHERS, max_tokens=48, seed=seed, heat=0.7)
    ]
    agree = sum(new <= other for other in others)
    return first if agree >= AGREEING else ""


def warm_up(chat: LocalChat) -> None:
    """Read now what is the same for all questions."""
    chat.remember_chat(_shown())


def _shown() -> list[Message]:
    messages = [Message("system", _HELPER)]
    for asked, answer in _SHOWN:
        messages += [Message("user", asked), Message("assistant", answer)]
    return messages


@cache
def _fixed() -> list[tuple[re.Pattern[str], list[str]]]:
    table = tomllib.loads(resources.files(__package__).joinpath("questions.toml").read_text(encoding="utf-8"))
    return [(re.compile(entry["asks"]), entry["answers"]) for entry in table["fixed"]]
