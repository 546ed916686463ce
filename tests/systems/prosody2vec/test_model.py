"""The networks: what the prosody encoder sees and may say, how seconds mix, and what is kept on disk."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.errors import AssetError, ConfigError
from espressivo.systems.prosody2vec.encoder import BANDS, MIDDLE, OFFSETS, SCALE, SEEN, SPAN, Even, Look, ProsodyEncoder
from espressivo.systems.prosody2vec.examples import carried, usual
from espressivo.systems.prosody2vec.model import Prosody2Vec, ProsodyConfig
from espressivo.systems.prosody2vec.parts import PAIR, Parts
from espressivo.systems.prosody2vec.pipeline import look_of, style_of
from espressivo.systems.prosody2vec.seconds import seconds_of
from espressivo.training.checkpoint import save_model
from tests.systems.prosody2vec.making import NARROW, SMALL, lively, parts_of
from tests.systems.vocoder.making import random_folder

LEVEL_AT, PITCH_AT = BANDS + 2, BANDS
NET = lively(heard=6)


def moved(parts: Parts, bands: np.ndarray) -> Parts:
    return replace(parts, mel=parts.mel + np.tile(bands, PAIR).astype(np.float32))


# What is seen


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 99), strength=st.floats(0, 2), voice=st.integers(0, 3))
def test_timbre_and_microphone_are_taken_out(seed, strength, voice):
    """A filter that stays the same all the time changes only three of the offsets (and how loud all of it is)."""
    parts = parts_of(1.3, seed, voice, heard=6)
    bands = strength * np.random.default_rng(seed).normal(size=BANDS)
    before, after = (look_of(NET, one) for one in (parts, moved(parts, bands - bands.mean())))
    same = [i for i in range(SEEN) if i < BANDS + 3 or i == BANDS + 3]
    torch.testing.assert_close(after.frames[..., same], before.frames[..., same], atol=2e-3, rtol=1e-3)
    axis = np.arange(BANDS) / (BANDS - 1)
    bends = [np.cos(np.pi * order * axis) @ (bands - bands.mean()) / BANDS / SCALE for order in range(1, OFFSETS)]
    change = (after.frames - before.frames)[0, :, BANDS + 4 :]
    np.testing.assert_allclose(change, np.tile(bends, (len(parts), 1)), atol=1e-3)


def test_how_loud_all_of_it_is_reaches_the_level_alone():
    """`Takes` brings every recording to one level before."""
    parts = parts_of(1.3, heard=6)
    before, after = (look_of(NET, one).frames for one in (parts, moved(parts, np.full(BANDS, 0.5))))
    torch.testing.assert_close(after[..., LEVEL_AT], before[..., LEVEL_AT] + 0.5 / SCALE)
    rest = [i for i in range(SEEN) if i != LEVEL_AT]
    torch.testing.assert_close(after[..., rest], before[..., rest], atol=4e-3, rtol=1e-3)


@pytest.mark.parametrize("factor", [0.5, 1.2])
def test_a_higher_voice_has_another_register_and_the_same_melody(factor):
    parts = parts_of(1.3, heard=6)
    higher = replace(parts, hz=(parts.hz * factor).astype(np.float32))
    before, after = (look_of(NET, one).frames for one in (parts, higher))
    torch.testing.assert_close(after[..., : BANDS + 3], before[..., : BANDS + 3], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(after[..., BANDS + 4 :], before[..., BANDS + 4 :])
    shift = after[..., BANDS + 3] - before[..., BANDS + 3]
    torch.testing.assert_close(shift, torch.full_like(shift, np.log(factor) / SPAN), atol=1e-4, rtol=0)


def test_a_whisper_has_neither_melody_nor_register():
    look = look_of(NET, parts_of(1.3, heard=6, voiced=False)).frames
    assert (look[..., [PITCH_AT, BANDS + 1, BANDS + 3]] == 0).all()


def test_what_is_heard_is_seen_against_the_recording_and_that_against_the_voice():
    parts = parts_of(1.3, heard=6)
    shifted = replace(parts, heard=parts.heard + np.float32(3))
    before, after = look_of(NET, parts), look_of(NET, shifted)
    torch.testing.assert_close(after.heard, before.heard, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(after.shade, before.shade + 3)
    assert before.heard.shape == (1, len(parts), 6)


# What may be said


def test_prosody_has_few_values():
    many = 40
    config = ProsodyConfig("made", "CC0", **{**SMALL, **NARROW})
    encoder = ProsodyEncoder(config)
    encoder.out.weight.data *= 20
    style = encoder(Look(torch.randn(many, 90, SEEN)), torch.ones(many, 90))
    assert style.shape == (many, 3, 4)
    assert set(style.unique().tolist()) == {-1.0, -0.5, 0.0, 0.5, 1.0}


@pytest.mark.parametrize("levels", [3, 5, 9])
def test_as_many_values_as_there_are_levels(levels, monkeypatch):
    encoder = ProsodyEncoder(ProsodyConfig("made", "CC0", **{**SMALL, **NARROW, "levels": levels})).eval()
    torch.nn.init.zeros_(encoder.out.weight)
    found = set()
    for bias in torch.linspace(-9, 9, 400):
        monkeypatch.setattr(encoder, "pooled", lambda *given: torch.zeros(1, 1, 32))
        torch.nn.init.constant_(encoder.out.bias, float(bias))
        found |= set(encoder(Look(torch.zeros(1, 1, SEEN)), torch.ones(1, 1)).unique().tolist())
    assert sorted(found) == pytest.approx(np.linspace(-1, 1, levels))


@pytest.mark.parametrize("levels", [2, 4])
def test_an_even_number_of_levels_has_no_middle(levels, tmp_path):
    config = lively().config
    with pytest.raises(ConfigError, match=f"got levels={levels}: give an odd number"):
        replace(config, levels=levels)
    save_model(tmp_path, lively(), {**asdict(config), "levels": levels}, "# Made")
    with pytest.raises(AssetError, match="levels"):
        Prosody2Vec.load(tmp_path)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 99), scale=st.floats(0.1, 30), middle=st.floats(-20, 20))
def test_while_it_learns_numbers_are_brought_to_one_scale_where_there_is_something(seed, scale, middle):
    random = torch.Generator().manual_seed(seed)
    x, even = middle + scale * torch.randn(6, 3, 4, generator=random), Even(4)
    there = torch.rand(6, 3, generator=random) < 0.7
    there[0] = True
    found = even(x, there)[there]
    torch.testing.assert_close(found.mean(0), torch.zeros(4), atol=1e-3, rtol=0)
    torch.testing.assert_close(found.var(0, correction=0), torch.ones(4), atol=1e-2, rtol=0)
    other = torch.where(there[..., None], x, 1e6)
    torch.testing.assert_close(even(other, there)[there], found)


def test_afterwards_they_are_brought_to_the_scale_of_all_that_was_learned_from():
    even, everywhere = Even(2), torch.ones(40, 3, dtype=torch.bool)
    torch.manual_seed(0)
    for _ in range(200):
        even(torch.tensor([3.0, -1.0]) + torch.tensor([2.0, 0.5]) * torch.randn(40, 3, 2), everywhere)
    even.eval()
    kept = {name: value.clone() for name, value in even.state_dict().items()}
    found = even(torch.tensor([[[3.0, -1.0], [5.0, -0.5]]]), everywhere[:1, :2])[0]
    torch.testing.assert_close(found, torch.tensor([[0.0, 0.0], [1.0, 1.0]]), atol=0.15, rtol=0)
    assert all(torch.equal(kept[name], value) for name, value in even.state_dict().items())


def test_gradients_pass_the_rounding_as_if_there_were_none():
    encoder = lively(1).prosody
    look, mask = Look(torch.randn(2, 60, SEEN)), torch.ones(2, 60)
    weight = torch.randn(2, 2, 4)
    (encoder(look, mask) * weight).sum().backward()
    found = {name: value.grad.clone() for name, value in encoder.named_parameters()}
    encoder.zero_grad()
    (torch.tanh(encoder.out(encoder.pooled(look, mask))) * weight).sum().backward()
    for name, value in encoder.named_parameters():
        torch.testing.assert_close(found[name], value.grad, msg=name)
        assert (value.grad != 0).any(), name


# Recordings that have ended


@torch.inference_mode()
def test_what_lies_beyond_the_mask_changes_nothing():
    look, mask = look_of(NET, parts_of(2.0, heard=6)), torch.ones(1, 86)
    mask[:, 50:] = 0
    other = Look(look.frames.clone(), look.heard.clone(), look.shade)
    other.frames[:, 50:], other.heard[:, 50:] = 99.0, -99.0
    assert torch.equal(NET.prosody.pooled(look, mask), NET.prosody.pooled(other, mask))


class Seen(torch.nn.Module):
    """A reader that sees single frames, and something even where there is nothing."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[..., :16] + 1


