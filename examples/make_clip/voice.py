"""The voice: Kokoro-82M, asked also how long it holds each phoneme, which tells the mouth what to do when."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import onnx
import onnxruntime
from hibari import Hibari

from espressivo.assets import fetch

RATE = 24_000
FRAME = 600  # samples in one of the model's frames, the unit of its durations
DURATIONS = "/encoder/Clip_output_0"


@dataclass(frozen=True)
class Phone:
    """A phoneme in Kokoro's alphabet and when it sounds, in seconds."""

    symbol: str
    start: float
    end: float


class Voice:
    """A blend of Kokoro's voices, `{"af_bella": 0.75, "af_nicole": 0.25}`: the second is nearly whispered."""

    def __init__(self, blend: dict[str, float]) -> None:
        self._reader = Hibari()
        model = onnx.load(str(fetch("kokoro-82m")))
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(DURATIONS))
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        folder = fetch("kokoro-voices")
        tables = {name: np.fromfile(next(folder.rglob(f"{name}.bin")), np.float32) for name in blend}
        self._styles = np.sum([weight * tables[name].reshape(-1, 1, 256) for name, weight in blend.items()], axis=0)

    def say(
        self, text: str, *, speed: float, pause: float, before: float, after: float
    ) -> tuple[np.ndarray, list[Phone]]:
        """Float32 samples at RATE and the phones in them; `pause` seconds lie between sentences."""
        parts, phones, at = [np.zeros(round(before * RATE), np.float32)], [], before
        sentences = self._reader.phonemize(text)
        for n, sentence in enumerate(sentences):
            samples, held = self._sentence(sentence, speed)
            phones += [Phone(p.symbol, p.start + at, p.end + at) for p in held]
            parts += [samples, np.zeros(round((pause if n + 1 < len(sentences) else after) * RATE), np.float32)]
            at = sum(map(len, parts)) / RATE
        return np.concatenate(parts), phones

    def _sentence(self, sentence: str, speed: float) -> tuple[np.ndarray, list[Phone]]:
        """One sentence without the silence at its ends, faded in and out."""
        ids = self._reader.ids(sentence)
        feeds = {"tokens": [ids], "style": self._styles[len(ids) - 2], "speed": [speed]}
        kinds = {"tokens": np.int64, "style": np.float32, "speed": np.float32}
        samples, lasts = self._session.run(None, {k: np.asarray(v, kinds[k]) for k, v in feeds.items()})
        samples, edges = samples.reshape(-1), np.concatenate([[0], np.cumsum(lasts.reshape(-1))]) * FRAME
        # The first and last id are padding: a little is kept of each, the rest is silence.
        first, last = max(0, int(edges[1]) - 4 * FRAME), min(len(samples), int(edges[-2]) + 2 * FRAME)
        symbols = [symbol for symbol in sentence if symbol in self._reader.vocab]
        times = (edges[1:-1] - first) / RATE
        held = [Phone(s, *span) for s, span in zip(symbols, pairwise(times), strict=True)]
        return _faded(samples[first:last]), held


def _faded(samples: np.ndarray, seconds: float = 0.02) -> np.ndarray:
    n = round(seconds * RATE)
    ramp = np.sin(np.linspace(0, np.pi / 2, n, dtype=np.float32)) ** 2
    samples = samples.copy()
    samples[:n] *= ramp
    samples[-n:] *= ramp[::-1]
    return samples


def loudness(samples: np.ndarray, fps: float, frames: int) -> np.ndarray:
    """How loud each picture's stretch is, shape (frames,), 0…1."""
    edges = (np.arange(frames + 1) * RATE / fps).round().astype(int)
    level = np.array([np.sqrt(np.mean(samples[a:b] ** 2)) if b > a else 0.0 for a, b in pairwise(edges)])
    return (level / level.max()) ** 0.5
