"""Blocks along time: as long as before, near frames alone, and told by a condition only once that is learned."""

import pytest
import torch

from espressivo.nn.convnext import ConvNeXt, Reader


@pytest.mark.parametrize("frames", [1, 2, 30])
@pytest.mark.parametrize("kernel", [3, 7])
def test_there_are_as_many_frames_as_before(frames, kernel):
    assert ConvNeXt(8, kernel)(torch.randn(2, frames, 8)).shape == (2, frames, 8)
    assert Reader(5, 8, 2, kernel)(torch.randn(2, frames, 5)).shape == (2, frames, 8)


def test_a_frame_knows_just_so_many_around_it():
    torch.manual_seed(0)
    reader, reach = Reader(5, 8, 2, 5).double(), 2 * (1 + 2)
    x = torch.randn(1, 41, 5, dtype=torch.double, requires_grad=True)
    reader(x)[0, 20].square().sum().backward()
    reached = torch.nonzero(x.grad.abs().sum(dim=(0, 2)))[:, 0]
    assert (int(reached.min()), int(reached.max())) == (20 - reach, 20 + reach)


def test_rows_do_not_meet_and_what_follows_reaches_only_so_far():
    torch.manual_seed(0)
    reader, reach = Reader(5, 8, 2, 5).double(), 6
    x = torch.randn(3, 30, 5, dtype=torch.double)
    torch.testing.assert_close(reader(x)[1:2], reader(x[1:2]), atol=1e-12, rtol=0)
    padded = reader(torch.nn.functional.pad(x, (0, 0, 0, 9)))
    torch.testing.assert_close(padded[:, : 30 - reach], reader(x)[:, : 30 - reach], atol=1e-12, rtol=0)


@pytest.mark.parametrize("frames", [1, 12])
def test_a_condition_does_nothing_at_first_and_yet_has_gradients(frames):
    """Of one frame, for all alike, or of a frame for each."""
    torch.manual_seed(0)
    reader = Reader(5, 8, 2, 3, condition=4)
    x, conditions = torch.randn(2, 12, 5), torch.randn(2, 2, frames, 4)
    one, other = (reader(x, condition) for condition in conditions)
    assert torch.equal(one, other)
    one.square().mean().backward()
    for block in reader.blocks:
        assert block.film.weight.grad.abs().sum() > 0
        assert torch.isfinite(block.film.weight.grad).all()


def test_a_condition_that_is_learned_changes_what_is_read():
    torch.manual_seed(0)
    reader = Reader(5, 8, 1, 3, condition=4)
    torch.nn.init.normal_(reader.blocks[0].film.weight)
    x, conditions = torch.randn(2, 12, 5), torch.randn(2, 2, 1, 4)
    one, other = (reader(x, condition) for condition in conditions)
    assert (one - other).abs().max() > 1e-2
    torch.testing.assert_close(reader(x, conditions[0].expand(-1, 12, -1)), one)


def test_every_weight_is_learned():
    torch.manual_seed(0)
    reader = Reader(5, 8, 2, 3)
    reader(torch.randn(2, 12, 5)).pow(3).mean().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in reader.parameters())