@torch.inference_mode()
def test_frames_beyond_the_mask_have_no_share_in_their_second():
    net, look = lively(), look_of(NET, parts_of(1.4, heard=6))
    net.prosody.reader = Seen()
    end = look.frames.shape[1]
    longer, padded = (torch.nn.functional.pad(part, (0, 0, 0, 80)) for part in (look.frames, torch.ones(1, end, 1)))
    one, other = (
        net.prosody.pooled(Look(look.frames), torch.ones(1, end)),
        net.prosody.pooled(Look(longer), padded[..., 0]),
    )
    torch.testing.assert_close(other[:, : one.shape[1]], one)


@torch.inference_mode()
def test_silence_after_the_end_changes_only_what_the_convolutions_reach():
    """They see an end as zeros, and padding as what their biases make of zeros; see `reach`."""
    net, reach = lively(2, prosody_layers=2), 3 * (1 + 2)
    look = look_of(net, parts_of(3.0, heard=0))
    mask = torch.ones(1, look.frames.shape[1])
    longer = Look(torch.nn.functional.pad(look.frames, (0, 0, 0, 80)))
    padded = torch.nn.functional.pad(mask, (0, 80))
    end = look.frames.shape[1]
    one, other = net.prosody.reader(look.frames), net.prosody.reader(longer.frames * padded[..., None])
    torch.testing.assert_close(other[:, : end - reach], one[:, : end - reach], atol=1e-5, rtol=1e-4)
    assert (other[:, end - reach : end] - one[:, end - reach :]).abs().max() > 1e-3
    seconds = (end - reach) // 44
    torch.testing.assert_close(
        net.prosody.pooled(longer, padded)[:, :seconds], net.prosody.pooled(look, mask)[:, :seconds]
    )
    both = [net.prosody.pooled(*given)[:, seconds_of(end) - 1] for given in ((longer, padded), (look, mask))]
    torch.testing.assert_close(*both, atol=0.3, rtol=0.1)


