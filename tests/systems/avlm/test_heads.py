"""Heads: they tell apart what can be told apart, and what is not allowed or weighs nothing teaches them nothing."""

import pytest
import torch

from espressivo.systems.avlm.heads import KNOWN, SENSES, Head, heads, renamed, widths

COUNT, WIDE = 90, 12


def data(seed=0, noise=0.7):
    torch.manual_seed(0)
    middle = 2 * torch.randn(3, WIDE)
    torch.manual_seed(1 + seed)
    label = torch.arange(COUNT) % 3
    return 5 + 10 * (middle[label] + noise * torch.randn(COUNT, WIDE)), label


def fitted(x, label, weight=None, allowed=None, before=None):
    head = Head(WIDE, 3)
    weight = torch.ones(len(x)) if weight is None else weight
    allowed = torch.ones(len(x), 3, dtype=torch.bool) if allowed is None else allowed
    head.fit(x, label, weight, allowed, before)
    return head


def test_what_can_be_told_apart_is_told_apart():
    head = fitted(*data())
    x, label = data(1)
    assert (head(x).argmax(1) == label).float().mean() > 0.95
    assert not head.weight.requires_grad


def test_it_is_one_answer_whatever_the_scale_of_the_inputs():
    x, label = data()
    wanted = fitted(x, label)(x)
    torch.testing.assert_close(fitted(0.01 * x - 3, label)(0.01 * x - 3), wanted, atol=1e-2, rtol=1e-2)
    order = torch.randperm(COUNT)
    torch.testing.assert_close(fitted(x[order], label[order])(x), wanted, atol=1e-3, rtol=1e-3)


def test_an_input_that_never_changes_is_not_looked_at():
    x, label = data()
    x[:, 4] = 0.3
    head = fitted(x, label)
    assert torch.isfinite(head(x)).all()
    x[:, 4] = 0.3001
    torch.testing.assert_close(head(x), head(torch.where(torch.arange(WIDE) == 4, 0.3, x)), atol=0.05, rtol=0)


def test_little_to_learn_from_makes_it_careful():
    x, label = data()
    few = fitted(x[:6], label[:6])(x).softmax(1).amax(1).mean()
    assert few < fitted(x, label)(x).softmax(1).amax(1).mean()


def test_what_a_clip_could_not_have_been_labelled_with_is_no_mistake():
    x, label = data(noise=2.0)
    kept = label < 2
    allowed = torch.ones(int(kept.sum()), 3, dtype=torch.bool)
    allowed[:, 2] = False
    told, untold = fitted(x[kept], label[kept], allowed=allowed), fitted(x[kept], label[kept])
    assert not told.weight[2].any()
    assert told.bias[2] == 0
    assert untold.bias[2] < -1


def test_clips_count_by_their_weight():
    x, label = data()
    label = label % 2
    wrong = torch.cat([label, 1 - label])  # each clip twice, once with the other label
    both = torch.cat([x, x])
    for first in (1.0, 0.0):
        weight = torch.cat([torch.full((COUNT,), first), torch.full((COUNT,), 1 - first)])
        right = (fitted(both, wrong, weight)(x)[:, :2].argmax(1) == label).float().mean()
        assert right > 0.9 if first else right < 0.1


def test_weights_count_against_each_other_alone():
    x, label = data()
    weight = torch.rand(COUNT)
    torch.testing.assert_close(fitted(x, label, weight).weight, fitted(x, label, 9 * weight).weight, atol=1e-4, rtol=0)


def test_a_temperature_makes_it_less_sure():
    x, label = data()
    head = fitted(x, label)
    before = head(x)
    head.temperature.fill_(2.0)
    torch.testing.assert_close(head(x), before / 2)


# Of an earlier model


def test_what_it_knew_of_emotions_that_are_not_shown_again_stays():
    x, label = data()
    kept = label < 2
    allowed = torch.ones(int(kept.sum()), 3, dtype=torch.bool)
    allowed[:, 2] = False
    for before, known in ((fitted(x, label), True), (None, False)):
        head = fitted(x[kept] + 3, label[kept], allowed=allowed, before=before)
        assert (head(x + 3).argmax(1) == label).float().mean() > 0.9 or not known
        assert (head(x).argmax(1) == 2).any() == known


def test_it_learns_on_from_what_it_was_before():
    x, label = data()
    swapped = torch.tensor([1, 0, 2])[label]
    head = fitted(x, swapped, before=fitted(x[:9], label[:9]))
    assert (head(x).argmax(1) == swapped).float().mean() > 0.9


def test_emotions_keep_what_is_known_of_them_in_another_order():
    x, label = data()
    before = fitted(x, label)
    after = renamed(before, ("neutral", "happy", "sad"), ("angry", "sad", "neutral"))
    torch.testing.assert_close(after(x)[:, 1:], before(x)[:, [2, 0]])
    assert not after(x)[:, 0].any()


@pytest.mark.parametrize("sense", SENSES)
def test_there_is_one_for_strangers_and_one_for_whoever_is_known(sense):
    made = heads(8, 5)
    assert len(made) == 2 * len(SENSES)
    for name in (sense, f"{sense}-{KNOWN}"):
        assert made[name](torch.randn(2, widths(8)[sense])).shape == (2, 5)
    assert widths(8)["both"] == widths(8)["voice"] + widths(8)["face"]
