"""The cascade from end to end: a clip in, a spoken reply out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from espressivo.clip import Clip
from espressivo.engines.chat import ChatModel, chat_model
from espressivo.engines.empathy import answer
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
    def from_pretrained(cls, *, chat: str = "local", voice: str = "hibari") -> Cascade:
        """The cascade with its pinned parts; each is loaded when first needed.

        Raises:
            ConfigError: `chat` or `voice` names nothing we know.
        """
        return cls(chat_model(chat), make_voice(voice))

    def __call__(self, clip: Clip, *, progress: Callable[[str], None] | None = None) -> Reply:
        """The spoken answer to one turn of at most 60 s.

        Raises:
            InputError: no speech in the clip, or too long.
        """
        tell = progress or (lambda stage: None)
        perception = self.senses.understand(clip, tell)
        tell("thinking")
        begun = time.perf_counter()
        text, careful = self._words(perception)
        written = time.perf_counter()
        tell("speaking")
        speech = self.voice.say(text, speed=PACE.get(perception.emotion.top, 1.0))
        seconds = {"thinking": written - begun, "speaking": time.perf_counter() - written}
        return Reply(perception, text, speech, careful, seconds)
