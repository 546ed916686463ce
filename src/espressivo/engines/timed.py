"""Synthetic speech that tells when each of its phones sounds: labels for training that nobody has to write.

The voice decides for how long it holds each phone before it makes a sound. Here that decision is read off the network,
by one more output, and handed on with the sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from espressivo.clip import SPEECH_RATE
from espressivo.errors import AssetError, InputError

if TYPE_CHECKING:
    from hibari import Hibari

SILENCE = ""
# The sound of a phone begins so long before the voice's own count says so: where a network that tells phones apart is
# right most often, and where the sound sets in after silence.
LEAD = 0.05
STRESS, LONGER = "ˈˌ", "ː"
_DURATIONS = "/Clip_output_0"


@dataclass(frozen=True, eq=False)
class Timed:
    """Speech and its phones.

    Attributes:
        samples: (samples,) float32 at 16 kHz.
        phones: (phone, start, end) in seconds, in order and without gaps; SILENCE where nothing is said.
    """

    samples: np.ndarray
    phones: tuple[tuple[str, float, float], ...]

    def at(self, times: np.ndarray) -> list[str]:
        """The phone at each of `times`, (n,) seconds; silence beyond both ends."""
        ends = np.array([end for _, _, end in self.phones])
        places = np.searchsorted(ends, times, side="right")
        return [self.phones[i][0] if i < len(ends) and times[k] >= 0 else SILENCE for k, i in enumerate(places)]


class TimedVoice:
    """hibari's voice with the times of its phones, in its own alphabet: one letter of the IPA or of Kokoro a phone."""

    @cached_property
    def engine(self) -> Hibari:
        from hibari import Hibari

        return Hibari(threads=2)

    @cached_property
    def _session(self) -> Any:
        import onnx
        import onnxruntime

        model = onnx.load(self.engine.model_path)
        if not any(_DURATIONS in node.output for node in model.graph.node):
            raise AssetError("this hibari does not tell its durations where we know them: install hibari-tts 0.2.1")
        model.graph.output.append(onnx.helper.make_tensor_value_info(_DURATIONS, onnx.TensorProto.FLOAT, None))
        return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def say(self, text: str, *, speed: float = 1.0, seed: int = 0) -> list[Timed]:
        """Each sentence of `text`, spoken.

        Raises:
            InputError: nothing in it can be read aloud.
        """
        spelled = [letters for letters in self.engine.phonemize(text) if any(map(str.isalpha, letters))]
        sentences = [self._say(letters, speed, seed) for letters in spelled]
        if not sentences:
            raise InputError(f"there is nothing to read aloud in {text!r:.60}: the voice reads English")
        return sentences

    def _say(self, letters: str, speed: float, seed: int) -> Timed:
        import soxr
        from hibari import dsp

        vocabulary = self.engine.vocab
        known = [letter for letter in letters if letter in vocabulary]
        ids = [0, *(vocabulary[letter] for letter in known), 0]
        feeds = {"ids": np.array([ids], np.int64), "speed": np.array([speed], np.float32)}
        *parts, durations = self._session.run(None, feeds)
        spoken = dsp.synth(*(part[0] for part in parts), np.random.default_rng(seed))
        samples = soxr.resample(spoken, self.engine.sample_rate, SPEECH_RATE).astype(np.float32)
        counts = np.asarray(durations, np.float64).reshape(-1)
        ends = np.cumsum(counts) * (len(samples) / SPEECH_RATE / counts.sum()) - LEAD
        return Timed(samples, _phones([SILENCE, *known, SILENCE], ends))


def _phones(letters: list[str], ends: np.ndarray) -> tuple[tuple[str, float, float], ...]:
    """What takes time without being a phone goes to its neighbours: stress to the next phone, length to the one before,
    the joint of two words to both, half and half; punctuation is silence."""
    starts = np.concatenate([[0.0], ends[:-1]])
    spans: list[list[Any]] = []
    waiting: float | None = None
    for letter, start, end in zip(letters, starts.tolist(), ends.tolist(), strict=True):
        begin, waiting = (start if waiting is None else waiting), None
        if letter in STRESS and letter:
            waiting = begin
        elif letter == " ":
            waiting = (begin + end) / 2
            if spans:
                spans[-1][2] = waiting
        elif letter and letter in LONGER and spans:
            spans[-1][2] = end
        else:
            spans.append([letter if letter.isalpha() else SILENCE, begin, end])
    return tuple((phone, start, end) for phone, start, end in spans)
