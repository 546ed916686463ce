"""Another feeling for the same words in the same voice: pace, melody and colour follow another prosody.

What the networks would say with the new prosody is compared to what they would say with the old one, and only the
difference is applied to the recording, on its own waveform: so nearly everything that makes it that voice in that room
stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from espressivo.signal.equaliser import equalised
from espressivo.signal.psola import resung
from espressivo.signal.tokens import UNIT_RATE
from espressivo.systems.prosody2vec.colour import smoothed
from espressivo.systems.prosody2vec.encoder import BANDS
from espressivo.systems.prosody2vec.examples import carried, nearest, noise, run_points
from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.parts import MEL, RATE, Parts, content_at
from espressivo.systems.prosody2vec.seconds import blend, middles

if TYPE_CHECKING:
    from jaxtyping import Float

SLOWEST, FASTEST = 1.8, 0.6  # times as long as before
LOWEST, HIGHEST = 55.0, 600.0  # Hz
MOST = 1.0  # nats that a band is made louder or quieter: more takes words and voice away rather than adding feeling
SMOOTH = 5  # runs over which the change of pace is averaged
SAME_WORDS = 0.45
"""Mean cosine between what is said and what it was matched with. Of two people who say the same, .58 to .84 in 9 of 10
pairs (nEMO; EmoDB .40 to .86); of two who say something else, .08 to .32 (.09 to .33)."""


@dataclass(frozen=True)
class Manner:
    """How to convert.

    Attributes:
        pace, melody, colour: how much of each change is applied.
        tempo: times as long as the change of pace makes it.
        clean: what the decoder is told of how quiet the pauses are to be, in nats; None as in the recording.
    """

    pace: float = 1.0
    melody: float = 1.0
    colour: float = 1.0
    tempo: float = 1.0
    clean: float | None = None


@dataclass(frozen=True, eq=False)
class Change:
    """What is to be done to a recording, at each frame of the result.

    Attributes:
        places: (frames,) which frame of the recording it comes from.
        higher: (frames,) how many times.
        colour: (2 · frames, bands) how many nats more in each band of the mel, twice a frame.
    """

    places: Float[np.ndarray, " frames"]
    higher: Float[np.ndarray, " frames"]
    colour: Float[np.ndarray, "single bands"]

    def done(self, wave: Float[np.ndarray, " samples"], parts: Parts) -> Float[np.ndarray, " samples"]:
        """The recording of which these are the parts, changed; both at the rate of MEL."""
        told = resung(wave, MEL.rate, parts.hz, RATE, self.places, self.higher)
        return equalised(told, self.colour, MEL)


class Converter:
    """Applies prosodies to recordings in parts."""

    def __init__(self, net: Prosody2Vec, lag: float, manner: Manner = Manner()) -> None:
        self.net, self.lag, self.manner = net, lag, manner
        self._codes = net.codes.numpy()

    @torch.inference_mode()
    def __call__(
        self,
        parts: Parts,
        old: Float[np.ndarray, "seconds tone"],
        new: Float[np.ndarray, "seconds tone"],
        contour: Float[np.ndarray, " frames"] | None = None,
    ) -> Change:
        """What gives `parts` the manner `new` in place of its own, `old`.

        Args:
            contour: a melody to take instead, the logarithm of Hz at each frame of the recording.
        """
        places = self.timed(parts, old, new)
        seconds = (places + 0.5) / RATE
        mix = blend(seconds, len(old))
        before, after = (_batch(mix @ tone) for tone in (old, new))
        content = _batch(content_at(parts.content, seconds, self.lag))
        voiced = _at(parts.hz > 0, places, steps=True)
        pitch = _at(carried(parts.hz), places)
        if contour is None:
            change = self.net.contour(content, after).pitch - self.net.contour(content, before).pitch
            other = pitch + self.manner.melody * change[0].numpy()
        else:
            other = pitch + self.manner.melody * (_at(contour, places) - pitch)
        low, high = np.minimum(pitch, np.log(LOWEST)), np.maximum(pitch, np.log(HIGHEST))  # what was there may stay
        other = np.clip(other, low, high).astype(np.float32)
        colour = self._coloured(parts, content, (pitch, before), (other, after), voiced)
        return Change(places, np.exp(other - pitch), colour)

    def timed(self, parts: Parts, old: np.ndarray, new: np.ndarray) -> Float[np.ndarray, " frames"]:
        """Which frame of the recording each frame of the result comes from: sounds last longer or shorter."""
        codes = nearest(parts.content, self._codes)
        runs, lengths, times = run_points(parts.content, codes)
        mix = blend(times, len(old))
        guesses = [self.net.lengths(_batch(runs), _batch(mix @ tone))[0].numpy() for tone in (new, old)]
        change = self.manner.pace * (guesses[0] - guesses[1])
        kernel = np.ones(SMOOTH) / SMOOTH
        padded = np.pad(change, SMOOTH // 2, mode="edge")
        factor = np.clip(np.exp(np.convolve(padded, kernel, "valid")), FASTEST, SLOWEST)
        ends = np.concatenate([[0], np.cumsum(lengths * factor)]) / UNIT_RATE
        was = np.concatenate([[0], np.cumsum(lengths)]) / UNIT_RATE
        # What no unit covers at the very end keeps its pace; what units there are beyond the end does not count.
        rest, last = max(0.0, len(parts) / RATE - was[-1]), len(parts) / RATE
        ends, was = np.append(ends, ends[-1] + rest), np.append(was, was[-1] + rest)
        ends = self.manner.tempo * ends
        frames = max(1, round(np.interp(last, was, ends) * RATE))
        return np.clip(np.interp(middles(frames), ends, was) * RATE - 0.5, 0, len(parts) - 1)

    def _coloured(
        self,
        parts: Parts,
        content: Tensor,
        before: tuple[np.ndarray, Tensor],
        after: tuple[np.ndarray, Tensor],
        voiced: np.ndarray,
    ) -> Float[np.ndarray, "single bands"]:
        manner, net = self.manner, self.net
        speaker = torch.from_numpy(parts.speaker)[None]
        own = torch.from_numpy(noise(parts)["noise"].astype(np.float32))[None]
        clean = own if manner.clean is None else torch.full_like(own, manner.clean)
        made = [
            net.mel(content, speaker, _batch(pitch), _batch(voiced), tone, quiet)
            for (pitch, tone), quiet in ((before, own), (after, clean))
        ]
        wanted = smoothed(made[1] - made[0]).reshape(-1, BANDS).numpy()
        return manner.colour * np.float32(MOST) * np.tanh(wanted / MOST)


def _at(values: np.ndarray, places: np.ndarray, steps: bool = False) -> np.ndarray:
    if steps:
        return values[np.round(places).astype(int)].astype(np.float32)
    return np.interp(places, np.arange(len(values)), values).astype(np.float32)


def _batch(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))[None]


def borrowed(parts: Parts, other: Parts, net: Prosody2Vec, lag: float) -> Float[np.ndarray, " frames"] | None:
    """The melody of `other` on the sounds of `parts`, around the voice's own usual pitch.

    Sounds are matched by dynamic time warping on what is said. None where nothing is voiced, or where the words are
    other ones: a melody does not fit those.
    """
    if not ((parts.hz > 0).any() and (other.hz > 0).any()):
        return None
    with torch.inference_mode():
        usual = [float(net.expected(torch.from_numpy(part.speaker)[None])[0]) for part in (parts, other)]
    ours, theirs = (content_at(part.content, middles(len(part)), lag) for part in (parts, other))
    match = aligned(ours, theirs)
    if np.mean(np.sum(_directions(ours) * _directions(theirs)[match], axis=1)) < SAME_WORDS:
        return None
    return carried(other.hz)[match] + np.float32(usual[0] - usual[1])


def aligned(one: Float[np.ndarray, "n dim"], other: Float[np.ndarray, "m dim"]) -> np.ndarray:
    """For each frame of `one` the frame of `other` that fits, in order: (n,) integers."""
    # In double precision: on the way back, sums that were equal must be found equal.
    cost = 1 - _directions(one) @ _directions(other).T
    n, m = cost.shape
    total = np.full((n + 1, m + 1), np.inf)
    total[0, 0] = 0
    for i in range(1, n + 1):
        # Along a row: min over steps from above, then what running on costs.
        best = np.minimum(total[i - 1, :-1], total[i - 1, 1:]) + cost[i - 1]
        summed = np.cumsum(cost[i - 1])
        total[i, 1:] = np.minimum.accumulate(best - summed) + summed
    match, j = np.zeros(n, int), m
    for i in range(n, 0, -1):
        while j > 1 and total[i, j - 1] + cost[i - 1, j - 1] <= total[i, j] + 1e-9:
            j -= 1
        match[i - 1] = j - 1
        if j > 1 and total[i - 1, j - 1] <= total[i - 1, j]:
            j -= 1
    return match


def _directions(x: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n dim"]:
    return x.astype(np.float64) / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)
