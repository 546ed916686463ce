"""Frames and the seconds that they lie in: a prosody is said once a second, and mixes in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from espressivo.systems.prosody2vec.parts import RATE

if TYPE_CHECKING:
    from jaxtyping import Float


def seconds_of(frames: int) -> int:
    """How many seconds `frames` frames reach into."""
    return max(1, int((frames - 0.5) / RATE) + 1)


def members(frames: int) -> Float[np.ndarray, "frames seconds"]:
    """1 where a frame lies in a second."""
    second = ((np.arange(frames) + 0.5) / RATE).astype(int)
    return (second[:, None] == np.arange(seconds_of(frames))).astype(np.float32)


def blend(times: np.ndarray, seconds: int) -> Float[np.ndarray, "times seconds"]:
    """How the prosodies of seconds mix at each time in seconds: straight lines between their middles."""
    place = np.clip(times - 0.5, 0, seconds - 1)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(seconds))).astype(np.float32)


def middles(frames: int) -> np.ndarray:
    """The middle of each frame in seconds."""
    return (np.arange(frames) + 0.5) / RATE


def spread_out(tone: Float[Tensor, "batch seconds tone"], frames: int) -> Float[Tensor, "batch frames tone"]:
    """The manner at each frame."""
    return torch.from_numpy(blend(middles(frames), tone.shape[1])).to(tone) @ tone
