"""Means over what is there; gradients turned round."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from espressivo.systems.prosody2vec.task import Reversed, mean_of


def test_means_are_over_what_is_there():
    values, mask = torch.tensor([[1.0, 5.0], [3.0, 9.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert mean_of(values, mask) == 2
    assert mean_of(values, 0 * mask) == 0


@given(weight=st.floats(0, 3))
def test_an_adversarys_gradient_is_turned_round(weight):
    x = torch.randn(3, 4, requires_grad=True)
    y = Reversed.apply(x, weight)
    assert torch.equal(x, y)
    (y * torch.arange(4)).sum().backward()
    torch.testing.assert_close(x.grad, -weight * torch.arange(4.0).expand(3, 4))
