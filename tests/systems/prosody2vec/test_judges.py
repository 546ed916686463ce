"""The critic as it judges what is made: fixed, and looking at a stretch as at a whole recording."""

import numpy as np
import pytest
import torch

from espressivo.systems.prosody2vec.critic import Eye
from espressivo.systems.prosody2vec.encoder import SEEN
from espressivo.systems.prosody2vec.examples import Batch, cut, usual
from espressivo.systems.prosody2vec.express import fixed, whole
from tests.systems.prosody2vec.making import parts_of


def test_what_is_fixed_lets_gradients_pass_and_takes_none():
    torch.manual_seed(0)
    critic = Eye(3).eval()
    frames, mask = torch.randn(2, 30, SEEN, requires_grad=True), torch.ones(2, 30)
    assert torch.equal(fixed(critic)(frames, mask), critic(frames, mask))
    fixed(critic)(frames, mask).square().sum().backward()
    assert frames.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in critic.parameters())
    gradient = frames.grad.clone()
    frames.grad = None
    critic(frames, mask).square().sum().backward()
    torch.testing.assert_close(frames.grad, gradient)
    assert all(weight.grad is not None for weight in critic.parameters())


def test_the_critic_does_not_look_beyond_the_end():
    torch.manual_seed(0)
    critic = Eye(3).eval()
    frames, mask = torch.randn(1, 40, SEEN), torch.ones(1, 40)
    mask[:, 25:] = 0
    other = frames.clone()
    other[:, 25:] = 50.0
    assert torch.equal(critic(frames, mask), critic(other, mask))


def alone(seconds: float, frames: int) -> tuple[Batch, dict[str, np.ndarray]]:
    """As much of a batch as `whole` looks at, and what is usual in the recording."""
    parts = parts_of(seconds)
    found = {
        name: torch.from_numpy(value[None].astype(np.float32)) for name, value in cut(parts, 0, frames, 0.0).items()
    }
    rest = dict.fromkeys(set(Batch._fields) - set(found))
    return Batch(**rest | found | {"heard_usual": torch.zeros(1, 0)}), usual(parts)


@pytest.mark.parametrize("frames", [64, 90])
def test_a_stretch_is_summed_up_as_a_recording_is(frames):
    """Of the whole recording, with silence behind it or none."""
    seconds = 64 / 43 + 0.01
    batch, wanted = alone(seconds, frames)
    found = whole(batch.mel, batch.pitch, batch)
    assert len(parts_of(seconds)) == 64
    np.testing.assert_allclose(found.mel[0], wanted["usual"], atol=1e-4)
    np.testing.assert_allclose(found.spread[0], wanted["spread"], atol=1e-2)
    assert found.pitched.tolist() == [[1.0]]
    # The one takes the middle of the pitch, the other its mean, for which gradients pass to all of it.
    assert float(found.register) == pytest.approx(float(wanted["register"]), abs=0.05)


def test_what_was_made_beyond_the_end_does_not_count():
    batch, _ = alone(64 / 43 + 0.01, 90)
    loud = batch.mel.clone()
    loud[:, 64:] = 5.0
    for one, other in zip(whole(batch.mel, batch.pitch, batch), whole(loud, batch.pitch, batch), strict=True):
        assert torch.equal(one, other)


def test_a_stretch_without_a_voice_has_no_register():
    batch, _ = alone(1.5, 64)
    found = whole(batch.mel, batch.pitch, batch._replace(voiced=torch.zeros(1, 64)))
    assert (found.register, found.pitched) == (torch.zeros(1, 1), torch.zeros(1, 1))


def test_gradients_reach_what_is_summed_up():
    batch, _ = alone(1.5, 64)
    mel, pitch = batch.mel.clone().requires_grad_(), batch.pitch.clone().requires_grad_()
    found = whole(mel, pitch, batch)
    (found.mel.sum() + found.spread.sum() + found.register.sum()).backward()
    assert mel.grad.isfinite().all()
    assert mel.grad.any()
    assert (pitch.grad != 0).sum() == batch.voiced.sum()
