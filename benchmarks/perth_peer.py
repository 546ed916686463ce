"""The network of resemble-perth 1.0.1, as the peer that our own mark is measured against.

Its package cannot be imported beside our pins: it needs torchaudio, librosa and pkg_resources, and declares none of
them. So its pinned weights run in a network of our own making, laid out after the shapes in the weights and the
settings published with them; output and detection are those of the package to within rounding.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soxr
import torch
from torch import Tensor, nn
from torch.nn import functional

RATE, FFT, HOP = 32_000, 2048, 320
LEAST, HEADROOM = -180.0, 15.0  # decibels that are 0, and above 0 dB that are 1
BINS = round((FFT // 2 + 1) * 2000 / (RATE / 2))


def stack(weights: dict[str, Tensor], prefix: str) -> nn.Sequential:
    """A row of convolutions with leaky ReLU between them, sized by the weights."""
    keys = sorted(
        (k for k in weights if k.startswith(prefix) and k.endswith("weight")),
        key=lambda k: int(k[len(prefix) + 1 :].split(".")[0]),
    )
    layers: list[nn.Module] = []
    for key in keys:
        outputs, inputs, size = weights[key].shape
        layer = nn.Conv1d(inputs, outputs, size, padding=size // 2)
        layer.load_state_dict({"weight": weights[key], "bias": weights[key.replace("weight", "bias")]})
        layers += [layer, nn.LeakyReLU()]
    return nn.Sequential(*layers[:-1])


class Perth:
    """Marks and detects mono sound at 16 kHz."""

    def __init__(self, path: Path) -> None:
        file = path if path.is_file() else next(path.glob("*.tar"))
        weights = torch.load(file, map_location="cpu", weights_only=True)["model"]
        self.encoder = stack(weights, "encoder.layers")
        self.decoders = [
            (scale, stack(weights, f"decoder.{n}_layers"))
            for n, scale in (("slow", 1.25), ("normal", 1.0), ("fast", 0.75))
        ]
        self.window = torch.hann_window(FFT)

    @torch.inference_mode()
    def embed(self, sound: np.ndarray) -> np.ndarray:
        spectrum, level, loud = self._levels(sound)
        level[:BINS] += self.encoder(level[None, :BINS])[0] * loud
        decibels = level * (HEADROOM - LEAST) + LEAST
        marked = torch.polar(10 ** (decibels / 20), spectrum.angle())
        wide = torch.istft(marked, FFT, HOP, window=self.window).numpy()
        return np.resize(np.pad(soxr.resample(wide, RATE, 16_000), (0, len(sound))), len(sound)).astype(np.float32)

    @torch.inference_mode()
    def detect(self, sound: np.ndarray) -> float:
        """From 0 to 1; above one half is a mark."""
        _, level, loud = self._levels(sound)
        votes, weights = [], []
        for scale, decoder in self.decoders:
            size = int(level.shape[1] * scale)
            heard = level[None, :BINS]
            if scale != 1:
                heard = functional.interpolate(heard, size=size, mode="linear", align_corners=True)
            mask = functional.interpolate(loud[None, None], size=size, mode="nearest")[0, 0]
            weight, vote = (decoder(heard)[0] * mask).sum(1) / mask.sum()
            votes.append(vote)
            weights.append(weight)
        return float((torch.stack(votes) * torch.stack(weights).softmax(0)).sum().clip(0, 1))

    def _levels(self, sound: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Spectrum, its level scaled to 0…1, both (bins, frames), and which frames are loud enough to count."""
        wide = torch.from_numpy(np.ascontiguousarray(soxr.resample(sound, 16_000, RATE), np.float32))
        spectrum = torch.stft(wide, FFT, HOP, window=self.window, return_complex=True)
        level = (20 * spectrum.abs().clip(1e-9).log10() - LEAST) / (HEADROOM - LEAST)
        total = level.sum(0)
        return spectrum, level, (total > 0.05 * total.max()).float()
