"""The cascade from end to end: a clip in, a spoken reply out."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from espressivo.clip import Clip
from espressivo.engines.chat import ChatModel, chat_model
from espressivo.engines.empathy import Answer, Turn, answer, warm_up
from espressivo.engines.voice import PACE, Voice, make_voice
from espressivo.systems.cascade.perceive import Senses
from espressivo.systems.reply import Perception, Reply


@dataclass
class Cascade:
    """Recogniser, emotion readers, language model and plain voice, one after the other.

    Source: ours; the baseline that the audio-visual language model is compared with.
    """

    chat: ChatModel
    voice: Voice
    senses: Senses = field(default_factory=Senses)

    @classmethod
    def from_pretrained(cls, *, chat: str = "local", voice: str = "hibari", licence: str = "any") -> Cascade:
        """The cascade with its pinned parts; each is loaded when first needed.

        Args:
            chat: who writes the reply, see `chat_model`.
            voice: who reads it, see `make_voice`.
            licence: "permissive" keeps to weights that allow commercial use.

        Raises:
            ConfigError: one of the three names nothing we know.
        """
        return cls(chat_model(chat), make_voice(voice), Senses.from_pretrained(licence=licence))

    def __call__(self, clip: Clip, *, progress: Callable[[str], None] | None = None) -> Reply:
        """The spoken answer to one turn of at most 60 s.

        Raises:
            InputError: no speech in the clip, or too long.
        """
        tell = progress or (lambda stage: None)
        aside = ThreadPoolExecutor(1)
        try:
            # The language model gets ready while the senses are at work; a reply that needs none does not wait for it.
            perception = self.senses.understand(clip, tell, on_speech=lambda: aside.submit(warm_up, self.chat))
        finally:
            aside.shutdown(wait=False)
        tell("thinking")
        begun = time.perf_counter()
        written = answer(self.chat, _turn(perception))
        thought = time.perf_counter()
        tell("speaking")
        speech = self.voice.say(written.text, speed=_pace(perception, written))
        seconds = {"thinking": thought - begun, "speaking": time.perf_counter() - thought}
        return Reply(perception, written.text, speech, written.how, written.danger, seconds)


def _turn(perception: Perception) -> Turn:
    heard = perception.transcript
    return Turn(
        words=heard.text if heard is not None else "",
        understood=perception.understood,
        language=heard.language if heard is not None else "",
        emotion=perception.emotion,
        senses=tuple(perception.senses),
        language_probability=heard.language_probability if heard is not None else 0.0,
    )


def _pace(perception: Perception, written: Answer) -> float:
    """How fast the reply is read: with regard to a feeling only if that is more than a guess."""
    if written.danger is not None or perception.sureness == "unsure":
        return 1.0
    return PACE.get(perception.emotion.top, 1.0)
