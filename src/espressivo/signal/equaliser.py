"""An equaliser that moves: so many nats more or less in each band of a mel spectrogram, at each moment."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from espressivo.signal.mel import MelConfig, hertz_to_mel, mel_to_hertz

if TYPE_CHECKING:
    from jaxtyping import Float

STRONGEST = 3.0  # nats, 26 dB: more than that would raise noise, or cut holes


def equalised(
    wave: Float[np.ndarray, " samples"], gains: Float[np.ndarray, "frames bands"], config: MelConfig
) -> Float[np.ndarray, " samples"]:
    """`wave`, at the rate of `config`, louder by `gains` in its bands; above the highest one as there.

    Args:
        gains: in nats, for the frames that `config` makes of `wave`, or about as many.
    """
    size, hop = config.n_fft, config.hop
    window = torch.hann_window(size)
    spectrum = torch.stft(torch.from_numpy(wave)[None], size, hop, window=window, return_complex=True)[0]
    between = np.clip(np.arange(spectrum.shape[1]) - 0.5, 0, len(gains) - 1)  # those stand on samples, these between
    low = between.astype(int)
    share = (between - low)[:, None].astype(np.float32)
    moving = (1 - share) * gains[low] + share * gains[np.minimum(low + 1, len(gains) - 1)]
    factor = np.exp(np.clip(moving, -STRONGEST, STRONGEST) @ _onto(config)).astype(np.float32)
    changed = spectrum * torch.from_numpy(factor.T.copy())
    return torch.istft(changed[None], size, hop, window=window, length=len(wave))[0].numpy()


@lru_cache(maxsize=4)
def _onto(config: MelConfig) -> Float[np.ndarray, "bands bins"]:
    """What each band has to do with each bin of the transform: straight lines between the bands' middles."""
    low, high = hertz_to_mel(np.array([config.fmin, config.fmax]))
    middles = mel_to_hertz(np.linspace(low, high, config.n_mels + 2))[1:-1]
    bins = np.linspace(0, config.rate / 2, config.n_fft // 2 + 1)
    rows = [np.interp(bins, middles, one) for one in np.eye(config.n_mels)]
    return np.stack(rows).astype(np.float32)
