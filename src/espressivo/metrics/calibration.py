"""Is it as sure as it is right? Expected calibration error, and what a reliability diagram shows.

Source: Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017); equally filled bins as in Nixon et al.,
"Measuring Calibration in Deep Learning" (2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Int

BINS = 10


@dataclass(frozen=True)
class Reliability:
    """Clips sorted into bins by how sure the guess was.

    Attributes:
        edges: (bins + 1,) of the bins, 0 to 1.
        member: (n,) the bin of each clip.
        confidence, right: (n,) how sure the guess was, and whether it was right.
    """

    edges: np.ndarray
    member: np.ndarray
    confidence: np.ndarray
    right: np.ndarray

    def sums(self) -> Float[np.ndarray, "n bins"]:
        """Each clip's surplus of sureness, in the column of its bin: sums of rows give the error of any sample."""
        table = np.zeros((len(self.member), len(self.edges) - 1))
        table[np.arange(len(self.member)), self.member] = self.confidence - self.right
        return table

    def curve(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each bin that holds anything: mean sureness, share that is right, number of clips."""
        n = np.bincount(self.member, minlength=len(self.edges) - 1)
        sure, right = (
            np.bincount(self.member, weights=values, minlength=len(n)) for values in (self.confidence, self.right)
        )
        there = n > 0
        return sure[there] / n[there], right[there] / n[there], n[there]

    @property
    def error(self) -> float:
        """Mean distance of sureness from the share that is right, each bin weighing its clips."""
        return float(np.abs(self.sums().sum(0)).sum() / len(self.member))


def reliability(
    truth: Int[np.ndarray, " n"], probabilities: Float[np.ndarray, "n c"], bins: int = BINS, *, adaptive: bool = False
) -> Reliability:
    """The top guess of each clip, by how sure it is: in equally wide bins, or (`adaptive`) equally filled ones."""
    confidence = probabilities.max(1)
    right = (probabilities.argmax(1) == truth).astype(float)
    edges = np.linspace(0, 1, bins + 1)
    if adaptive:
        edges = np.unique(np.concatenate([[0.0], np.quantile(confidence, edges[1:-1]), [1.0]]))
    # A bin holds its upper edge, so that full sureness is in the last.
    member = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)
    return Reliability(edges, member, confidence, right)


def ece(
    truth: Int[np.ndarray, " n"], probabilities: Float[np.ndarray, "n c"], bins: int = BINS, *, adaptive: bool = False
) -> float:
    """Expected calibration error of the top guess: 0 is as sure as right."""
    return reliability(truth, probabilities, bins, adaptive=adaptive).error
