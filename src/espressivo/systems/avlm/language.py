"""The text model that learns to hear and see: any causal one that transformers can load, frozen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from espressivo.assets import offline
from espressivo.errors import ConfigError

OURS = "smollm2-135m"
HUB = "hf:"


def load(name: str, dtype: torch.dtype = torch.float32) -> nn.Module:
    """A model, frozen.

    Args:
        name: "smollm2-135m", which comes from the assets; "hf:org/name" from the Hugging Face Hub; or a folder.

    Raises:
        ConfigError: no such model. AssetError: ours is out of reach.
    """
    from transformers import AutoModelForCausalLM

    place = place_of(name)
    with _told(name), _quiet():
        model: Any = AutoModelForCausalLM.from_pretrained(place, dtype=dtype, **_how())
    return model.requires_grad_(False).eval()


@lru_cache(maxsize=4)
def tokenizer(name: str) -> Any:
    """Of the same model. Raises as `load`."""
    from transformers import AutoTokenizer

    place = place_of(name)
    with _told(name):
        return AutoTokenizer.from_pretrained(place, trust_remote_code=False, local_files_only=offline())


@lru_cache(maxsize=4)
def size(name: str) -> int:
    """How many ids of text the model has. Raises as `load`."""
    from transformers import AutoConfig

    place = place_of(name)
    with _told(name):
        found = AutoConfig.from_pretrained(place, trust_remote_code=False, local_files_only=offline())
    return int(found.get_text_config().vocab_size)


def _how() -> dict[str, Any]:
    """Nothing of the model may run as code: neither its own Python files nor pickled weights."""
    return {"trust_remote_code": False, "local_files_only": offline(), "use_safetensors": True}


def place_of(name: str) -> str:
    if name == OURS:
        from espressivo.assets.convert import language_model

        return str(language_model())
    if name.startswith(HUB):
        return name.removeprefix(HUB)
    if not Path(name).is_dir():
        raise ConfigError(f"unknown language model {name!r}: give {OURS}, {HUB}ORG/NAME or a folder")
    return name


@contextmanager
def _quiet() -> Iterator[None]:
    """transformers counts weights on stderr as it loads them."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@contextmanager
def _told(name: str) -> Iterator[None]:
    """What transformers finds wrong, in one line."""
    try:
        yield
    except (OSError, ValueError, SafetensorError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ConfigError(f"no language model {name!r} could be loaded: {reason}") from error
