"""How far a sound is from the one that was meant: spectra at several resolutions, the mel, and the melody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.signal.harmonic import MEL, PITCHES
from espressivo.signal.mel import MelSpectrogram

if TYPE_CHECKING:
    from jaxtyping import Float

WINDOWS = (2048, 1024, 512, 256, 128)
FLOOR = 1e-3  # of a bin's magnitude, against which full scale is a few hundred
SPREAD = 1.0  # steps of pitch


class SpectralLoss(nn.Module):
    """Spectral convergence and log-magnitude distance at several windows (Yamamoto et al., arXiv 1910.11480), and mel.

    Only what lies below each recording's own limit counts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mel = MelSpectrogram(MEL)
        for size in WINDOWS:
            self.register_buffer(f"window_{size}", torch.hann_window(size), persistent=False)

    def forward(
        self,
        made: Float[Tensor, "batch samples"],
        meant: Float[Tensor, "batch samples"],
        top: Float[Tensor, " batch"],
    ) -> tuple[Tensor, Tensor]:
        """(loss of the spectra, loss of the mel), each a mean; `top` in Hz."""
        spectra = torch.stack([self._at(size, made, meant, top) for size in WINDOWS]).mean()
        return spectra, (self.mel(made) - self.mel(meant)).abs().mean()

    def _at(self, size: int, made: Tensor, meant: Tensor, top: Tensor) -> Tensor:
        window = self.get_buffer(f"window_{size}")
        one, other = (
            torch.stft(wave, size, size // 4, window=window, return_complex=True).abs().clamp(min=1e-7)
            for wave in (made, meant)
        )
        heard = torch.linspace(0, MEL.rate / 2, one.shape[1], device=top.device)[None] <= top[:, None]
        mask = heard[:, :, None].to(one.dtype)
        distance = ((one + FLOOR).log() - (other + FLOOR).log()).abs() * mask
        logs = distance.sum() / (mask.sum() * one.shape[2])
        off = ((one - other) * mask).flatten(1).norm(dim=1) / (other * mask).flatten(1).norm(dim=1).clamp(min=1e-1)
        return logs + off.mean()


def melody_loss(
    logits: Float[Tensor, "batch frames pitches"],
    voicing: Float[Tensor, "batch frames"],
    hz: Float[Tensor, "batch frames"],
    voiced: Float[Tensor, "batch frames"],
    hertz: Float[Tensor, " pitches"],
) -> Tensor:
    """Cross-entropy of the pitch against a bell around the tracker's, where it is voiced; and of being voiced."""
    step = torch.log(hertz[-1] / hertz[0]) / (PITCHES - 1)
    place = torch.log(hz.clamp(min=float(hertz[0])) / hertz[0]) / step
    bell = torch.exp(-0.5 * ((torch.arange(PITCHES, device=hz.device) - place[..., None]) / SPREAD) ** 2)
    bell = bell / bell.sum(-1, keepdim=True)
    wrong = -(bell * logits.log_softmax(-1)).sum(-1) / np.log(PITCHES)
    pitch = (wrong * voiced).sum() / voiced.sum().clamp(min=1)
    return pitch + F.binary_cross_entropy_with_logits(voicing, voiced)
