"""The answer to what someone said and how they seemed to feel: short, kind, on topic, nothing made up.

A model of 135 million parameters writes fluent sentences and often wrong ones ("I'm sorry for your loss", on a new
job). So it is not left alone: it reads what kind of thing was told (`topics.py`), the first sentence is taken from
a few written by hand for that kind, and it ends a second one that is begun for it ("What worries you most about …"),
where only words of the person themselves may stand. Questions it answers freely, under the same checks.
Larger models get the words, the feeling and the rules as a prompt, and the same checks after.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from espressivo.emotion import EmotionScores
from espressivo.engines import safety
from espressivo.engines.chat import ChatModel, Message
from espressivo.engines.chat.local import LocalChat
from espressivo.engines.empathy.guided import guided, spoken, stirred
from espressivo.engines.empathy.guided import warm_up as read_guided
from espressivo.engines.empathy.languages import language_name
from espressivo.engines.empathy.manners import declined, is_insult, is_rude
from espressivo.engines.empathy.questions import answered, fixed_answer, honest_answers, is_personal, is_question
from espressivo.engines.empathy.questions import warm_up as read_questions
from espressivo.engines.empathy.text import faults, tidy, unspeakable

FELT = 0.45
"""Least probability of the top emotion to be spoken of."""
TRIES = 3
LANGUAGE_SURE = 0.6
"""Least probability of the language to be named."""
DONT_KNOW = "I'm not sure I can answer that well. What do you think?"

RULES = (
    "You are espressivo, a program that listens and answers kindly. The person's words were recognised from speech. "
    "Answer in one or two short spoken sentences, at most 35 words, about what they said, in a tone that fits how they "
    "seem to feel. Do not invent facts about them, do not pretend to be human or to have lived through anything, no "
    "lists, no markdown, no emoji."
)


@dataclass(frozen=True)
class Turn:
    """What the answer rests on.

    Args:
        words: what was heard; may be empty.
        understood: whether the words are sure enough to be answered.
        language: ISO 639-1 code of the language that was heard, "" if unknown.
        language_probability: how sure that is.
        emotion: how the person seemed to feel, None if nothing was seen or heard of it.
        senses: what `emotion` rests on, out of "face" and "voice".
    """

    words: str
    understood: bool = True
    language: str = "en"
    emotion: EmotionScores | None = None
    senses: Sequence[str] = ("face", "voice")
    language_probability: float = 1.0


@dataclass(frozen=True)
class Answer:
    """A reply and how it came about.

    Args:
        how: "careful", "gentle", "not understood", "declined", "guided", "fixed", "answered", "prompted" or
            "fallback".
        danger: the kind that a careful or gentle one is about, of `safety.KINDS`.
        topic: what a guided one took the words for.
    """

    text: str
    how: str
    danger: str | None = None
    topic: str | None = None


def answer(chat: ChatModel, turn: Turn, *, seed: int = 0) -> Answer:
    """The reply to one turn. The same turn, model and seed give the same reply.

    Raises:
        EspressivoError: the chat model is out of reach.
    """
    # Also of words that were not well understood: a needless careful reply does less harm than a missing one.
    concern = safety.concern(turn.words)
    if concern is not None and concern.sure:
        return Answer(safety.careful_reply(concern.kind), "careful", danger=concern.kind)
    if not turn.understood or not turn.words.strip():
        return Answer(not_understood(turn), "not understood")
    no = declined(turn.words)
    if no:
        return Answer(no, "declined")
    fixed = fixed_answer(turn.words, _noticed(turn) or "I can't tell how you feel.", seed)
    # What the program is and does, no other model may answer for it; small talk it may.
    if fixed and (isinstance(chat, LocalChat) or fixed in honest_answers()):
        return Answer(fixed, "fixed")
    if concern is not None:
        return Answer(safety.GENTLE, "gentle", danger=concern.kind)
    if not isinstance(chat, LocalChat):
        return _prompted(chat, turn, seed)
    if is_question(turn.words) and not is_personal(turn.words):
        text = answered(chat, turn.words, seed)
        return Answer(text, "answered") if text else Answer(DONT_KNOW, "fallback")
    text, topic = guided(chat, turn.words, felt(turn), seed)
    return Answer(text, "guided", topic=topic)


def warm_up(chat: ChatModel) -> None:
    """Load the models and read what is the same for all replies; a second start finds it read on disk."""
    safety.second_net()
    if isinstance(chat, LocalChat):
        read_guided(chat.load())
        read_questions(chat)


def felt(turn: Turn) -> EmotionScores | None:
    """The emotion if it is sure enough to be counted on."""
    return turn.emotion if turn.emotion is not None and turn.emotion.confidence >= FELT else None


def not_understood(turn: Turn) -> str:
    """A fixed reply that pretends nothing: what was missed, how the person seemed, and what to do."""
    name = language_name(turn.language)
    if turn.language != "en" and name and turn.language_probability >= LANGUAGE_SURE:
        missed = f"I couldn't understand the words; it sounded like {name}."
    elif turn.words.strip():
        missed = "I couldn't make out your words well enough."
    else:
        missed = "I didn't catch any words."
    return " ".join(part for part in (missed, _noticed(turn), "Could you say it again in English?") if part)


def _noticed(turn: Turn) -> str:
    """How the person seemed, in a sentence; nothing if that is not sure enough."""
    emotion, seen = felt(turn), {"face": "look", "voice": "sound"}
    verbs = " and ".join(seen[sense] for sense in turn.senses if sense in seen)
    # "You sound neutral" tells nobody anything.
    return f"You {verbs} {spoken(emotion.top)} to me." if emotion is not None and verbs and stirred(emotion) else ""


def prompt(turn: Turn) -> list[Message]:
    """The rules, what was perceived, and the words, for a model that can follow a prompt."""
    emotion = turn.emotion
    seem = "It is not clear how the person feels."
    if emotion is not None:
        sure = "clearly" if emotion.confidence >= 0.65 else "probably" if felt(turn) else "perhaps"
        seem = f"From {' and '.join(turn.senses) or 'the clip'}, the person {sure} feels {emotion.top} ({emotion})."
    return [Message("system", f"{RULES} {seem}"), Message("user", turn.words)]


def _prompted(chat: ChatModel, turn: Turn, seed: int) -> Answer:
    for attempt in range(TRIES):
        draft = chat.reply(prompt(turn), max_tokens=120, seed=seed + attempt)
        text = tidy(draft)
        # An address is cut out on the way, and what is left would not make sense without it.
        if not faults(text) and not unspeakable(draft) and not is_insult(text) and not is_rude(text):
            return Answer(text, "prompted")
    return Answer(fallback(turn, seed), "fallback")


def fallback(turn: Turn, seed: int) -> str:
    """What can be said to anything, when no draft may be spoken."""
    emotion = felt(turn)
    if emotion is not None and emotion.top not in ("neutral", "calm", "surprised"):
        return f"Thank you for telling me. You seem {spoken(emotion.top)}; would you like to say more?"
    return random.Random(seed).choice(("Thank you for telling me. Would you like to say more?", "I see. Tell me more."))
