"""The GE2E speaker encoder: three LSTM layers in PyTorch, so that a loss on the speaker can send gradients back."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.errors import AssetError
from espressivo.signal.mel import GE2E_16K, MelSpectrogram
from espressivo.signal.speaker import SpeakerEncoder, unit
from espressivo.signal.weights import read_checkpoint

if TYPE_CHECKING:
    from jaxtyping import Float

WIDTH = 256
# The network was trained on stretches of 1.6 s; a recording is read in overlapping ones.
STRETCH = 160
STEP = 80
# Quieter recordings are raised to this root mean square, louder ones are left, as in its training.
QUIETEST = 10 ** (-30 / 20)


class GE2ENetwork(nn.Module):
    """Mel frames to a speaker vector of length 1.

    Source: Wan et al., Generalized end-to-end loss for speaker verification, ICASSP 2018 (arXiv 1710.10467).
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(GE2E_16K.n_mels, WIDTH, num_layers=3, batch_first=True)
        self.linear = nn.Linear(WIDTH, WIDTH)

    def forward(self, mels: Float[Tensor, "batch frames n_mels"]) -> Float[Tensor, "batch dim"]:
        """(batch, frames, 40) energies of GE2E_16K, best 160 frames, to (batch, 256)."""
        _, (hidden, _) = self.lstm(mels)
        return F.normalize(torch.relu(self.linear(hidden[-1])), dim=1)


class GE2E(SpeakerEncoder):
    """The speaker encoder of Resemblyzer (weights Apache-2.0), without its package."""

    dim = WIDTH

    def __init__(self, weights: Path | None = None) -> None:
        self._weights = weights
        self._features = MelSpectrogram(GE2E_16K)

    @cached_property
    def network(self) -> GE2ENetwork:
        """The network with its pretrained weights, in evaluation mode."""
        from espressivo.assets import fetch

        network = GE2ENetwork().eval()
        state = read_checkpoint(self._weights or fetch("resemblyzer"), "model_state")
        try:
            # The checkpoint also holds the scale and offset of its training loss.
            network.load_state_dict({name: value for name, value in state.items() if name[:4] in ("lstm", "line")})
        except RuntimeError as error:
            raise AssetError("the GE2E weights do not fit the network: fetch them again") from error
        return network

    @torch.inference_mode()
    def _embed(self, wave: np.ndarray) -> np.ndarray:
        level = float(np.sqrt(np.mean(wave**2)))
        raised = torch.from_numpy(wave * max(1.0, QUIETEST / level))
        short = STRETCH * GE2E_16K.hop - len(raised)
        mels = self._features(F.pad(raised, (0, max(0, short)))[None])[0]
        starts = range(0, len(mels) - STRETCH + 1, STEP)
        return unit(self.network(torch.stack([mels[s : s + STRETCH] for s in starts])).mean(dim=0).numpy())
