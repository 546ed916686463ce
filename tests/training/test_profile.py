"""The profile says where the time goes."""

import time
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from espressivo.training import Losses
from espressivo.training.profile import PARTS, profile

from .toys import Batch, Blobs, ToyRecipe

PAUSE = 0.004


class SlowData(Blobs):
    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        time.sleep(PAUSE)
        return super().batch(indices, random)


class SlowLoss(Blobs):
    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        time.sleep(PAUSE)
        return super().loss(model, batch)


@pytest.mark.parametrize(("kind", "part"), [(SlowData, "data"), (SlowLoss, "forward")])
def test_the_part_that_takes_long_is_found(kind: type[Blobs], part: str, tmp_path: Path) -> None:
    recipe = ToyRecipe(output=tmp_path / "run")
    found = profile(kind(recipe), recipe, steps=10, warmup=2)
    assert set(found.seconds) == set(PARTS)
    assert PAUSE < found.seconds[part] < found.step
    assert max(found.seconds, key=lambda name: found.seconds[name]) == part
    assert (found.arithmetic > 0.5) == (part == "forward")
    assert not (tmp_path / "run").exists()