# What is made of it


@pytest.mark.parametrize("frames", [1, 60])
def test_shapes(frames):
    net = NET
    content, style = torch.randn(2, frames, 64), torch.randn(2, frames, 4)
    pitch, voiced = torch.full((2, frames), 5.0), torch.ones(2, frames)
    mel = net.mel(content, torch.randn(2, 256), pitch, voiced, style, torch.ones(2))
    assert mel.shape == (2, frames, PAIR * BANDS)
    assert all(part.shape == (2, frames) for part in net.contour(content, style))
    assert net.lengths(content, style).shape == (2, frames)
    register, usual_mel, heard = net.expected(torch.randn(2, 256))
    assert (register.shape, usual_mel.shape, heard.shape) == ((2, 1), (2, BANDS), (2, 6))
    assert MIDDLE - 3 * SCALE < usual_mel.mean() < MIDDLE + 3 * SCALE


def test_pitch_counts_only_where_it_is_voiced():
    net, content, style = NET, torch.randn(1, 40, 64), torch.randn(1, 40, 4)
    voiced = torch.zeros(1, 40)
    made = [
        net.mel(content, torch.ones(1, 256), torch.full((1, 40), pitch), voiced, style, torch.ones(1))
        for pitch in (4.5, 6.0)
    ]
    assert torch.equal(*made)


def test_an_emotion_is_told_beside_the_prosody():
    net = lively(emotions=("neutral", "happy"))
    assert net.config.tone == 6
    assert net.feeling(torch.tensor([1, 0])).tolist() == [[0, 0, 0, 0, 0, 8], [0, 0, 0, 0, 8, 0]]
    assert net.toned(torch.ones(2, 4)).tolist() == [[1, 1, 1, 1, 0, 0]] * 2


# On disk


def test_networks_come_back_as_they_were(tmp_path: Path):
    net = lively(3, emotions=("neutral", "sad"), heard=6, hearing="whisper-base", layer=5)
    save_model(tmp_path, net, net.config, "# Made")
    again = Prosody2Vec.load(tmp_path)
    assert again.config == net.config
    assert not again.training
    weights = net.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in again.state_dict().items())
    parts = parts_of(1.5, heard=6)
    np.testing.assert_array_equal(style_of(again, parts), style_of(net, parts))


def test_folders_of_something_else(tmp_path: Path):
    with pytest.raises(AssetError, match="is not a model's folder"):
        Prosody2Vec.load(tmp_path / "nowhere")
    with pytest.raises(AssetError, match="holds a vocoder model, not prosody2vec"):
        Prosody2Vec.load(random_folder(tmp_path / "vocoder"))
    net = lively()
    save_model(tmp_path / "wider", net, replace(net.config, width=48), "# Made")
    with pytest.raises(AssetError, match="does not hold this model's weights"):
        Prosody2Vec.load(tmp_path / "wider")


def test_usual_things_of_a_recording_come_from_where_somebody_speaks():
    parts = parts_of(2.0, heard=6)
    pause = parts_of(2.0)
    louder = replace(parts, mel=np.concatenate([parts.mel, np.full_like(pause.mel, -11.0)]))
    louder = replace(louder, hz=np.concatenate([parts.hz, np.zeros(len(pause), np.float32)]))
    before, after = usual(parts), usual(louder)
    for name in ("usual", "spread", "register", "pitched"):
        np.testing.assert_allclose(after[name], before[name], atol=1e-5)
    assert np.isfinite(carried(louder.hz)).all()
