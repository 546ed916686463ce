"""Replies from any chat model that transformers can load, by its name on the Hub or from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from espressivo.assets import offline
from espressivo.engines.chat import ChatModel, Message, OnText
from espressivo.errors import ConfigError


class TransformersChat(ChatModel):
    """A causal language model with a chat template, on the GPU if there is one.

    Args:
        name: "org/name" on the Hugging Face Hub, or a folder.
    """

    def __init__(self, name: str, *, temperature: float = 0.7) -> None:
        self.name, self.temperature = name, temperature

    @cached_property
    def _parts(self) -> tuple[Any, Any]:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            # Nothing of the model may run as code: neither its own Python files nor pickled weights.
            how = {"trust_remote_code": False, "local_files_only": offline()}
            place = _kept(self.name) if offline() else self.name
            tokenizer = AutoTokenizer.from_pretrained(place, **how)
            model: Any = AutoModelForCausalLM.from_pretrained(place, dtype="auto", use_safetensors=True, **how)
        except (OSError, ValueError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            if offline() and not Path(self.name).exists():
                reason = f"it is not here, and ESPRESSIVO_OFFLINE=1 forbids connections ({reason})"
            raise ConfigError(f"no chat model {self.name!r} could be loaded: {reason}") from error
        if tokenizer.chat_template is None:
            raise ConfigError(f"{self.name} has no chat template: choose a model that was tuned for chat")
        return model.to("cuda" if torch.cuda.is_available() else "cpu").eval(), tokenizer

    def reply(
        self, messages: Sequence[Message], *, max_tokens: int = 80, seed: int = 0, on_text: OnText | None = None
    ) -> str:
        import torch

        model, tokenizer = self._parts
        turns = [{"role": m.role, "content": m.content} for m in messages]
        inputs = tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(model.device)
        # Seeded for this reply only: the caller's random numbers stay as they are.
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(seed)
            out = model.generate(
                **inputs,
                max_new_tokens=max_tokens,
                do_sample=True,
                temperature=self.temperature,
                top_p=0.9,
                pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
                streamer=_streamer(tokenizer, on_text) if on_text else None,
            )
        return str(tokenizer.decode(out[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)).strip()


def _kept(name: str) -> str:
    """The folder of a model that is on this machine already, so that transformers has nothing to look up.

    Its `local_files_only` does not hold for everything: it would still ask the Hub for adapters.
    """
    from huggingface_hub import snapshot_download

    return name if Path(name).exists() else snapshot_download(name, local_files_only=True)


def _streamer(tokenizer: Any, on_text: OnText) -> Any:
    """transformers' own streamer, which knows when a word is whole, but telling `on_text` instead of printing."""
    from transformers import TextStreamer

    class Streamer(TextStreamer):
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            if text:
                on_text(text)

    return Streamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
