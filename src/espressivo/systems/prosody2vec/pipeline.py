"""Prosody of recordings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from espressivo.systems.prosody2vec.examples import carried
from espressivo.systems.prosody2vec.model import Prosody2Vec, seen
from espressivo.systems.prosody2vec.parts import Parts


class Style(NamedTuple):
    """The prosody of each second: shapes (seconds, style)."""

    mean: np.ndarray
    spread: np.ndarray


@torch.inference_mode()
def style_of(net: Prosody2Vec, parts: Parts) -> Style:
    """The prosody of a recording in parts."""
    mel, pitch, hz, speaker = (
        torch.from_numpy(np.asarray(part, np.float32))[None]
        for part in (parts.mel, carried(parts.hz), parts.hz, parts.speaker)
    )
    register, usual = net.expected(speaker)
    look = seen(mel, pitch, (hz > 0).float(), register, usual)
    mean, spread = net.prosody(look, torch.ones_like(hz))
    return Style(mean[0].numpy(), spread[0].numpy())
