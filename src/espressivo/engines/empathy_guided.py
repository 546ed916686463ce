"""How a small model is led to a reply that fits; see empathy.py."""

from __future__ import annotations

import random
import re

from espressivo.emotion import EmotionScores
from espressivo.engines.chat import Message
from espressivo.engines.chat_local import LocalChat
from espressivo.engines.empathy_text import content_words, faults, sentences, tidy, word_count
from espressivo.engines.empathy_topics import Topic, beliefs

SURE = 0.6
"""Least belief in a topic for its sentences; below it, they are about nothing in particular."""
ODD = -6.0
"""Natural log of the probability per token below which words make no sense in any conversation."""

_FRIEND = "You are a kind friend who listens. Answer in two short sentences and take up what the person said."
_SHOWN = (
    (
        "My grandmother is in the hospital.",
        "I'm sorry, that must be hard. What worries you most about your grandmother?",
    ),
    ("We moved into our new flat!", "How wonderful, congratulations! What do you like most about your new flat?"),
    (
        "The train was late and I missed my meeting.",
        "That's really annoying. How do you feel about missing the meeting?",
    ),
    ("My cousin started to learn the piano.", "How nice! Tell me more about your cousin and the piano."),
)
_HELPER = "You are a friendly helper. Answer the question in one or two short, plain sentences."
_QUESTION = re.compile(
    r"(?i)^(?:so |and |but |well,? |hey,? |please,? )*(?:what|who|where|when|why|how|which|can|could|would|will|do|does|did|is|are|"
    r"should|may|tell me|explain|give me)\b"
)
_TO_YOU = {"my": "your", "me": "you", "i": "you", "mine": "yours", "myself": "yourself", "our": "your", "we": "you"}


def guided(chat: LocalChat, words: str, emotion: EmotionScores | None, seed: int) -> tuple[str, str, str | None]:
    """The reply to `words`, how it came about, and the topic."""
    if is_question(words):
        text = _answered(chat, words, seed)
        if text:
            return text, "answered", None
        return "That's a good question, and I don't know the answer. What do you think?", "fallback", None
    believed = beliefs(chat, words, emotion)
    topic, belief = next(iter(believed.items()))
    if belief < SURE:
        topic = _plain(believed)
    opener = _opener(topic, emotion, seed)
    second = _taken_up(chat, words, opener, topic, seed) or random.Random(seed).choice(topic.asides)
    return f"{opener} {second}", "guided", topic.name


def is_question(words: str) -> bool:
    """Whether an answer is asked for: ends in a question mark and begins like a question."""
    return words.rstrip().endswith("?") and bool(_QUESTION.match(words.strip()))


def _plain(believed: dict[Topic, float]) -> Topic:
    return next(topic for topic in believed if topic.name == "plain")


def _opener(topic: Topic, emotion: EmotionScores | None, seed: int) -> str:
    """One of the topic's first sentences; where the words are plain, what the feeling says."""
    if topic.name == "plain" and emotion is not None and emotion.top not in ("neutral", "calm"):
        return f"You seem {emotion.top} to me."
    return random.Random(seed).choice(topic.openers)


def _answered(chat: LocalChat, words: str, seed: int) -> str:
    messages = [Message("system", _HELPER), Message("user", words)]
    drafts = [chat.complete(messages, "", 1, max_tokens=48, seed=seed, heat=0)[0]]
    drafts += chat.complete(messages, "", 3, max_tokens=48, seed=seed, heat=0.5)
    good = [text for text in map(tidy, drafts) if not faults(text)]
    return good[0] if good else ""


def _taken_up(chat: LocalChat, words: str, opener: str, topic: Topic, seed: int) -> str:
    """A second sentence that takes up the person's own words, or nothing if none of the drafts does."""
    messages = [Message("system", _FRIEND)]
    for said, reply in _SHOWN:
        messages += [Message("user", said), Message("assistant", reply)]
    messages.append(Message("user", words))
    drafts: list[str] = []
    for starter in topic.starters:
        ends = chat.complete(messages, f"{opener} {starter}", 4, max_tokens=14, seed=seed, heat=0.5)
        drafts += [f"{starter}{end}" for end in ends]
    fitting = sorted({whole for draft in drafts if (whole := _own_words(draft, words, topic.starters))})
    if not fitting:
        return ""
    scores = chat.log_probabilities(messages, [f"{opener} {whole}" for whole in fitting])
    return max(zip(scores, fitting, strict=True))[1]


def _own_words(draft: str, words: str, starters: tuple[str, ...]) -> str:
    """The first sentence of `draft` if all it is about was said by the person and some of it is; else nothing."""
    first = next(iter(sentences(draft)), "")
    starter = next(start for start in starters if draft.startswith(start))
    about = content_words(first.removeprefix(starter))
    if not about or not about <= content_words(words) or faults(first) or word_count(first) > 18:
        return ""
    return first
