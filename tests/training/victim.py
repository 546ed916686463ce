"""A training that a test kills: `python -m tests.training.victim FOLDER`."""

import sys
import time
from pathlib import Path

import numpy as np

from espressivo.training import Trainer

from .toys import Batch, Blobs, ToyRecipe


def recipe(folder: Path) -> ToyRecipe:
    return ToyRecipe(
        steps=60, dropout=0.3, noise=0.5, log_every=1, save_every=7, validate_every=9, warmup=5, output=folder
    )


class Slow(Blobs):
    """Slow enough for the kill to hit it."""

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        time.sleep(0.02)
        return super().batch(indices, random)


if __name__ == "__main__":
    plan = recipe(Path(sys.argv[1]))
    Trainer(Slow(plan), plan).fit()
