"""The row that asks how somebody feels, and what the heads get of the answer: the same in training and afterwards."""

from __future__ import annotations

from collections.abc import Sequence as Rows
from functools import partial

import torch
from torch import Tensor

from espressivo.errors import ConfigError
from espressivo.systems.avlm import language
from espressivo.systems.avlm.fusions import FUSIONS
from espressivo.systems.avlm.model import Avlm, AvlmConfig
from espressivo.systems.avlm.packing import Batch, pack
from espressivo.systems.avlm.seen import Seen
from espressivo.systems.avlm.sequence import Sequence, Writer
from espressivo.systems.avlm.spoken import Spoken
from espressivo.systems.avlm.states import states_of
from espressivo.systems.avlm.vocabulary import Vocabulary
from espressivo.training.step import moved

ASK = "Emotion:"


def asked(config: AvlmConfig, spoken: Spoken | None, seen: Seen | None) -> Writer:
    """What is seen and heard, as far as there is any, and the question.

    Where nothing is heard, dropped tokens stand for it: fusions put what is seen at their moments.
    """
    text = language.tokenizer(config.lm)
    writer = Writer(Vocabulary(language.size(config.lm)))
    if config.parts:
        writer.face(seen, FUSIONS[config.fusion].slots)
    if spoken is not None:
        writer.speech(spoken, manner=config.manner)
    elif seen is not None:
        writer.silence(len(seen))
    return writer.text(text(ASK, add_special_tokens=False)["input_ids"])


def batched(net: Avlm, rows: Rows[Sequence]) -> Batch:
    """On the model's device."""
    batch: Batch = moved(made_of(net.config, rows), net.device)
    return batch


def made_of(config: AvlmConfig, rows: Rows[Sequence]) -> Batch:
    """A batch for the heads, which look at blendshapes whatever the encoders look at."""
    asks = partial(FUSIONS[config.fusion].asks, Vocabulary(language.size(config.lm)))
    parts = {*config.parts, "expression"} if config.parts else set()
    return pack(rows, asks, sorted(parts))


@torch.inference_mode()
def senses(net: Avlm, clips: Rows[tuple[Spoken | None, Seen | None]]) -> dict[str, Tensor]:
    """What each head gets of the clips: rows of `voice`, `face` and `both`, 0 of a sense that a clip has not.

    By voice alone nothing of the face may show, which is read first: that takes a second look at the row.
    """
    config = net.config

    def read(blind: bool) -> Batch:
        return batched(net, [asked(config, spoken, None if blind else seen).done() for spoken, seen in clips])

    net.eval()
    whole, blind = (states_of(net, batch, net(batch)) for batch in (read(False), read(True)))
    return {"voice": blind.voice.cpu(), "face": whole.face.cpu(), "both": whole.both.cpu()}


@torch.inference_mode()
def worded(net: Avlm, clips: Rows[tuple[Spoken | None, Seen | None]]) -> Tensor:
    """The answer as a word: logits (clips, emotions) of each emotion's first token after the question.

    Raises:
        ConfigError: two emotions begin with the same token of this language model.
    """
    text = language.tokenizer(net.config.lm)
    first = [text(f" {name}", add_special_tokens=False)["input_ids"][0] for name in net.config.emotions]
    if len(set(first)) < len(first):
        raise ConfigError(f"{net.config.lm} begins two emotions alike: they cannot be told by their first token")
    net.eval()
    batch = batched(net, [asked(net.config, spoken, seen).done() for spoken, seen in clips])
    last = net(batch)[batch.lengths.cumsum(0) - 1]
    return net.text_logits(last)[:, first].cpu()
