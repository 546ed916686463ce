"""Two who name emotions: both learned from real recordings of other people.

`Listener` is systems/voice_emotion, on layers of Whisper that the critic of Prosody2Vec hears through as well, so what
pleased that one may please it too. `Measuring` is a logistic regression on statistics of MFCC, F0, level and
WakeHuBERT: the critic uses none of them but F0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.media.read import from_arrays
from espressivo.systems.voice_emotion.examples import read_table
from espressivo.systems.voice_emotion.pipeline import VoiceEmotion
from espressivo.systems.voice_emotion.recipe import FOLDER, VoiceRecipe
from espressivo.systems.voice_emotion.task import VoiceTask
from espressivo.training import Trainer, read_recipe
from simple_voice import SimpleFeature

SPEECH = 16_000
PENALTY = 0.01  # C of the logistic regression
LEAST = 1e-3  # deviation of a number

Judge = Callable[[np.ndarray], str | None]
"""Names the emotion of (samples,) at 16 kHz."""


class Listener:
    """Knows nothing of a speaker, or how the speaker usually sounds."""

    def __init__(self, others: Sequence[Item]) -> None:
        recipe = read_recipe(VoiceRecipe, "default", folder=FOLDER).model_copy(
            update={"held_out": 0.0, "temperature": 1.0, "name": "judge"}
        )
        task = VoiceTask(recipe, read_table(others, recipe.feature, recipe.stats))
        self._place = TemporaryDirectory()
        task.export(Trainer(task, recipe).fit().model, Path(self._place.name))
        self.stranger = VoiceEmotion(Path(self._place.name))

    def of(self, usual: Sequence[np.ndarray] | None = None) -> Judge:
        """Of somebody who usually sounds so; None of a stranger."""
        model = self.stranger if usual is None else self.stranger.adapt(usual)

        def judge(samples: np.ndarray) -> str | None:
            feeling = model(samples)
            return None if feeling is None else feeling.scores.top

        return judge


class Measuring:
    """Knows how the speaker usually sounds."""

    def __init__(self, others: Sequence[Item]) -> None:
        from sklearn.linear_model import LogisticRegression

        store = extract(others, SimpleFeature()).store
        kept = [item for item in others if item in store]
        x, who = np.stack([store[item]["simple"] for item in kept]), np.array([item.speaker for item in kept])
        for one in set(who.tolist()):
            x[who == one] = _against(x[who == one], x[who == one])
        self._model = LogisticRegression(C=PENALTY, max_iter=400).fit(x, [item.emotion for item in kept])

    def of(self, usual: Sequence[np.ndarray]) -> Judge:
        known = np.stack([found for found in map(_measured, usual) if found is not None])

        def judge(samples: np.ndarray) -> str | None:
            found = _measured(samples)
            return None if found is None else str(self._model.predict(_against(found[None], known))[0])

        return judge


def _against(x: np.ndarray, usual: np.ndarray) -> np.ndarray:
    return (x - usual.mean(axis=0)) / np.maximum(usual.std(axis=0), LEAST)


def _measured(samples: np.ndarray) -> np.ndarray | None:
    """None where hardly anything is voiced."""
    found = SimpleFeature()(from_arrays(sound=(samples, SPEECH)))
    return None if found is None else found["simple"]
