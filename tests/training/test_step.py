"""One step: it does not matter how it is cut into batches."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from espressivo.training import Losses, Trainer
from espressivo.training.schedule import share

from .toys import Batch, Blobs, ToyRecipe


class ByWeight(Blobs):
    """A mean over things that examples hold more or fewer of, as with frames."""

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        x, y = batch
        frames = 1.0 + y.float()
        losses = F.cross_entropy(model(x), y, reduction="none")
        return Losses((losses * frames).sum() / frames.sum(), {"twice": 2 * losses.mean()}, frames.sum())


def weights(recipe: ToyRecipe, kind: type[Blobs] = Blobs, examples: int = 45) -> dict[str, torch.Tensor]:
    return Trainer(kind(recipe, examples), recipe).fit().model.state_dict()


@pytest.mark.parametrize("kind", [Blobs, ByWeight])
@pytest.mark.parametrize(("size", "accumulate"), [(8, 2), (4, 4), (5, 4), (1, 16)])
def test_accumulated_batches_are_one_big_batch(kind: type[Blobs], size: int, accumulate: int) -> None:
    # 45 examples: the last step of each epoch is smaller, and so is its last batch.
    big = weights(ToyRecipe(batch_size=size * accumulate, steps=9), kind)
    small = weights(ToyRecipe(batch_size=size, accumulate=accumulate, steps=9), kind)
    for name, value in big.items():
        torch.testing.assert_close(small[name], value, rtol=1e-5, atol=1e-6)


def test_batches_weigh_what_their_loss_says() -> None:
    """Taken as equal, uneven batches would give other weights: the test above could not fail otherwise."""

    class Unweighted(ByWeight):
        def loss(self, model: nn.Module, batch: Batch) -> Losses:
            return super().loss(model, batch)._replace(weight=1.0)

    big = weights(ToyRecipe(batch_size=16, steps=9), ByWeight)
    wrong = weights(ToyRecipe(batch_size=5, accumulate=4, steps=9), Unweighted)
    assert not torch.allclose(wrong["0.weight"], big["0.weight"], rtol=1e-5, atol=1e-6)


def test_the_gradient_is_clipped_to_its_length() -> None:
    class Steep(Blobs):
        def loss(self, model: nn.Module, batch: Batch) -> Losses:
            lost = super().loss(model, batch)
            return lost._replace(total=1e4 * lost.total)

    recipe = ToyRecipe(steps=1, clip=0.5)
    trainer = Trainer(Steep(recipe), recipe)
    trainer.fit()
    length = math.sqrt(sum(float(p.grad.square().sum()) for p in trainer.model.parameters() if p.grad is not None))
    assert length == pytest.approx(0.5, rel=1e-3)


def test_biases_do_not_decay() -> None:
    recipe = ToyRecipe(weight_decay=0.5)
    trainer = Trainer(Blobs(recipe), recipe)
    trainer.fit()
    groups = trainer.stepper.optimizer.param_groups
    decays = {p.dim(): group["weight_decay"] for group in groups for p in group["params"]}
    assert decays == {2: 0.5, 1: 0.0}


def test_the_learning_rate_rises_and_falls() -> None:
    shares = [share(step, 100, warmup=10) for step in range(100)]
    assert shares.index(max(shares)) == 10
    assert max(shares) == 1.0
    assert all(value > 0 for value in shares)
    assert all(a < b for a, b in pairwise(shares[:11]))
    assert all(a > b for a, b in pairwise(shares[10:]))
    assert shares[55] == pytest.approx(0.5)
    assert share(75, 100, schedule="linear") == 0.25
    assert share(75, 100, schedule="constant") == 1.0
    assert share(3, 3, warmup=50) < 1


def test_bf16_keeps_the_weights_in_full_precision() -> None:
    recipe = ToyRecipe(precision="bf16", steps=40, learning_rate=0.05)
    seen: list[torch.dtype] = []

    class Look(Blobs):
        def loss(self, model: nn.Module, batch: Batch) -> Losses:
            seen.append(model(batch[0]).dtype)
            return super().loss(model, batch)

    outcome = Trainer(Look(recipe), recipe).fit()
    assert set(seen) == {torch.bfloat16}
    assert {p.dtype for p in outcome.model.parameters()} == {torch.float32}
    assert outcome.score is not None
    assert outcome.score > 0.6
    # Precision is the recipe's, not the process': the next one is fp32 again.
    seen.clear()
    plain = ToyRecipe(steps=1)
    Trainer(Look(plain), plain).fit()
    assert set(seen) == {torch.float32}
