"""Frames with the phone that sounds in each: from synthetic speech, which knows, and from real speech with its text.

An aligner that learned from the synthetic voice alone finds the phones in real recordings, and those teach the units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from tempfile import TemporaryFile

import numpy as np
import torch
from torch import Tensor, nn

from espressivo.assets.cache import cache_dir
from espressivo.clip import SPEECH_RATE, Clip
from espressivo.corpora.features import FeatureStore
from espressivo.corpora.item import Item
from espressivo.engines.timed import SILENCE, Timed, TimedVoice
from espressivo.errors import InputError
from espressivo.signal.encoder import FRAME_RATE, SpeechEncoder, speech_encoder
from espressivo.systems.speech_units.alignment import align
from espressivo.systems.speech_units.model import STACK, stacked
from espressivo.systems.speech_units.phones import NUMBER, PHONES, Speller

LABEL_LAG = 0.01  # seconds: the middle of the two encoder frames of a unit, seen from the first
WORST_FIT = -2.5  # mean log-likelihood of a frame; below it the text is not what is said
PRIOR = 0.3  # of the logarithm of how frequent a phone is; some of it is the aligner's habit, not what it hears
SPEEDS = (0.8, 1.25)


@dataclass(frozen=True)
class UnitFeature:
    """What units are made of, for the feature cache: `frames`, (units, 2 × dim) float16."""

    encoder: str
    layer: int

    @property
    def name(self) -> str:
        return f"units-{self.encoder.replace(':', '-').replace('/', '-')}-{self.layer}-1"

    @cached_property
    def _encoder(self) -> SpeechEncoder:
        return speech_encoder(self.encoder)

    def of(self, samples: np.ndarray) -> Tensor:
        """(samples,) at 16 kHz to (units, 2 × dim) float32."""
        return stacked(torch.from_numpy(self._encoder(samples, (self.layer,))[0]))

    def __call__(self, clip: Clip) -> dict[str, np.ndarray]:
        if clip.sound is None:
            raise InputError(f"{clip.name} has no sound")
        return {"frames": self.of(clip.sound.at(SPEECH_RATE).samples).half().numpy()}


@dataclass(frozen=True, eq=False)
class Frames:
    """Shapes: `x` (n, 2 × dim) float16; `phone` (n,) numbers in PHONES, -1 where nobody knows."""

    x: np.ndarray
    phone: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    @classmethod
    def joined(cls, parts: Iterable[Frames]) -> Frames:
        """One after the other, on disk: an hour of Whisper base is 184 MB.

        The file has no name, and goes when nobody reads it.
        """
        place = cache_dir()
        place.mkdir(parents=True, exist_ok=True)
        file, phones, width = TemporaryFile(dir=place), [], 0  # noqa: SIM115  (the array keeps it open)
        for part in parts:
            file.write(np.ascontiguousarray(part.x, np.float16).tobytes())
            phones.append(part.phone)
            width = part.x.shape[1]
        file.flush()
        phone = np.concatenate(phones)
        return cls(np.memmap(file, np.float16, "r", shape=(len(phone), width)), phone)


def synthetic(texts: Iterable[str], feature: UnitFeature, random: np.random.Generator) -> Frames:
    """The texts in a synthetic voice, at various speeds, and what it says in each frame."""
    voice, parts = TimedVoice(), []
    for text in texts:
        try:
            said = voice.say(text, speed=float(random.uniform(*SPEEDS)), seed=int(random.integers(1 << 31)))
        except InputError:
            continue
        parts += [_labelled(sentence, feature) for sentence in said if len(sentence.samples) > SPEECH_RATE // 2]
    if not parts:
        raise InputError("none of the texts can be read aloud: units are learned from English speech and its text")
    return Frames.joined(parts)


def _labelled(said: Timed, feature: UnitFeature) -> Frames:
    x = feature.of(said.samples).half().numpy()
    times = np.arange(len(x)) * STACK / FRAME_RATE + LABEL_LAG
    phones = [NUMBER.get(phone, -1) for phone in said.at(times)]
    return Frames(x, np.array(phones))


def real(
    items: Iterable[Item], store: FeatureStore, aligner: nn.Module, prior: np.ndarray, text_of: Callable[[Item], str]
) -> Iterator[Frames]:
    """The frames of each recording, with the phones of its text where the two fit together.

    Args:
        aligner: frames (n, 2 × dim) to logits (n, phones).
        prior: (phones,) how frequent each is in what the aligner learned from.
    """
    spell, bias = Speller(), PRIOR * np.log(prior + 1e-4)
    for item in items:
        kept = store.get(item)
        if kept is None:
            continue
        x, words = kept["frames"], spell(text_of(item))
        phone = np.full(len(x), -1)
        found = align(_heard(x, aligner) - bias, words, PHONES.index(SILENCE)) if words and len(x) > 1 else None
        if found is not None and found[1] > WORST_FIT:
            phone = found[0][::STACK]
        yield Frames(x, phone)


def _heard(x: np.ndarray, aligner: nn.Module) -> np.ndarray:
    """Log-probabilities at the encoder's own rate, (2 n, phones): a phone may be shorter than a unit."""
    frames = torch.from_numpy(x.astype(np.float32)).reshape(len(x) * STACK, -1)
    pairs = torch.cat([frames, torch.cat([frames[1:], frames[-1:]])], dim=1)
    with torch.inference_mode():
        return aligner(pairs).log_softmax(dim=1).numpy()
