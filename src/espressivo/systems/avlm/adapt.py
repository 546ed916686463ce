"""The first stage: a text model learns to read and to write speech tokens, from speech with its text."""

from __future__ import annotations

import numpy as np

from espressivo.errors import InputError
from espressivo.systems.avlm.clips import Clips
from espressivo.systems.avlm.recipe import AvlmRecipe
from espressivo.systems.avlm.sequence import Sequence, Writer
from espressivo.systems.avlm.task import AvlmTask, data_of

READ, SAY = "Transcribe:", "Say:"
TASKS = ("recognition", "synthesis", "continuation")


class AdaptTask(AvlmTask):
    """Recognition, synthesis and continuation in turn, so that both kinds of tokens come to mean the same."""

    @classmethod
    def read(cls, recipe: AvlmRecipe) -> AdaptTask:
        heard, held = (data_of(recipe, path) for path in (recipe.train, recipe.validation))
        assert heard is not None
        if not any(item.text for item in heard.items):
            raise InputError("no recording has a text: fill in the column 'text'")
        return cls(recipe, heard, held)

    def sequence(self, writer: Writer, clips: Clips, number: int, random: np.random.Generator) -> Sequence:
        spoken, text = self.voice(clips, number), spelled(clips.items[number].text)
        task = str(random.choice(TASKS)) if text else "continuation"
        if task == "recognition":
            return writer_of_text(self, writer.speech(spoken, manner=self.recipe.manner), text)
        if task == "synthesis":
            writer.text(self.written(f"{SAY} {text}"))
        return writer.speech(spoken, learned=True, manner=False).done()


def writer_of_text(task: AvlmTask, writer: Writer, text: str) -> Sequence:
    """After the speech: what was said, to be learned, to its end."""
    writer.text(task.written(READ))
    return writer.text([*task.written(f" {text}"), task.text.eos_token_id], learned=True).done()


def spelled(text: str | None) -> str:
    """As the model writes it: lower case, one line."""
    return " ".join((text or "").lower().split())
