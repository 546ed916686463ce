"""The harmonic vocoder as the others use it: with its weights, whole or in chunks, and with any melody one likes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from espressivo.assets.model import load_weights, read_config
from espressivo.assets.shipped import beside
from espressivo.errors import ConfigError, InputError
from espressivo.signal.harmonic import MEL, HarmonicConfig, HarmonicNet, Melody, turned
from espressivo.signal.vocoder import Vocoder, VocoderStream

if TYPE_CHECKING:
    from jaxtyping import Float

SYSTEM = "vocoder"
OVERLAP = 3  # frames whose windows reach into a frame's samples, and half a frame between two pitches


@dataclass(frozen=True)
class VocoderConfig:
    """config.json beside the weights."""

    name: str
    licence: str
    network: HarmonicConfig = field(default_factory=HarmonicConfig)
    system: str = SYSTEM


class HarmonicVocoder(Vocoder):
    """Harmonics at the pitch that the mel shows, or at any other, and noise.

    Args:
        folder: of weights that `espressivo train vocoder` made; by default those that come with espressivo.

    Raises:
        AssetError: the folder does not hold any.
        ConfigError: a precision other than float32.
    """

    mel = MEL

    def __init__(self, folder: Path | None = None, precision: str = "float32", device: str = "cpu") -> None:
        if precision != "float32":
            raise ConfigError(f"the harmonic vocoder works in float32, got {precision!r}")
        folder = folder or beside("checkpoints/vocoder")
        self.config = read_config(folder, VocoderConfig, SYSTEM)
        self.net = load_weights(folder, HarmonicNet(self.config.network)).to(device)
        self._device = device

    @property
    def reach(self) -> int:
        """Frames on each side of a frame that its pitch is read from."""
        network = self.config.network
        return network.kernel // 2 * (1 + network.pitch_layers)

    @property
    def context(self) -> int:  # type: ignore[override]
        network = self.config.network
        return self.reach + network.kernel // 2 * (1 + network.layers) + OVERLAP

    def synthesise(self, mel: Float[Tensor, "batch frames n_mels"]) -> Float[Tensor, "batch samples"]:
        mel = mel.to(self._device)
        return self.sing(mel, self.net.read(mel))

    @torch.inference_mode()
    def sing(self, mel: Float[Tensor, "batch frames n_mels"], melody: Melody) -> Float[Tensor, "batch samples"]:
        """The sound of the mel at another melody: (batch, frames) Hz above 0, and how much is voiced, 0 to 1.

        Raises:
            InputError: a mel as in Vocoder.__call__; a melody of another shape, or frequencies that are not above 0 or
                beyond half the rate.
        """
        mel = self.checked(mel)
        if melody.hz.shape != mel.shape[:2] or melody.voiced.shape != mel.shape[:2]:
            got = f"{tuple(melody.hz.shape)} for a mel of {tuple(mel.shape)}"
            raise InputError(f"the vocoder needs one pitch for each frame of the mel, got {got}")
        if not ((melody.hz > 0) & (melody.hz <= self.rate / 2)).all():
            most = f"up to {self.rate / 2:g} Hz in every frame"
            raise InputError(f"the vocoder needs a pitch above 0 and {most}: carry it through what is unvoiced")
        return self.net(mel, Melody(*(part.to(self._device) for part in melody))).clamp(-1, 1)

    def checked(self, mel: Tensor) -> Tensor:
        """The mel where the network is. Raises InputError as Vocoder.__call__, for whoever comes another way."""
        if mel.ndim != 3 or mel.shape[2] != MEL.n_mels or 0 in mel.shape:
            want = f"(batch, frames, {MEL.n_mels}) with at least one frame"
            raise InputError(f"the vocoder needs a mel of shape {want}, got {tuple(mel.shape)}")
        if not torch.isfinite(mel).all():
            raise InputError("the vocoder got mel values that are not finite (NaN or infinity)")
        return mel.to(self._device)

    def stream(self) -> VocoderStream:
        return HarmonicStream(self)


class HarmonicStream(VocoderStream):
    """In chunks: the pulses go on where they were, and so does the hiss."""

    def __init__(self, vocoder: HarmonicVocoder) -> None:
        super().__init__(vocoder)
        self._whole = vocoder
        self._begun()

    def _begun(self) -> None:
        self._first = 0  # the frame of the whole sound that the kept ones begin with
        self._melody: Melody | None = None  # of the kept frames, as far as it is final
        self._turns: Tensor | None = None  # (batch,) by the end of the first kept frame

    def finish(self) -> Float[Tensor, "batch samples"]:
        rest = super().finish()
        self._begun()
        return rest

    @torch.inference_mode()
    def _speak(self, until: int) -> Tensor:
        assert self._kept is not None
        if until <= self._spoken:
            return self._kept.new_zeros(len(self._kept), 0)
        mel, hop, net = self._whole.checked(self._kept), self._vocoder.hop, self._whole.net
        melody = self._joined(net.read(mel))
        turns = turned(melody)
        if self._turns is not None:
            # The first half frame knew its neighbour then, and does not now: so the count is taken from after it.
            turns = turns + (self._turns - turns[:, hop - 1])[:, None]
        sound = net(mel, melody, turns, begin=self._first).clamp(-1, 1)[:, self._spoken * hop : until * hop]
        forget = max(0, until - self._vocoder.context)
        final = max(forget, mel.shape[1] - self._whole.reach)
        self._melody = Melody(melody.hz[:, forget:final], melody.voiced[:, forget:final])
        self._turns = turns[:, (forget + 1) * hop - 1]
        self._kept, self._spoken, self._first = mel[:, forget:], until - forget, self._first + forget
        return sound

    def _joined(self, melody: Melody) -> Melody:
        """What is final already, then what was read now."""
        if self._melody is None:
            return melody
        known = self._melody.hz.shape[1]
        parts = zip(self._melody, melody, strict=True)
        return Melody(*(torch.cat([old, new[:, known:]], dim=1) for old, new in parts))
