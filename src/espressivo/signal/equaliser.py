"""An equaliser that moves: so many nats more or less in each band of a mel spectrogram, at each moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from espressivo.signal.mel import MelConfig, band_spread

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
    factor = np.exp(np.clip(moving, -STRONGEST, STRONGEST) @ band_spread(config, size // 2 + 1)).astype(np.float32)
    changed = spectrum * torch.from_numpy(factor.T.copy())
    return torch.istft(changed[None], size, hop, window=window, length=len(wave))[0].numpy()
