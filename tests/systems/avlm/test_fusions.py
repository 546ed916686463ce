"""Ways to let a model see: what the face changes, and that a clip without one is read all the same."""

import pytest
import torch

from espressivo.systems.avlm.encoders import ENCODERS
from espressivo.systems.avlm.fusions import FUSIONS, CrossAttention, put, taken
from espressivo.systems.avlm.model import Avlm
from espressivo.systems.avlm.packing import NOBODY
from espressivo.systems.avlm.sequence import NOWHEN
from tests.systems.avlm.making import LOOKING, WORDS, config, lively, packed, read, row, seen


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("fusion", LOOKING)
def test_another_face_is_read_otherwise(lm, fusion, encoder):
    net = lively(lm, fusion=fusion, encoders=(encoder,))
    one, other = (read(net, [row(1.0, seen(25, n), fusion)])[0] for n in range(2))
    assert (one - other).abs().max() > 0.01


def test_speech_alone_does_not_look(lm):
    net = lively(lm, fusion="none")
    assert not net.looks
    one, other = (read(net, [row(1.0, face, "none")])[0] for face in (seen(25), None))
    assert torch.equal(one, other)


def test_without_gaps_there_is_nothing_to_fill_in(lm):
    net = lively(lm, fusion="infill")
    one, other = (read(net, [row(1.0, seen(25, n), "infill", share=0)])[0] for n in range(2))
    assert torch.equal(one, other)


def test_gates_begin_shut(lm):
    net = Avlm(config(lm, fusion="cross-attention")).eval()
    one, other = (read(net, [row(1.0, seen(25, n), "cross-attention")])[0] for n in range(2))
    assert torch.equal(one, other)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("fusion", LOOKING)
def test_eye_and_fusion_learn(lm, fusion, encoder):
    net = lively(lm, fusion=fusion, encoders=(encoder,))
    batch = packed([row(1.0, seen(25), fusion), row(0.6, None, fusion, 1)], fusion, (encoder,))
    (net(batch) * torch.randn(len(batch.ids), net.dim)).sum().backward()
    silent = ("keys.bias", "nobody") if fusion == "prefix" else ("keys.bias",)  # all keys more: nothing changes
    for part in (net.eye, net.fusion):
        for name, weight in part.named_parameters():
            if not name.endswith(silent):
                assert weight.grad is not None, name
                assert weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("fusion", LOOKING)
def test_somebody_who_is_not_seen_is_read_all_the_same(lm, fusion, encoder):
    net = lively(lm, fusion=fusion, encoders=(encoder,))
    alone = read(net, [row(1.0, None, fusion, 1)])[0]
    assert torch.isfinite(alone).all()
    for n in range(2):  # whoever else is seen
        beside = read(net, [row(1.2, seen(30, n), fusion, 2), row(1.0, None, fusion, 1)])[1]
        torch.testing.assert_close(beside, alone, atol=1e-5, rtol=1e-4)


def test_each_asks_at_its_own_places():
    made = {fusion: row(1.0, seen(25), fusion) for fusion in FUSIONS}
    asked = {fusion: kind.asks(WORDS, made[fusion]) for fusion, kind in FUSIONS.items()}
    assert not asked["none"].any()
    assert (made["prefix"].ids[asked["prefix"]] == WORDS.face).all()
    assert (made["infill"].ids[asked["infill"]] == WORDS.dropped).all()
    assert (asked["prefix"].sum(), asked["infill"].sum()) == (5, (made["none"].ids == WORDS.dropped).sum())
    for fusion in ("concatenation", "cross-attention"):
        assert (made[fusion].moments[~asked[fusion]] == NOWHEN).all()
        assert (made[fusion].moments[asked[fusion]] >= 0).all()


@pytest.mark.parametrize(
    ("layers", "depth", "where"), [(2, 2, (0, 1)), (2, 5, (0, 1)), (30, 2, (14, 29)), (30, 4, (6, 13, 20, 27))]
)
def test_looks_are_spread_over_the_layers(layers, depth, where):
    assert CrossAttention(8, 8, depth, layers).where == where


def test_what_is_put_in_is_added_where_there_is_a_place():
    row, places = torch.arange(8.0).view(4, 2), torch.tensor([[1, 3], [2, NOBODY]])
    found = put(row, places, torch.ones(2, 2, 2))
    assert (found - row).tolist() == [[0, 0], [1, 1], [1, 1], [1, 1]]
    assert torch.equal(taken(row, places)[0], row[[1, 3]])
