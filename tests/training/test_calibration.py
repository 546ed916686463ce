"""Temperature scaling finds the temperature that labels were drawn with."""

import pytest
import torch

from espressivo.errors import InputError
from espressivo.training.calibration import HIGHEST, LOWEST, fit_temperature


@pytest.mark.parametrize("true", [0.3, 1.0, 3.5])
def test_the_temperature_that_labels_were_drawn_with_is_found(true: float) -> None:
    torch.manual_seed(0)
    logits = 4 * torch.randn(6_000, 5)
    drawn = torch.distributions.Categorical(logits=logits / true).sample()
    assert fit_temperature(logits, drawn) == pytest.approx(true, rel=0.1)


def test_it_is_the_best_there_is() -> None:
    torch.manual_seed(1)
    target = torch.randint(4, (200,))
    logits = 5 * torch.randn(200, 4) + 4 * torch.nn.functional.one_hot(target, 4)
    found = fit_temperature(logits, target)
    costs = {t: float(torch.nn.functional.cross_entropy(logits / t, target)) for t in (found, 0.9 * found, 1.1 * found)}
    assert min(costs, key=lambda t: costs[t]) == found


def test_always_right_and_never_right_end_at_the_limits() -> None:
    logits, target = torch.eye(4), torch.arange(4)
    assert fit_temperature(logits, target) == pytest.approx(LOWEST, rel=0.01)
    assert fit_temperature(-logits, target) == pytest.approx(HIGHEST, rel=0.01)


def test_weights_count_as_repeats() -> None:
    torch.manual_seed(2)
    logits, target = 3 * torch.randn(50, 3), torch.randint(3, (50,))
    times = torch.randint(1, 4, (50,))
    repeated = fit_temperature(logits.repeat_interleave(times, 0), target.repeat_interleave(times))
    assert fit_temperature(logits, target, times) == pytest.approx(repeated, rel=1e-3)


@pytest.mark.parametrize("logits", [torch.zeros(0, 3), torch.tensor([[float("nan"), 0.0, 0.0]])])
def test_nothing_to_fit_on_is_said(logits: torch.Tensor) -> None:
    with pytest.raises(InputError, match="cannot calibrate"):
        fit_temperature(logits, torch.zeros(len(logits), dtype=torch.long))
