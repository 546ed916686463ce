"""Low-rank adaptation: nothing at first, then what is learned, and at last one matrix again."""

import pytest
import torch

from espressivo.errors import ConfigError
from espressivo.systems.avlm import language
from espressivo.systems.avlm.lowrank import TARGETS, Adapted, adapt, merge

IDS = torch.arange(20)[None] % 13


def lively(lm):
    """A model, what is learned of it, and what it made of IDS before."""
    torch.manual_seed(0)
    model = language.load(lm)
    before = model(IDS).logits.detach()
    return model, adapt(model, rank=3, scale=2.0), before


def moved(added):
    for part in added:
        torch.nn.init.normal_(part.up)


def test_at_first_nothing_changes(lm):
    model, added, before = lively(lm)
    assert torch.equal(model(IDS).logits, before)
    moved(added)
    assert (model(IDS).logits - before).abs().max() > 0.1


def test_it_is_one_matrix_again_that_does_the_same(lm):
    model, added, _ = lively(lm)
    names = set(language.load(lm).state_dict())
    moved(added)
    after = model(IDS).logits
    merge(model)
    assert not any(isinstance(module, Adapted) for module in model.modules())
    assert set(model.state_dict()) == names
    torch.testing.assert_close(model(IDS).logits, after, atol=1e-4, rtol=1e-4)


def test_only_what_is_added_is_learned(lm):
    model, added, _ = lively(lm)
    moved(added)
    assert len(added) == 2 * len(TARGETS)
    assert {p for p in model.parameters() if p.requires_grad} == set(added.parameters())
    model(IDS).logits.logsumexp(-1).sum().backward()
    for name, weight in added.named_parameters():
        assert weight.grad.abs().sum() > 0, name
    assert all(weight.grad is None for weight in model.parameters() if not weight.requires_grad)


def test_a_change_has_the_rank_and_the_scale_that_were_asked_for(lm):
    model, added, _ = lively(lm)
    moved(added)
    layer = model.base_model.layers[0].self_attn.q_proj
    before = layer.frozen.weight.clone()
    change = layer.merged().weight - before
    assert torch.linalg.matrix_rank(change, atol=1e-4) == 3
    torch.testing.assert_close(change, 2 * added[0].up @ added[0].down, atol=1e-5, rtol=1e-4)


def test_a_model_with_other_names(lm):
    with pytest.raises(ConfigError, match=r"^the language model has no q_proj, .*: choose another one$"):
        adapt(torch.nn.Sequential(torch.nn.Linear(2, 2)), 1, 1.0)
