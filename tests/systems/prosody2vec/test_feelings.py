"""What an emotion is, from means over recordings; means over what is there; gradients turned round."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from espressivo.systems.prosody2vec.task import Reversed, feelings, mean_of
from tests.systems.prosody2vec.making import items


def test_an_emotion_is_what_all_have_in_common_against_their_neutral():
    styles = np.array([[0.0, 0], [2, 1], [1, 1], [5, 2], [3, 2], [9, 9]], np.float32)
    known = items("neutral happy neutral happy happy -", "a a b b b b")
    # In the middle of both neutrals, and two and three steps up, two times one and one time one step to the side.
    np.testing.assert_allclose(feelings(styles, known, ("neutral", "happy")), [[0.5, 0.5], [3.0, 1.5]])


def test_who_was_never_neutral_stands_on_the_mean_of_all_that_they_were():
    styles = np.array([[1.0], [3], [0], [4]], np.float32)
    known = items("happy sad neutral happy", "a a b b")
    # a: foot 2, happy -1, sad 1; b: foot 0, happy 4.
    np.testing.assert_allclose(feelings(styles, known, ("neutral", "happy", "sad")), [[1], [2.5], [2]])


def test_emotions_of_nobody_in_particular():
    styles = np.array([[1.0], [3], [5]], np.float32)
    np.testing.assert_allclose(
        feelings(styles, items("neutral happy happy", "- - -"), ("neutral", "happy")), [[1], [4]]
    )


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
