"""From mel spectrogram to waveform: the contract every vocoder keeps, and the names they go by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from espressivo.errors import ConfigError, InputError
from espressivo.signal.mel import MelConfig

if TYPE_CHECKING:
    from jaxtyping import Float


class Vocoder(ABC):
    """Mel frames in, sound out.

    Attributes:
        mel: the spectrogram it was trained on; make it with MelSpectrogram(vocoder.mel).
        context: frames on each side of a frame that its samples depend on.
    """

    mel: MelConfig
    context: int

    @property
    def rate(self) -> int:
        """Samples a second of what it gives."""
        return self.mel.rate

    @property
    def hop(self) -> int:
        """Samples for each frame."""
        return self.mel.hop

    @torch.inference_mode()
    def __call__(self, mel: Tensor) -> Float[Tensor, "batch samples"]:
        """(batch, frames, n_mels) float32 to (batch, frames · hop) float32 in [-1, 1]. No gradients.

        Raises:
            InputError: another shape, no frames, or values that are not finite.
            AssetError: the weights are out of reach.
        """
        if mel.ndim != 3 or mel.shape[2] != self.mel.n_mels or 0 in mel.shape:
            want = f"(batch, frames, {self.mel.n_mels}) with at least one frame"
            raise InputError(f"the vocoder needs a mel of shape {want}, got {tuple(mel.shape)}")
        if not torch.isfinite(mel).all():
            raise InputError("the vocoder got mel values that are not finite (NaN or infinity)")
        return self.synthesise(mel)

    @abstractmethod
    def synthesise(self, mel: Float[Tensor, "batch frames n_mels"]) -> Float[Tensor, "batch samples"]:
        """What __call__ does, on input that was checked."""

    def stream(self) -> VocoderStream:
        """A fresh stream: push frames as they come, then finish. The sound is the same as in one go."""
        return VocoderStream(self)


class VocoderStream:
    """A vocoder fed in chunks of any length.

    A frame's samples are final once `context` more frames are known; as many frames before it are kept, and everything
    older is forgotten. At both ends of the sound the network meets its own zero padding, as in one go. The price is
    work done twice: chunks much shorter than `context` frames are mostly context.
    """

    def __init__(self, vocoder: Vocoder) -> None:
        self._vocoder = vocoder
        self._kept: Tensor | None = None
        # How many of the kept frames have been spoken already.
        self._spoken = 0

    @property
    def latency(self) -> float:
        """Seconds of frames that must follow before a frame can be heard."""
        return self._vocoder.context * self._vocoder.hop / self._vocoder.rate

    def push(self, mel: Tensor) -> Float[Tensor, "batch samples"]:
        """More frames; gives the samples that are final now, (batch, 0) when none are.

        Raises:
            InputError: as in Vocoder.__call__, or another batch size than before.
        """
        if self._kept is not None and len(mel) != len(self._kept):
            raise InputError(f"the vocoder's stream began with a batch of {len(self._kept)}, got one of {len(mel)}")
        self._kept = mel if self._kept is None else torch.cat([self._kept, mel], dim=1)
        return self._speak(until=self._kept.shape[1] - self._vocoder.context)

    def finish(self) -> Float[Tensor, "batch samples"]:
        """No more frames: the rest of the samples. The stream is fresh again.

        Raises:
            InputError: nothing was pushed.
        """
        if self._kept is None:
            raise InputError("the vocoder's stream got no frames: push some before finishing")
        rest = self._speak(until=self._kept.shape[1])
        self._kept, self._spoken = None, 0
        return rest

    def _speak(self, until: int) -> Tensor:
        assert self._kept is not None
        if until <= self._spoken:
            return self._kept.new_zeros(len(self._kept), 0)
        hop = self._vocoder.hop
        samples = self._vocoder(self._kept)[:, self._spoken * hop : until * hop]
        forget = max(0, until - self._vocoder.context)
        self._kept, self._spoken = self._kept[:, forget:], until - forget
        return samples


def _hifigan(**options: object) -> Vocoder:
    from espressivo.signal.hifigan import HiFiGAN

    return HiFiGAN(**options)  # type: ignore[arg-type]


def _harmonic(**options: object) -> Vocoder:
    from espressivo.signal.harmonic_vocoder import HarmonicVocoder

    return HarmonicVocoder(**options)  # type: ignore[arg-type]


VOCODERS: dict[str, Callable[..., Vocoder]] = {"harmonic": _harmonic, "hifigan-universal": _hifigan}


def vocoder(name: str = "harmonic", precision: str = "float32") -> Vocoder:
    """The vocoder of that name; its weights load on first use.

    Args:
        name: one of VOCODERS.
        precision: "float32", or for HiFi-GAN "bfloat16" (faster on CPUs, its noise lies about 20 dB below the sound).

    Raises:
        ConfigError: no vocoder or precision of that name.
        AssetError: the weights are out of reach.
    """
    if name not in VOCODERS:
        raise ConfigError(f"unknown vocoder {name!r}: choose one of {', '.join(VOCODERS)}")
    return VOCODERS[name](precision=precision)
