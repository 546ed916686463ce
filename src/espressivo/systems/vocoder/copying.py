"""Copy synthesis: recordings to mel spectrograms, and back to sound, a stretch at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from espressivo.clip import Sound
from espressivo.signal.mel import MelSpectrogram
from espressivo.signal.vocoder import Vocoder

AT_A_TIME = 10.0  # seconds


class Stretch(NamedTuple):
    """Of a recording and its copy, both (samples,) float32 at the vocoder's rate; and the seconds the copy took."""

    heard: np.ndarray
    made: np.ndarray
    took: float


def spectra(sound: Sound, mel: MelSpectrogram, frames: int) -> Iterator[tuple[np.ndarray, Tensor]]:
    """Wave and mel of a recording, `frames` frames at a time; what is left for the last is half to twice as much.

    The mels are those of the whole recording; memory does not grow with it.

    Raises:
        InputError: too short for a frame, or not finite.
    """
    hop, edge = mel.config.hop, -(-mel.config.margin // mel.config.hop)
    kept, begin = np.zeros(0, np.float32), 0  # frames at its beginning that were given already

    def stretch(count: int, end: int) -> tuple[np.ndarray, Tensor]:
        found = mel(torch.from_numpy(kept[: end * hop])[None])[:, begin : begin + count]
        return kept[begin * hop : (begin + count) * hop], found

    for block in sound.at(mel.config.rate).blocks():
        kept = np.concatenate([kept, block])
        while len(kept) >= (begin + frames + max(edge, frames // 2)) * hop:
            yield stretch(frames, begin + frames + edge)
            kept, begin = kept[(begin + frames - edge) * hop :], edge
    whole = len(kept) // hop
    yield stretch(whole - begin, whole)


def copied(sound: Sound, vocoder: Vocoder, seconds: float = AT_A_TIME) -> Iterator[Stretch]:
    """A recording and its copy, about `seconds` at a time; the copy is the one that the vocoder makes in one go.

    Raises:
        InputError: as `spectra`.
    """
    stream, heard, last = vocoder.stream(), np.zeros(0, np.float32), None
    for wave, mel in spectra(sound, MelSpectrogram(vocoder.mel), round(seconds * vocoder.mel.frame_rate)):
        if last is not None:
            yield last
        begun = time.perf_counter()
        made = stream.push(mel)[0].numpy()
        took = time.perf_counter() - begun
        heard = np.concatenate([heard, wave])
        last, heard = Stretch(heard[: len(made)], made, took), heard[len(made) :]
    assert last is not None
    begun = time.perf_counter()
    rest = stream.finish()[0].numpy()
    took = last.took + time.perf_counter() - begun
    # What the stream held back goes with the last stretch: by itself it is too short to be judged.
    yield Stretch(np.concatenate([last.heard, heard]), np.concatenate([last.made, rest]), took)
