"""What looks at a face: scales, ends, and which parts of what is seen it takes."""

import pytest
import torch

from espressivo.errors import ConfigError
from espressivo.systems.avlm.encoders import ENCODERS, Expression, Eye, Pixels, parts_of
from espressivo.systems.avlm.seen import EXPRESSION, PARTS
from tests.systems.avlm.making import packed, row, seen

FRAMES = (15, 40)


def eye(*encoders):
    torch.manual_seed(0)
    made = Eye(encoders, 16)
    torch.nn.init.normal_(made.nobody)
    return made.eval()


@pytest.mark.parametrize("encoder", ENCODERS)
@torch.inference_mode()
def test_frames_beyond_the_end_change_nothing(encoder):
    net = eye(encoder)
    batch = packed([row(0.6, seen(FRAMES[0])), row(1.6, seen(FRAMES[1], 1), seed=1)], encoders=(encoder,))
    before = net(batch)
    for part in parts_of((encoder,)):
        getattr(batch, part)[0, FRAMES[0] :] = 99
    assert torch.equal(net(batch), before)
    alone = net(packed([row(0.6, seen(FRAMES[0]))], encoders=(encoder,)))
    torch.testing.assert_close(before[:1, : FRAMES[0]], alone, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_where_nobody_is_seen_there_is_one_vector_that_says_so():
    net = eye(*ENCODERS)
    found = net(packed([row(0.6, seen(10)), row(0.6, None, seed=1)], encoders=tuple(ENCODERS)))
    assert found.shape == (2, 10, 16)
    assert torch.equal(found[1], net.nobody.expand(10, -1))
    nobody = net(packed([row(0.6, None)], encoders=tuple(ENCODERS)))
    assert torch.equal(nobody, net.nobody.expand(1, 1, -1))


@torch.inference_mode()
def test_encoders_are_added_up():
    net, batch = eye("expression", "pixels"), packed([row(0.6, seen(10))], encoders=("expression", "pixels"))
    one, other = (encoder(batch) for encoder in net.encoders.values())
    torch.testing.assert_close(net(batch), net.norm(one + other))


@torch.inference_mode()
def test_pictures_are_told_apart_by_more_than_their_light():
    torch.manual_seed(0)
    net, batch = Pixels(16).eval(), packed([row(0.6, seen(10))], encoders=("pixels",))
    dimmer = batch._replace(mouth=batch.mouth // 2, face=batch.face // 2)
    turned = batch._replace(mouth=batch.mouth.flip(-1), face=batch.face.flip(-1))
    assert (net(dimmer) - net(batch)).abs().max() < 0.3 * (net(turned) - net(batch)).abs().max()


def test_the_scale_is_taken_from_what_there_is_to_learn():
    net, frames = Expression(16), 5 + 3 * torch.randn(500, EXPRESSION) * torch.rand(EXPRESSION)
    frames[:, 7] = 0.25  # what never moves is not blown up
    net.fit(frames)
    scaled = (frames - net.mean) / net.deviation
    torch.testing.assert_close(scaled.mean(0), torch.zeros(EXPRESSION), atol=1e-4, rtol=0)
    moves = torch.arange(EXPRESSION)[frames.std(0) > 0.2]
    torch.testing.assert_close(scaled[:, moves].std(0), torch.ones(len(moves)), atol=1e-3, rtol=0)
    assert net.deviation[7] > 0.01


def test_each_encoder_names_what_it_looks_at():
    assert parts_of(("pixels",)) == ("mouth", "face")
    assert set(parts_of(tuple(ENCODERS))) == set(PARTS)


@pytest.mark.parametrize(
    ("names", "got"),
    [((), "none"), (("gaze",), "gaze"), (("pixels", "pixels"), "pixels, pixels"), (("pixels", "x"), "pixels, x")],
)
def test_encoders_that_there_are_not(names, got):
    with pytest.raises(ConfigError, match=f"^got the encoders {got}: choose from expression, landmarks, pixels$"):
        Eye(names, 16)
