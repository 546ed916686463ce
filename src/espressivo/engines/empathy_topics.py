"""What kind of thing someone is telling: good news, a loss, a worry …, as the language model itself hears it.

A small model cannot be asked ("is this good news?"): it answers with what is usual. It can be *read*: under the
heading "What someone who has great news says:" and some examples, how likely are these very words? The kind under which
they are likeliest, weighed with the feeling that was seen and heard, is taken.

Source: noisy-channel prompting (Min et al., arXiv 2108.04106).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from espressivo.emotion import EmotionScores, canonical
from espressivo.engines.chat_local import LocalChat

# Words speak louder than faces: so much of the belief stays with kinds that do not fit the feeling.
DOUBT = 0.15
SHARPNESS = 0.7
"""Below 1, since the tokens of a sentence are not independent witnesses."""


@dataclass(frozen=True)
class Topic:
    """A kind of thing that people tell, and how to take it up; see empathy.toml."""

    name: str
    words: str
    feelings: tuple[str, ...]
    examples: tuple[str, ...]
    openers: tuple[str, ...]
    starters: tuple[str, ...]
    asides: tuple[str, ...]

    @property
    def heading(self) -> str:
        """What the model reads before the words: a heading, the examples, and an opened quotation."""
        return f"What {self.words} says:\n" + "".join(f'"{example}"\n' for example in self.examples) + '"'


@cache
def topics() -> tuple[Topic, ...]:
    """All topics of empathy.toml."""
    table = tomllib.loads(resources.files(__package__).joinpath("empathy.toml").read_text(encoding="utf-8"))
    lists = ("examples", "openers", "starters", "asides")
    return tuple(
        Topic(
            name=name,
            words=entry["words"],
            feelings=tuple(canonical(feeling) for feeling in entry["feelings"]),
            **{key: tuple(entry[key]) for key in lists},
        )
        for name, entry in table.items()
    )


def beliefs(chat: LocalChat, words: str, emotion: EmotionScores | None = None) -> dict[Topic, float]:
    """How probable each topic is for `words`, given the feeling; likeliest first, the values sum to 1."""
    ends = f'{words.strip()}"'
    heard = [chat.log_probability(topic.heading, ends) for topic in topics()]
    scores = [SHARPNESS * log + math.log(_fit(topic, emotion)) for topic, log in zip(topics(), heard, strict=True)]
    peak = max(scores)
    weights = [math.exp(score - peak) for score in scores]
    pairs = sorted(zip(topics(), weights, strict=True), key=lambda pair: -pair[1])
    return {topic: weight / sum(weights) for topic, weight in pairs}


def _fit(topic: Topic, emotion: EmotionScores | None) -> float:
    if emotion is None:
        return 1.0
    return DOUBT + (1 - DOUBT) * sum(emotion.probabilities.get(feeling, 0.0) for feeling in topic.feelings)


def warm_up(chat: LocalChat, headings: Sequence[Topic] | None = None) -> None:
    """Read all headings now, so that the first reply does not wait for it."""
    for topic in headings or topics():
        chat.remember(topic.heading)
