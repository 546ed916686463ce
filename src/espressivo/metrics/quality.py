"""How good speech sounds without anything to compare it with, and how near one melody is to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from espressivo.assets import fetch
from espressivo.clip import SPEECH_RATE
from espressivo.signal.wave import checked_wave
from espressivo.signal.weights import open_session

if TYPE_CHECKING:
    from jaxtyping import Float

# What the network looks at, in samples, and how far apart its looks are.
WINDOW, STEP = 144_160, SPEECH_RATE
# The calibration that its authors publish with it: of the overall quality, highest power first.
OVERALL = (-0.06766283, 1.11546468, 0.04602535)
FEWEST = 3  # frames that a correlation is made of


class DNSMOS:
    """The overall quality of speech as listeners would rate it, 1 to 5: the mean over windows of 9 s, one a second.

    Source: Reddy, Gopal and Cutler, DNSMOS P.835 (arXiv 2110.01763), their network and calibration.

    Args:
        weights: its network; by default the pinned one.

    Raises:
        AssetError: the weights are out of reach.
    """

    rate = SPEECH_RATE

    def __init__(self, weights: Path | None = None) -> None:
        self._session = open_session(weights or fetch("dnsmos"))

    def __call__(self, samples: Float[np.ndarray, " samples"]) -> float:
        """Of (samples,) float in [-1, 1] at `rate`; what is shorter than a window is repeated.

        Raises:
            InputError: not mono, empty, or not finite.
        """
        wave = checked_wave(samples, self.rate, task="a rating of quality")
        wave = np.tile(wave, -(-WINDOW // len(wave))) if len(wave) < WINDOW else wave
        starts = range(0, len(wave) - WINDOW + 1, STEP)
        raw = [self._session.run(None, {"input_1": wave[None, at : at + WINDOW]})[0][0, 2] for at in starts]
        return float(np.mean(np.polyval(OVERALL, raw)))


def melody_agreement(one: Float[np.ndarray, " frames"], other: Float[np.ndarray, " others"]) -> tuple[float, float]:
    """Correlation of F0 where both are voiced, and the share of frames whose voicing agrees.

    Args:
        one, other: Hz on one clock, 0 where unvoiced; what one has more than the other does not count.

    Returns:
        The correlation is NaN where hardly anything is voiced in both, or nothing moves.
    """
    frames = min(len(one), len(other))
    a, b = one[:frames].astype(float), other[:frames].astype(float)
    both = (a > 0) & (b > 0)
    voicing = float(((a > 0) == (b > 0)).mean()) if frames else np.nan
    if both.sum() < FEWEST or not (np.ptp(a[both]) and np.ptp(b[both])):
        return np.nan, voicing
    return float(np.corrcoef(a[both], b[both])[0, 1]), voicing
