"""The default: SmolLM2-135M-Instruct on our own decoder, nothing leaves the machine."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from espressivo.engines.chat import ChatModel, Message, OnText
from espressivo.engines.decoder.decoder import Decoder, Sampling
from espressivo.engines.decoder.memory import Memory
from espressivo.engines.decoder.state import State
from espressivo.errors import AssetError

if TYPE_CHECKING:
    from jinja2 import Template
    from tokenizers import Tokenizer

P = ParamSpec("P")
R = TypeVar("R")

_MARKUP = re.compile(r"<\|[^|>]*\|>")
_END_OF_TURN = "<|im_end|>"


def default_folder() -> Path:
    """SmolLM2-135M-Instruct as a decoder: fetched, converted and exported at the first call, then kept."""
    from espressivo.engines.decoder.export import exported

    def converted() -> Path:
        from espressivo.assets.convert import language_model

        return language_model()

    return exported("smollm2-135m", converted)


def _template_source(folder: Path) -> str:
    """The chat template, which transformers keeps in a file of its own or in the tokenizer's configuration."""
    own, configuration = folder / "chat_template.jinja", folder / "tokenizer_config.json"
    if own.is_file():
        return own.read_text(encoding="utf-8")
    settings = json.loads(configuration.read_text(encoding="utf-8")) if configuration.is_file() else {}
    if not isinstance(settings.get("chat_template"), str):
        raise AssetError(f"{folder} has no chat template: export the model from a folder that has one")
    return str(settings["chat_template"])


def _alone(method: Callable[Concatenate[LocalChat, P], R]) -> Callable[Concatenate[LocalChat, P], R]:
    """One thread at a time: another may be warming the model up while a reply is asked for."""

    @wraps(method)
    def call(self: LocalChat, *arguments: P.args, **named: P.kwargs) -> R:
        with self.turn:
            return method(self, *arguments, **named)

    return call


class LocalChat(ChatModel):
    """A chat model on our decoder, from a folder with a tokenizer and a chat template beside the decoder.

    Fixed texts, and the last few prompts, stay read, so that a long beginning costs its time only once. Safe to use
    from several threads: they take turns.
    """

    def __init__(
        self, folder: Path | None = None, *, threads: int | None = None, sampling: Sampling | None = None
    ) -> None:
        self.sampling = sampling or Sampling(temperature=0.7)
        self.turn = threading.RLock()
        self._given = folder
        self._threads = threads

    @cached_property
    def _folder(self) -> Path:
        from espressivo.engines.decoder.export import check

        return check(self._given) if self._given else default_folder()

    @cached_property
    def decoder(self) -> Decoder:
        return Decoder.load(self._folder, threads=self._threads)

    @cached_property
    def _memory(self) -> Memory:
        return Memory(self.decoder, self._folder / "read" if self._given is None else None)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        file = self._folder / "tokenizer.json"
        if not file.is_file():
            raise AssetError(f"{file} is missing: export the model from a folder that has its tokenizer")
        return Tokenizer.from_file(str(file))

    @cached_property
    def _template(self) -> Template:
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        source = _template_source(self._folder)
        return ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(source)

    @cached_property
    def _stops(self) -> tuple[int, ...]:
        ids = (self.tokenizer.token_to_id(text) for text in (_END_OF_TURN, "<|endoftext|>", "</s>", "<|eot_id|>"))
        return tuple(i for i in ids if i is not None)

    @_alone
    def load(self) -> LocalChat:
        """Load now what would be loaded at the first reply."""
        _ = self.decoder, self.tokenizer, self._template
        return self

    @_alone
    def reply(
        self, messages: Sequence[Message], *, max_tokens: int = 80, seed: int = 0, on_text: OnText | None = None
    ) -> str:
        ids: list[int] = []
        told = 0

        def tell(token: int) -> None:
            nonlocal told
            ids.append(token)
            text = self.tokenizer.decode(ids)
            # A letter of several bytes may be spread over tokens: wait until it is whole.
            if on_text is not None and not text.endswith("\ufffd"):
                on_text(text[told:])
                told = len(text)

        self.decoder.generate(
            state=self._prompt(messages, max_tokens),
            max_new_tokens=max_tokens,
            sampling=self._sampling(seed),
            stop_ids=self._stops,
            on_token=tell,
        )
        return self.tokenizer.decode(ids).strip()

    @_alone
    def complete(
        self, messages: Sequence[Message], begun: str, count: int, *, max_tokens: int, seed: int, heat: float
    ) -> list[str]:
        """`count` ways to end the assistant's turn that begins with `begun`, which is left out of them.

        Args:
            heat: temperature of the sampling.
        """
        drafts = self.decoder.generate_many(
            count=count,
            state=self._prompt(messages, max_tokens, begun),
            max_new_tokens=max_tokens,
            sampling=replace(self.sampling, temperature=heat, seed=seed),
            stop_ids=self._stops,
        )
        return [self.tokenizer.decode(ids) for ids in drafts]

    @_alone
    def remember(self, text: str) -> None:
        """Read a fixed text now, and keep it read: in memory, and beside the model for the next start."""
        self._memory.fixed(self._coded(text))

    def remember_chat(self, messages: Sequence[Message]) -> None:
        """The same for the fixed first turns of conversations."""
        self.remember(self._rendered(messages, reply=False))

    @_alone
    def log_probability(self, before: str, text: str) -> float:
        """Natural log of how likely `text` is after the fixed text `before`; the latter stays read."""
        return float(self.decoder.log_probabilities(self._memory.fixed(self._coded(before)), self._coded(text)).sum())

    @_alone
    def log_probabilities(self, messages: Sequence[Message], texts: Sequence[str]) -> list[float]:
        """How likely each of `texts` is as the next turn, natural log per token."""
        start = self._prompt(messages, 0)
        coded = [[*self._coded(text), self._stops[0]] for text in texts]
        return [float(self.decoder.log_probabilities(start, ids).mean()) for ids in coded]

    def _sampling(self, seed: int) -> Sampling:
        return replace(self.sampling, seed=seed)

    def _coded(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def _rendered(self, messages: Sequence[Message], *, reply: bool) -> str:
        # Words that look like the model's own markup would end a turn or forge one.
        turns = [{"role": m.role, "content": _MARKUP.sub("", m.content)} for m in messages]
        return self._template.render(messages=turns, add_generation_prompt=reply)

    def _prompt(self, messages: Sequence[Message], room: int, begun: str = "") -> State:
        return self._memory.begin(self._coded(self._rendered(messages, reply=True) + begun), room)
