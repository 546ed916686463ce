"""Training: a room says what is learned (`Task`), a recipe says how (`Recipe`), the `Trainer` does it."""

from importlib import import_module
from typing import Any

_HOME = {
    "Losses": "espressivo.training.task",
    "Outcome": "espressivo.training.trainer",
    "Recipe": "espressivo.training.recipe",
    "Stopped": "espressivo.training.trainer",
    "Task": "espressivo.training.task",
    "Trainer": "espressivo.training.trainer",
    "read_recipe": "espressivo.training.recipe",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'espressivo.training' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
