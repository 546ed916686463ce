"""Who writes the reply: one contract, and the names under which its implementations are chosen.

`chat_model("local")`                     SmolLM2 on this machine, the default
`chat_model("local:FOLDER")`              another decoder written by `decoder_export.export`
`chat_model("openai:URL#MODEL")`          any OpenAI-compatible endpoint, `openai:http://127.0.0.1:8080/v1#llama`
`chat_model("hf:NAME")`                   any chat model of transformers, by name or folder
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from espressivo.errors import ConfigError

OnText = Callable[[str], None]
"""Called with each new piece of text as it is written."""


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatModel(ABC):
    """Continues a conversation. Loads on first use."""

    @property
    def notice(self) -> str | None:
        """What a user should know before words are given to this model; None when they stay on this machine."""
        return None

    @abstractmethod
    def reply(
        self, messages: Sequence[Message], *, max_tokens: int = 80, seed: int = 0, on_text: OnText | None = None
    ) -> str:
        """The assistant's next turn.

        Raises:
            EspressivoError: the model is out of reach, or refuses.
        """


def chat_model(spec: str = "local") -> ChatModel:
    """The chat model that `spec` names, see the top of this file. Nothing is loaded or asked for yet.

    Raises:
        ConfigError: `spec` names nothing we know.
    """
    kind, _, rest = spec.partition(":")
    if kind == "local":
        from espressivo.engines.chat.local import LocalChat

        return LocalChat(Path(rest) if rest else None)
    if kind == "openai" and rest:
        from espressivo.engines.chat.openai import OpenAIChat

        return OpenAIChat.from_address(rest)
    if kind == "hf" and rest:
        from espressivo.engines.chat.transformers import TransformersChat

        return TransformersChat(rest)
    raise ConfigError(f"unknown chat model {spec!r}: say local, openai:URL#MODEL or hf:NAME")
