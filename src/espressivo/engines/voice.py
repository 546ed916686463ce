"""Reading a text aloud plainly: a synthetic voice behind one contract.

These voices know nothing of emotion beyond pace; the expressive voice is a system of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from espressivo.assets import fetch
from espressivo.errors import ConfigError, InputError
from espressivo.media.speech import Speech

if TYPE_CHECKING:
    from hibari import Hibari
    from onnxruntime import InferenceSession

PACE = {"sad": 0.92, "calm": 0.94, "bored": 0.94, "fearful": 0.96, "happy": 1.04, "surprised": 1.04}
"""How fast a reply to someone who feels so is read (1 = plain): a sad person is not hurried."""


class Voice(ABC):
    """Text in, speech out."""

    rate: int

    @abstractmethod
    def stream(self, text: str, *, speed: float = 1.0) -> Iterator[np.ndarray]:
        """Float32 samples at `rate`, a sentence at a time, each as soon as it is there."""

    def say(self, text: str, *, speed: float = 1.0) -> Speech:
        """The whole text as one `Speech`.

        Raises:
            InputError: the text holds nothing that can be read aloud.
        """
        parts = [part for part in self.stream(text, speed=speed) if len(part)]
        if not parts or not any(letter.isalnum() for letter in text):
            raise InputError(f"there is nothing to read aloud in {text!r}: the voice reads English words and numbers")
        return Speech(np.concatenate(parts), self.rate)


class HibariVoice(Voice):
    """A distilled Kokoro of 8 MB with its own G2P: about a hundred times faster than real time on one core."""

    rate = 24_000

    @cached_property
    def engine(self) -> Hibari:
        from hibari import Hibari

        return Hibari(threads=2)

    def stream(self, text: str, *, speed: float = 1.0) -> Iterator[np.ndarray]:
        for samples in self.engine.stream(text, speed=speed, seed=0):
            yield np.asarray(samples, np.float32)


class KokoroVoice(Voice):
    """Kokoro-82M in int8 with any of its voices; `name` may blend two: "af_heart+am_adam"."""

    rate = 24_000

    def __init__(self, name: str = "af_heart") -> None:
        self.name = name
        self._style = self._table(name)
        self._reader = HibariVoice()

    @staticmethod
    def _table(name: str) -> np.ndarray:
        folder = fetch("kokoro-voices")
        known = sorted(path.stem for path in folder.rglob("*.bin"))
        tables = []
        for part in name.split("+"):
            if part not in known:
                raise ConfigError(f"unknown Kokoro voice {part!r}: choose from {', '.join(known)}")
            path = next(folder.rglob(f"{part}.bin"))
            tables.append(np.fromfile(path, np.float32).reshape(-1, 1, 256))
        return np.mean(tables, axis=0)

    @cached_property
    def _session(self) -> InferenceSession:
        from onnxruntime import InferenceSession

        return InferenceSession(str(fetch("kokoro-82m")), providers=["CPUExecutionProvider"])

    def stream(self, text: str, *, speed: float = 1.0) -> Iterator[np.ndarray]:
        longest = len(self._style) - 1
        for phonemes in self._reader.engine.phonemize(text):
            ids = [i for i in self._reader.engine.ids(phonemes) if i != 0][:longest]
            if not ids:
                continue
            feeds = {
                "tokens": np.array([[0, *ids, 0]], np.int64),
                "style": self._style[len(ids)].astype(np.float32),
                "speed": np.array([speed], np.float32),
            }
            yield np.asarray(self._session.run(None, feeds)[0], np.float32).reshape(-1)


def make_voice(name: str = "hibari") -> Voice:
    """The voice called `name`: "hibari", or "kokoro:VOICE" with one of Kokoro's voices.

    Raises:
        ConfigError: no voice of that name.
    """
    engine, _, which = name.partition(":")
    if engine == "hibari" and not which:
        return HibariVoice()
    if engine == "kokoro":
        return KokoroVoice(which or "af_heart")
    raise ConfigError(f"unknown voice {name!r}: use 'hibari' or 'kokoro:NAME', for example 'kokoro:am_michael'")
