"""How a small model is led to a reply that fits; see empathy.py."""

from __future__ import annotations

import random
import re

from espressivo.emotion import EmotionScores
from espressivo.engines.chat import Message
from espressivo.engines.chat.local import LocalChat
from espressivo.engines.empathy.manners import is_rude
from espressivo.engines.empathy.questions import is_question
from espressivo.engines.empathy.text import content_words, faults, recent, sentences, unspeakable, word_count
from espressivo.engines.empathy.topics import Topic, beliefs, settle, single_topics, topics

DRAFTS = 4
ASKED_BACK = (
    "That's a good question, and you know best. What do you think yourself?",
    "I can't decide that for you, but I'd like to hear what you think.",
)
"""To questions about the person's own life."""
LATEST = 50
"""Most words that are read: each topic's heading is read on with them."""
QUOTED = 12
"""Most words that are said back."""

LONG = 15
"""Words from which on a topic must be surer before it is congratulated or consoled on."""
_TURNS = re.compile(
    r"\b(?:but|however|although|though|instead|except|unless|(?:was|were|am|are|is|'m|'re) (?:hoping|supposed|"
    r"going to)|"
    r"not|no|never|nobody|nothing|(?:do|does|did|is|are|was|were|has|have|had|ca|could|wo|would|should)n't)\b"
)
_PRONOUNS = {"he", "she", "him", "her", "his", "hers", "they", "them", "their"}
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


def guided(chat: LocalChat, words: str, emotion: EmotionScores | None, seed: int) -> tuple[str, str]:
    """The reply to what was told, and the topic it was taken for. Of a long story, its end is taken up."""
    words = recent(words, LATEST)
    topic = settle(beliefs(chat, words, emotion), emotion, doubtful=_doubtful(words))
    if is_rude(words) and topic.name in ("plain", "tired", "dull", "loss"):
        topic = topics()["hard"]  # whoever swears is not merely bored
    if topic.name == "plain" and is_question(words):
        return _one_of(ASKED_BACK, words, seed), topic.name
    opener = _opener(topic, emotion, words, seed)
    second = _taken_up(chat, words, opener, topic, seed)
    if not second and topic.name == "plain" and word_count(words) <= QUOTED and _quotable(words):
        return _said_back(words, emotion), topic.name
    return f"{opener} {second or _one_of(topic.asides, words, seed)}", topic.name


def _said_back(words: str, emotion: EmotionScores | None) -> str:
    """Shows what was heard, where there is nothing else to go by."""
    seem = f", and you seem {spoken(emotion.top)} to me" if emotion is not None and stirred(emotion) else ""
    return f'I heard "{words.strip().rstrip(".!")}"{seem}. Tell me more about it, if you like.'


def _doubtful(words: str) -> bool:
    """Whether the words are long or turn round on the way, so that a small model may take half of them for all."""
    return word_count(words) > LONG or bool(_TURNS.search(words.lower().replace("’", "'")))


def _quotable(words: str) -> bool:
    """Whether the person's words may be read aloud by a program: no swearing, nothing it must not say itself."""
    return not is_rude(words) and not unspeakable(words)


def stirred(emotion: EmotionScores | None) -> bool:
    """Whether the emotion is one to speak of."""
    return emotion is not None and emotion.top not in ("neutral", "calm")


def _one_of(choices: tuple[str, ...], words: str, seed: int) -> str:
    """Not always the first for the same seed: the words decide with it."""
    return random.Random(f"{seed} {words}").choice(choices)


def warm_up(chat: LocalChat) -> None:
    """Read now what is the same for all replies, so that the first does not wait for it."""
    for topic in single_topics():
        chat.remember(topic.heading)
    chat.remember_chat(_shown())


def _opener(topic: Topic, emotion: EmotionScores | None, words: str, seed: int) -> str:
    """One of the topic's first sentences; where the words are plain, what the feeling says."""
    if topic.name == "plain" and emotion is not None and stirred(emotion):
        return f"You seem {spoken(emotion.top)} to me."
    return _one_of(topic.openers, words, seed)


def spoken(emotion: str) -> str:
    """The word that people use for an emotion of the taxonomy."""
    return {"fearful": "worried", "contemptuous": "annoyed"}.get(emotion, emotion)


def _shown() -> list[Message]:
    messages = [Message("system", _FRIEND)]
    for said, reply in _SHOWN:
        messages += [Message("user", said), Message("assistant", reply)]
    return messages


def _taken_up(chat: LocalChat, words: str, opener: str, topic: Topic, seed: int) -> str:
    """A second sentence that takes up the person's own words, or nothing if none of the drafts does."""
    messages = [*_shown(), Message("user", words)]
    for starter in topic.starters:
        ends = chat.complete(messages, f"{opener} {starter}", DRAFTS, max_tokens=14, seed=seed, heat=0.5)
        whole = (_own_words(starter, end, words) for end in ends)
        fitting = sorted({sentence for sentence in whole if sentence})
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            scores = chat.log_probabilities(messages, [f"{opener} {sentence}" for sentence in fitting])
            return max(zip(scores, fitting, strict=True))[1]
    return ""


def _own_words(starter: str, end: str, words: str) -> str:
    """The first sentence of `starter` and `end` if all that `end` is about was said by the person; else nothing."""
    first = next(iter(sentences(starter + end)), "")
    about, said = content_words(first.removeprefix(starter)), content_words(words)
    if not about or not about <= said or faults(first) or is_rude(first) or word_count(first) > 18:
        return ""
    # "your dog" of someone who spoke of a dog, "he" of someone who did not say so: that would be made up.
    claimed, told = set(_spoken_words(first)), set(_spoken_words(words))
    if "your" in claimed and not told & {"my", "our", "mine", "ours"}:
        return ""
    return "" if claimed & _PRONOUNS - told else first


def _spoken_words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())
