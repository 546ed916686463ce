"""Questions: those about the program itself get fixed, honest answers, all others the model's, if it stays with them."""

from __future__ import annotations

import random
import re
import tomllib
from functools import cache
from importlib import resources

from espressivo.engines.chat import Message
from espressivo.engines.chat_local import LocalChat
from espressivo.engines.empathy_text import content_words, faults, tidy

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


def fixed_answer(words: str, feeling: str, seed: int) -> str:
    """The answer to a question about the program itself; nothing if it is about something else.

    Args:
        feeling: the sentence with which to answer how the person seems.
    """
    small = words.lower().replace("what's", "what is").replace("how's", "how is")
    for pattern, answers in _fixed():
        if pattern.search(small):
            return random.Random(seed).choice(answers).replace("@feeling", feeling)
    return ""


def answered(chat: LocalChat, words: str, seed: int) -> str:
    """The model's answer, if one of its drafts keeps to the subject and may be spoken; else nothing."""
    messages = [*_shown(), Message("user", words)]
    drafts = chat.complete(messages, "", 1, max_tokens=48, seed=seed, heat=0)
    for attempt in range(2):
        for text in map(tidy, drafts):
            if text and not faults(text) and content_words(text) & content_words(words) and "?" not in text:
                return text
        if attempt == 0:
            drafts = chat.complete(messages, "", 4, max_tokens=48, seed=seed, heat=0.6)
    return ""


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
    table = tomllib.loads(resources.files(__package__).joinpath("empathy_questions.toml").read_text(encoding="utf-8"))
    return [(re.compile(entry["asks"]), entry["answers"]) for entry in table["fixed"]]
