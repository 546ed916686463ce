"""Audio-visual speech recognition: what is said, from a voice in noise and a face."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np

from espressivo.corpora.data import read_data
from espressivo.errors import InputError
from espressivo.systems.avlm.adapt import spelled, writer_of_text
from espressivo.systems.avlm.clips import Clips
from espressivo.systems.avlm.noise import TALKERS, Noise, esc10
from espressivo.systems.avlm.recipe import AvlmRecipe
from espressivo.systems.avlm.sequence import Sequence, Writer
from espressivo.systems.avlm.task import AvlmTask, data_of

FOLDS = (1, 2, 3)
"""Of ESC-10, whose noises are trained with; 4 and 5 are kept to test in."""


class AvsrTask(AvlmTask):
    """Writes down what is said: by voice and face, or by one of them."""

    @classmethod
    def read(cls, recipe: AvlmRecipe) -> AvsrTask:
        noises = noises_of(recipe)
        heard, held = (data_of(recipe, path, noises, faces=True) for path in (recipe.train, recipe.validation))
        assert heard is not None
        if not all(item.text for item in heard.items):
            raise InputError("recordings without a text: fill in the column 'text'")
        return cls(recipe, heard, held)

    def sequence(self, writer: Writer, clips: Clips, number: int, random: np.random.Generator) -> Sequence:
        recipe, sense = self.recipe, random.uniform()
        noise = 0
        if len(clips.heard) > 1 and random.uniform() < recipe.noisy:
            noise = 1 + int(random.integers(len(clips.heard) - 1))
        deaf, blind = sense < recipe.deaf, sense > 1 - recipe.blind
        return writer_of_text(
            self, self.perceived(writer, clips, number, noise, deaf, blind), spelled(clips.items[number].text)
        )

    def perceived(
        self, writer: Writer, clips: Clips, number: int, noise: int = 0, deaf: bool = False, blind: bool = False
    ) -> Writer:
        """The beginning of the row: what is seen and heard."""
        spoken = self.voice(clips, number, noise)
        if self.config.parts:
            writer.face(None if blind else self.face(clips, number, spoken), self.fusion.slots)
        missing = np.full(len(spoken.tokens.ids(self.words.layout)), deaf)
        return writer.speech(spoken, dropped=missing, manner=self.recipe.manner)


def noises_of(recipe: AvlmRecipe) -> tuple[Noise, ...]:
    """What the recipe lets speech be heard in. Raises InputError where there are no such recordings."""
    found = []
    for number in range(recipe.noises):
        if recipe.noise is not None:
            files = esc10(recipe.noise, FOLDS)
            if not files:
                raise InputError(f"{str(recipe.noise)!r} holds no recordings of ESC-10: give its folder")
            found.append(Noise(_name("esc10", files, recipe, number), files, recipe.decibel, seed=number))
        if recipe.babble is not None:
            talk = tuple(item.path for item in read_data(recipe.babble))
            found.append(Noise(_name("babble", talk, recipe, number), talk, recipe.decibel, TALKERS, number))
    return tuple(found)


def _name(kind: str, files: tuple[Path, ...], recipe: AvlmRecipe, number: int) -> str:
    """Of other recordings it is another noise: the folder that they lie in does not count."""
    low, high = recipe.decibel
    which = sha256(" ".join(path.name for path in files).encode()).hexdigest()[:8]
    return f"{kind}-{which}-{low:g}-{high:g}-{number}"
