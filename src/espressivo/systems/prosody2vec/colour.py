"""How one way of saying something is coloured against another: the difference of two mels, without its fine detail.

The detail belongs to the voice and to what is said. What tells a feeling is broad and slow, so that it can be laid over
the recording itself, as an equaliser is.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from espressivo.systems.prosody2vec.encoder import BANDS
from espressivo.systems.prosody2vec.parts import PAIR

if TYPE_CHECKING:
    from jaxtyping import Float

CEPSTRA = 12  # of the 80 that a mel has
SPAN = 5  # single frames, 58 ms, that are averaged


def smoothed(difference: Float[Tensor, "batch frames pair"]) -> Float[Tensor, "batch frames pair"]:
    """Broad in frequency, slow in time. Gradients pass."""
    single = difference.unflatten(-1, (PAIR, BANDS)).flatten(1, 2) @ broad().to(difference)
    slow = F.avg_pool1d(single.transpose(1, 2), SPAN, 1, SPAN // 2, count_include_pad=False).transpose(1, 2)
    return slow.unflatten(1, (-1, PAIR)).flatten(2)


@cache
def broad() -> Float[Tensor, "bands bands"]:
    """The projection of a mel frame on its first cepstra."""
    middles = (np.arange(BANDS) + 0.5) / BANDS
    waves = np.cos(np.pi * np.arange(CEPSTRA)[:, None] * middles)
    waves /= np.linalg.norm(waves, axis=1, keepdims=True)
    with torch.inference_mode(False):  # or nothing could be learned through it, if conversion asked first
        return torch.from_numpy((waves.T @ waves).astype(np.float32))
