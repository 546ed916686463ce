"""How a voice feels: `VoiceEmotion`, over a clip and as it moves, of a stranger or of somebody heard before."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from espressivo.assets.shipped import by_licence
from espressivo.emotion import EmotionScores
from espressivo.errors import InputError
from espressivo.signal.encoder import FRAME_RATE
from espressivo.systems.feeling import Feeling
from espressivo.systems.voice_emotion.hearing import Heard, Hearing, pooled
from espressivo.systems.voice_emotion.inputs import Habit, vector
from espressivo.systems.voice_emotion.model import VoiceNet, load

if TYPE_CHECKING:
    from jaxtyping import Float

WINDOW, STEP = 1.5, 0.5  # seconds, of the curve over time
CHECKPOINTS = {"permissive": "voice-emotion", "any": "voice-emotion-nc"}
FEWEST = 5  # clips to know somebody by; with fewer it is better to judge them as a stranger


class VoiceEmotion:
    """Reads a feeling off a voice; the models load on first use.

    Args:
        folder: of a trained model.
        habit: how the one who speaks usually does, see `adapt`.
    """

    def __init__(self, folder: Path, habit: Habit | None = None) -> None:
        self.folder, self.habit = Path(folder), habit

    @classmethod
    def from_pretrained(cls, *, licence: str = "any", folder: Path | None = None) -> VoiceEmotion:
        """With weights that come with the package, or with those in `folder`, as `train` writes them.

        Args:
            licence: "permissive" for weights that may be used commercially, "any" for better ones under CC BY-NC-SA
                4.0. Not looked at where a folder is given.

        Raises:
            ConfigError: `licence` is neither.
            AssetError: the weights are missing.
        """
        if folder is not None:
            return cls(folder)
        return cls(by_licence(CHECKPOINTS, licence))

    @cached_property
    def net(self) -> VoiceNet:
        return load(self.folder)

    @cached_property
    def _hearing(self) -> Hearing:
        return Hearing(self.net.config.encoder, self.net.config.layers)

    def __call__(self, samples: np.ndarray) -> Feeling | None:
        """The feeling in `samples`, shape (samples,), float, 16 kHz; None where hardly anybody speaks.

        Raises:
            InputError: not mono, empty, or not finite.
        """
        heard = self._hearing(samples)
        if heard is None:
            return None
        times, windows = _windows(heard)
        curve = self.probabilities(np.stack([self._vector(part) for part in (heard, *windows)]))
        names = self.net.config.emotions
        whole = dict(zip(names, curve[0].tolist(), strict=True))
        return Feeling(EmotionScores(whole), names, times, curve[1:])

    def adapt(self, clips: Iterable[np.ndarray]) -> VoiceEmotion:
        """A reader that knows the one who speaks in `clips`, and judges how they differ from their usual.

        Args:
            clips: utterances of one person, as for a call, without labels: in all their moods, or the commonest
                passes for neutral. Five are hardly better than none, ten give most of what there is to gain.

        Raises:
            InputError: fewer than 5 of them hold speech.
        """
        heard = [found for found in map(self._hearing, clips) if found is not None]
        if len(heard) < FEWEST:
            raise InputError(f"got {len(heard)} clips with speech: give at least {FEWEST} to know somebody's voice by")
        habit = Habit.of(np.stack([self._vector(one) for one in heard]), self.net.usual.numpy())
        known = VoiceEmotion(self.folder, habit)
        known.net, known._hearing = self.net, self._hearing  # loaded once
        return known

    def probabilities(self, x: Float[np.ndarray, "utterances inputs"]) -> Float[np.ndarray, "utterances emotions"]:
        """Of the network's emotions, from vectors that `inputs.vector` gave."""
        given = torch.from_numpy(x if self.habit is None else self.habit.relative(x))
        with torch.inference_mode():
            return self.net(given, known=self.habit is not None).softmax(dim=1).numpy()

    def _vector(self, heard: Heard) -> np.ndarray:
        return vector(pooled(heard), self.net.config.stats)


def _windows(heard: Heard) -> tuple[np.ndarray, list[Heard]]:
    """The middle of each window in which somebody speaks, and what is heard in it. A short utterance is one window."""
    duration = len(heard) / FRAME_RATE
    starts = np.arange(0, max(duration - WINDOW, 0) + 1e-6, STEP).tolist()
    parts = [(heard.start + (start + min(start + WINDOW, duration)) / 2, start) for start in starts]
    cut = [(middle, heard.window(start, start + WINDOW)) for middle, start in parts]
    kept = [(middle, part) for middle, part in cut if part.enough]
    return np.array([middle for middle, _ in kept]), [part for _, part in kept]
