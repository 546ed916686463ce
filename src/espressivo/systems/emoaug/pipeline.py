"""The same words in the same voice with another prosody: `EmoAug`, what `augment` makes its clips with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from espressivo.assets.model import WEIGHTS
from espressivo.clip import Clip, Sound
from espressivo.errors import AssetError, InputError
from espressivo.media.speech import Speech
from espressivo.systems.prosody2vec.pipeline import Prosody, style_of
from espressivo.training.checkpoint import fingerprint

if TYPE_CHECKING:
    from jaxtyping import Float

    from espressivo.systems.prosody2vec.model import ProsodyConfig
    from espressivo.systems.prosody2vec.parts import Parts

LONGEST = 60.0
"""Seconds of an utterance; more is a recording of many of them, and takes memory with its length."""
INTENSITIES = (0.8, 1.1)
"""How much of the way to the wanted prosody: a little before it to a little beyond."""
TEMPO = 0.06
"""Largest change of pace that is drawn, as a logarithm: 6 % slower or faster than the prosody asks for."""
NAMED = (0.3, 0.9)
"""How much of the wanted manner comes from the emotion's name, where the source shows another; the rest from a prosody.

A name makes clips alike: a source that shows the emotion already gets its variety from prosodies alone."""


@dataclass(frozen=True)
class Variation:
    """What is drawn for each clip besides its prosody, so that no two are alike.

    Attributes:
        intensity: 1 goes all the way from the source's prosody to the wanted one.
        tempo: times as long as the wanted prosody makes it.
        emotion: that is told by name as well, if the model knows it; None tells none.
        named: how much of the manner comes from the name.
    """

    intensity: float = 1.0
    tempo: float = 1.0
    emotion: str | None = None
    named: float = 0.0

    @classmethod
    def drawn(cls, random: np.random.Generator, emotion: str | None = None) -> Variation:
        intensity, tempo = random.uniform(*INTENSITIES), np.exp(random.uniform(-TEMPO, TEMPO))
        return cls(float(intensity), float(tempo), emotion, float(random.uniform(*NAMED)) if emotion else 0.0)


class EmoAug:
    """Gives recordings other prosodies; the models load on first use, and each process has its own.

    Source: Qu, Wang, Weber, Yue, Li and Wermter, Improving Speech Emotion Recognition with Unsupervised Speaking Style
    Transfer (arXiv 2211.08843). Ours is built on Prosody2Vec's speech in parts.
    """

    def __init__(self, prosody: Prosody) -> None:
        self.prosody = prosody

    @classmethod
    def from_pretrained(cls, *, licence: str = "any", folder: Path | None = None) -> EmoAug:
        """With Prosody2Vec's weights, ours or those in `folder`. Raises as `Prosody.from_pretrained`."""
        return cls(Prosody.from_pretrained(licence=licence, folder=folder))

    @property
    def folder(self) -> Path:
        return self.prosody.folder

    @property
    def config(self) -> ProsodyConfig:
        """Name and licence of the model among others. Raises AssetError where the folder holds none."""
        return self.prosody.config

    @cached_property
    def digest(self) -> str:
        """Of the weights: what was heard with others is not what these hear. Raises AssetError where there are none."""
        try:
            return fingerprint(self.folder / WEIGHTS)["sha256"]
        except OSError:
            raise AssetError(f"{str(self.folder)!r} is not a model's folder: no {WEIGHTS}; give another one") from None

    def prosody_of(self, parts: Parts) -> Float[np.ndarray, "seconds style"]:
        """The prosody of each second of a recording."""
        return style_of(self.prosody.net, parts)

    def __call__(
        self, sound: Sound, parts: Parts, point: Float[np.ndarray, " style"], how: Variation = Variation()
    ) -> Speech:
        """`sound`, of which these are the parts, with the prosody `point` as its mean."""
        prosody = self.prosody
        wanted = prosody.net.toned(torch.from_numpy(point)).numpy()
        if how.emotion in prosody.emotions:
            wanted = (1 - how.named) * wanted + how.named * prosody.wish(emotion=how.emotion).tone
        return prosody.moved(sound, parts, wanted, how.intensity, tempo=how.tempo)

    def __reduce__(self) -> tuple[type[EmoAug], tuple[Prosody]]:
        return type(self), (Prosody(self.prosody.folder, self.prosody.manner),)


def utterance(clip: Clip) -> Sound:
    """The sound of a clip that is one utterance.

    Raises:
        InputError: no sound, or more than LONGEST.
    """
    if clip.sound is None:
        raise InputError(f"{clip.name} has no sound")
    if clip.sound.duration > LONGEST:
        told = f"{clip.name} lasts {clip.sound.duration:.0f} s: an utterance lasts at most {LONGEST:.0f} s"
        raise InputError(f"{told}; cut it up, with start and end in the data")
    return clip.sound


@dataclass(frozen=True)
class ProsodyFeature:
    """For the feature cache: `mean` (style,), the prosody of a clip. Pickled without its models.

    Args:
        maker: whose weights hear it.
    """

    maker: EmoAug = field(repr=False)

    @property
    def name(self) -> str:
        return f"emoaug-{self.maker.digest[:16]}-1"

    def __call__(self, clip: Clip) -> dict[str, np.ndarray]:
        """Raises InputError as `utterance`, or where there is less than half a second of sound, or silence."""
        parts = self.maker.prosody.takes(utterance(clip))
        return {"mean": self.maker.prosody_of(parts).mean(axis=0).astype(np.float32)}
