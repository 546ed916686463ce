"""The rooms that can be trained and evaluated, by the names people type.

A room's `task.py` gives what `Room` lists. It is imported when it is asked for, not before.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from espressivo.errors import ConfigError

if TYPE_CHECKING:
    from espressivo.corpora.data import Data
    from espressivo.metrics.report import Evaluation
    from espressivo.training import Recipe, Task


class Room(Protocol):
    """What the task module of a room must have.

    Attributes:
        RECIPE: its class of recipes.
        RECIPES: folder of its recipes; default.yaml is taken when none is named.
    """

    RECIPE: type[Recipe]
    RECIPES: Path

    def make_task(self, recipe: Recipe) -> Task[Any]:
        """What the recipe trains. Raises InputError where its data cannot be used."""

    def shipped(self) -> Path | None:
        """The folder of the checkpoint that comes with the package; None where there is none."""

    def evaluate(self, checkpoint: Path, data: Data) -> Evaluation:
        """Measures the model in the folder `checkpoint` on `data`.

        A recording that cannot be used is left out and named in `skipped`. Raises InputError for data that cannot be
        evaluated at all, AssetError for a folder that does not hold this room's model.
        """


SYSTEMS: dict[str, str] = {
    "avlm": "espressivo.systems.avlm.task",
    "face-emotion": "espressivo.systems.face_emotion.task",
    "prosody2vec": "espressivo.systems.prosody2vec.task",
    "speech-units": "espressivo.systems.speech_units.task",
    "vocoder": "espressivo.systems.vocoder.task",
    "voice-emotion": "espressivo.systems.voice_emotion.task",
}
"""The task module of each system."""


def room(system: str) -> Room:
    """The task module of `system`.

    Raises:
        ConfigError: no system of that name can be trained; lists those that can.
    """
    if system not in SYSTEMS:
        raise ConfigError(f"unknown system {system!r}: choose one of {', '.join(sorted(SYSTEMS))}")
    return cast(Room, import_module(SYSTEMS[system]))
