"""What kind of thing someone is telling: good news, a loss, a worry …, as the language model itself hears it.

A small model cannot be asked ("is this good news?"): it answers with what is usual. It can be *read*: under the
heading "What someone who has great news says:" and some examples, how likely are these very words? The kind under which
they are likeliest, weighed with the feeling that was seen and heard, is taken.

Source: noisy-channel prompting (Min et al., arXiv 2108.04106).
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from espressivo.emotion import EmotionScores, canonical
from espressivo.engines.chat.local import LocalChat

SURE, SURE_TOGETHER = 0.6, 0.75
"""Least belief in one topic, and in several together, with which it is spoken about."""
SURER = 0.9
"""The same for both, where the words are doubtful and the topic one to celebrate or to mourn."""
STRONG = ("good", "pleasant", "surprise", "nice", "loss")
# Words speak louder than faces: so much of the belief stays with kinds that do not fit the feeling.
DOUBT = 0.15
SHARPNESS = 0.7
"""Below 1, since the tokens of a sentence are not independent witnesses."""


@dataclass(frozen=True)
class Topic:
    """A kind of thing that people tell, or several of them together (`members`); see topics.toml."""

    name: str
    openers: tuple[str, ...]
    starters: tuple[str, ...]
    asides: tuple[str, ...]
    words: str = ""
    feelings: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    against: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """What the model reads before the words: a heading, the examples, and an opened quotation."""
        return f"What {self.words} says:\n" + "".join(f'"{example}"\n' for example in self.examples) + '"'


@cache
def topics() -> dict[str, Topic]:
    """All topics of topics.toml by name."""
    table = tomllib.loads(resources.files(__package__).joinpath("topics.toml").read_text(encoding="utf-8"))
    known: dict[str, Topic] = {}
    for name, entry in table.items():
        lists = {key: tuple(value) for key, value in entry.items() if key != "words"}
        for key in ("feelings", "against"):
            lists[key] = tuple(canonical(feeling) for feeling in lists.get(key, ()))
        known[name] = Topic(name=name, words=entry.get("words", ""), **lists)
    return known


def single_topics() -> list[Topic]:
    """The topics that have examples of their own."""
    return [topic for topic in topics().values() if not topic.members]


def beliefs(chat: LocalChat, words: str, emotion: EmotionScores | None = None) -> dict[str, float]:
    """How probable each single topic is for `words`, given the feeling; the values sum to 1."""
    single, ends = single_topics(), f'{words.strip()}"'
    heard = [chat.log_probability(topic.heading, ends) for topic in single]
    scores = [SHARPNESS * log + math.log(_fit(topic, emotion)) for topic, log in zip(single, heard, strict=True)]
    weights = [math.exp(score - max(scores)) for score in scores]
    return {topic.name: weight / sum(weights) for topic, weight in zip(single, weights, strict=True)}


def settle(believed: dict[str, float], emotion: EmotionScores | None = None, *, doubtful: bool = False) -> Topic:
    """The topic to speak about: one that is sure enough, else several together that are, else everyday things.

    Args:
        doubtful: the words are long or contradict themselves, so strong openers need more belief.

    Where words alone are not sure, several together are not taken against the feeling: no pity for a happy face.
    """
    name, belief = max(believed.items(), key=lambda pair: pair[1])
    if belief >= (SURER if doubtful and name in STRONG else SURE):
        return topics()[name]
    for topic in topics().values():
        enough = SURER if doubtful and topic.name in STRONG else SURE_TOGETHER
        opposed = emotion is not None and emotion.top in topic.against
        if not opposed and sum(believed[member] for member in topic.members) >= enough:
            return topic
    return topics()["plain"]


def _fit(topic: Topic, emotion: EmotionScores | None) -> float:
    if emotion is None:
        return 1.0
    return DOUBT + (1 - DOUBT) * sum(emotion.probabilities.get(feeling, 0.0) for feeling in topic.feelings)
