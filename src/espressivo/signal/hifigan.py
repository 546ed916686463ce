"""HiFi-GAN: transposed convolutions raise mel frames to samples, and stacks of dilated ones make them sound real.

Source: Kong, Kim and Bae, HiFi-GAN, NeurIPS 2020 (arXiv 2010.05646), generator of section 2.3, configuration V1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.errors import AssetError, ConfigError
from espressivo.signal.mel import HIFIGAN_22K, MelConfig
from espressivo.signal.vocoder import Vocoder
from espressivo.signal.weights import read_checkpoint

if TYPE_CHECKING:
    from jaxtyping import Float

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
ENDS_KERNEL = 7


@dataclass(frozen=True)
class HiFiGANConfig:
    """The generator's shape; the defaults are V1.

    Attributes:
        n_mels: bands of the input.
        width: channels before the first upsampling; each stage halves them.
        factors, kernels: of the transposed convolutions; the factors multiply to the hop.
        block_kernels: one residual block of each size in every stage, averaged.
        dilations: of the convolutions in each block.
        slope: of the leaky rectifiers.
    """

    n_mels: int = 80
    width: int = 512
    factors: tuple[int, ...] = (8, 8, 2, 2)
    kernels: tuple[int, ...] = (16, 16, 4, 4)
    block_kernels: tuple[int, ...] = (3, 7, 11)
    dilations: tuple[int, ...] = (1, 3, 5)
    slope: float = 0.1

    @property
    def context(self) -> int:
        """Frames on each side that a sample depends on: the reach of every layer, counted in frames, rounded up."""
        reach, scale = ENDS_KERNEL // 2, 1
        frames = float(reach)
        for factor, kernel in zip(self.factors, self.kernels, strict=True):
            frames += (kernel + factor) / (2 * factor) / scale
            scale *= factor
            widest = max(self.block_kernels) // 2
            frames += widest * sum(dilation + 1 for dilation in self.dilations) / scale
        return int(frames + reach / scale) + 1


class ResidualBlock(nn.Module):
    """Pairs of convolutions, the first of each pair dilated, each pair with a way around it."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...], slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.convs1 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, dilation=d, padding=d * (kernel // 2)) for d in dilations
        )
        self.convs2 = nn.ModuleList(nn.Conv1d(channels, channels, kernel, padding=kernel // 2) for _ in dilations)

    def forward(self, x: Float[Tensor, "batch channels time"]) -> Float[Tensor, "batch channels time"]:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            x = x + plain(F.leaky_relu(dilated(F.leaky_relu(x, self.slope)), self.slope))
        return x


class HiFiGANGenerator(nn.Module):
    """Mel frames to waveforms."""

    def __init__(self, config: HiFiGANConfig = HiFiGANConfig()) -> None:
        super().__init__()
        self.config = config
        self.conv_pre = nn.Conv1d(config.n_mels, config.width, ENDS_KERNEL, padding=ENDS_KERNEL // 2)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        channels = config.width
        for factor, kernel in zip(config.factors, config.kernels, strict=True):
            padding = (kernel - factor) // 2
            self.ups.append(nn.ConvTranspose1d(channels, channels // 2, kernel, factor, padding))
            channels //= 2
            for size in config.block_kernels:
                self.resblocks.append(ResidualBlock(channels, size, config.dilations, config.slope))
        self.conv_post = nn.Conv1d(channels, 1, ENDS_KERNEL, padding=ENDS_KERNEL // 2)

    def forward(self, mel: Float[Tensor, "batch frames n_mels"]) -> Float[Tensor, "batch samples"]:
        """(batch, frames, n_mels) to (batch, frames · hop) in [-1, 1]."""
        x = self.conv_pre(mel.transpose(1, 2))
        per_stage = len(self.config.block_kernels)
        for stage, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, self.config.slope))
            blocks = self.resblocks[stage * per_stage : (stage + 1) * per_stage]
            total = blocks[0](x)
            for block in blocks[1:]:
                total = total + block(x)
            x = total / per_stage
        # The reference leaves this one slope at PyTorch's default of 0.01, and the weights expect it.
        return torch.tanh(self.conv_post(F.leaky_relu(x)))[:, 0]


class HiFiGAN(Vocoder):
    """HiFi-GAN V1, universal weights: any speaker, 22.05 kHz. Loads them on first use.

    Args:
        precision: "float32" or "bfloat16" (faster on CPUs, the noise it adds lies about 20 dB below the sound).
        weights: a local copy of the checkpoint; by default the pinned one.
        device: where it runs.
    """

    mel: MelConfig = HIFIGAN_22K
    context: int = HiFiGANConfig().context

    def __init__(self, precision: str = "float32", weights: Path | None = None, device: str = "cpu") -> None:
        if precision not in PRECISIONS:
            raise ConfigError(f"unknown precision {precision!r}: choose one of {', '.join(PRECISIONS)}")
        self._precision, self._weights, self._device = PRECISIONS[precision], weights, device

    @cached_property
    def generator(self) -> HiFiGANGenerator:
        """The network with its pretrained weights, in evaluation mode; use it directly where gradients must pass."""
        from espressivo.assets import fetch

        path = self._weights or fetch("hifigan-universal")
        state = read_checkpoint(path, "generator")
        generator = HiFiGANGenerator().eval()
        try:
            generator.load_state_dict(fold_weight_norm(state))
        except RuntimeError as error:
            raise AssetError(f"{path} does not hold a HiFi-GAN V1 generator: fetch it again") from error
        return generator.to(self._device, self._precision)

    def synthesise(self, mel: Float[Tensor, "batch frames n_mels"]) -> Float[Tensor, "batch samples"]:
        """(batch, frames, 80) to (batch, frames · 256) float32, computed in the chosen precision."""
        return self.generator(mel.to(self._device, self._precision)).float()


def fold_weight_norm(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A checkpoint's direction and length of each kernel (weight_v, weight_g) multiplied back into one weight."""
    folded = {}
    for name, value in state.items():
        if name.endswith("weight_v"):
            length = value.flatten(1).norm(dim=1)[:, None, None]
            folded[name[:-2]] = value * (state[f"{name[:-1]}g"] / length)
        elif not name.endswith("weight_g"):
            folded[name] = value
    return folded
