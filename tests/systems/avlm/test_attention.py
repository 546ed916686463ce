"""Attention within each of several sequences in one row: transformers' own, and back to it afterwards."""

import pytest
import torch

from espressivo.systems.avlm import language
from espressivo.systems.avlm.attention import MULTIPLE, NAME, apart, places_of
from tests.systems.avlm.making import DIM, lively, read, row, seen


@pytest.mark.parametrize("own", ["sdpa", "eager"])
@torch.inference_mode()
def test_it_does_what_transformers_does(lm, own):
    model, lengths = language.load(lm), torch.tensor([7, MULTIPLE, 45])
    model.set_attn_implementation(own)
    row = torch.randn(1, int(lengths.sum()), DIM)
    places = torch.cat([torch.arange(int(length)) for length in lengths])[None]
    with apart(model, lengths):
        found = model.base_model(inputs_embeds=row, position_ids=places, use_cache=False).last_hidden_state
    wanted = [model.base_model(inputs_embeds=one).last_hidden_state for one in row.split(lengths.tolist(), dim=1)]
    torch.testing.assert_close(found, torch.cat(wanted, dim=1), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("own", ["sdpa", "eager"])
def test_the_model_has_its_own_attention_back_afterwards(lm, own):
    model = language.load(lm)
    model.set_attn_implementation(own)
    with apart(model, torch.tensor([3])):
        assert model.config._attn_implementation == NAME
    assert model.config._attn_implementation == own
    with pytest.raises(ZeroDivisionError), apart(model, torch.tensor([3])):
        raise ZeroDivisionError
    assert model.config._attn_implementation == own


def test_a_reading_that_breaks_off_leaves_nothing_behind(lm, monkeypatch):
    net = lively(lm, fusion="cross-attention")
    given, before = [row(0.6, seen(15), "cross-attention")], net.lm.config._attn_implementation
    whole = read(net, given)[0]
    with monkeypatch.context() as patch:
        patch.setattr(net.fusion, "after", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            read(net, given)
    assert net.lm.config._attn_implementation == before
    assert not any(layer._forward_hooks for layer in net.lm.base_model.layers)
    assert torch.equal(read(net, given)[0], whole)


def test_sequences_are_laid_side_by_side_and_back():
    lengths = torch.tensor([3, 40, 1])
    found, places = places_of(lengths), torch.arange(44)
    assert found.gather.shape == (3, 2 * MULTIPLE)
    assert torch.equal(places[found.gather].flatten()[found.scatter], places)
    for line, own in zip(found.gather, places.split(lengths.tolist()), strict=True):
        assert torch.equal(line[: len(own)], own)
        assert (line[len(own) :] == own[-1]).all()
