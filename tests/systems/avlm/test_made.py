"""Made-up faces: who they are, how long they last, and what they feel."""

import numpy as np
import pytest

from espressivo.systems.avlm.made import MadeUp
from espressivo.systems.avlm.seen import EXPRESSION, LIPS, SHAPES
from espressivo.systems.face_emotion.facs import EMOTIONS
from tests.systems.avlm.making import seen

MADE = MadeUp()


def face(emotion="neutral", frames=50, seed=0, who=None):
    return MADE(emotion, frames, np.random.default_rng(seed), who)


def rest(who, seed):
    """What is usual for somebody, over many clips."""
    return np.median(np.concatenate([face("neutral", 100, seed + n, who).expression for n in range(8)]), axis=0)


def test_the_same_name_is_the_same_face():
    apart = {who: np.abs(rest(who, 100)[: len(SHAPES)] - rest("a", 0)[: len(SHAPES)]).mean() for who in "abc"}
    assert 3 * apart["a"] < min(apart["b"], apart["c"])


def test_the_same_face_moves_as_it_likes():
    one, other = (face(seed=seed, who="a").expression for seed in (0, 1))
    assert np.abs(one - other).max() > 0.05


def test_of_nobody_somebody_is_drawn():
    one, again, other = (face(seed=seed).expression for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.05


@pytest.mark.parametrize("frames", [1, 20, 300])
def test_it_lasts_as_long_as_is_wished(frames):
    made = face(frames=frames)
    assert len(made) == len(made.expression) == len(made.mouth) == frames
    assert made.present.all()


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_blendshapes_are_shares(emotion):
    for seed in range(5):
        shapes = face(emotion, seed=seed).expression[:, : len(SHAPES)]
        assert shapes.min() >= 0
        assert shapes.max() <= 1


def test_a_feeling_shows():
    def smile(emotion):
        at = [SHAPES.index(f"mouthSmile{side}") for side in ("Left", "Right")]
        return np.mean([face(emotion, 50, seed, "a").expression[:, at].max() for seed in range(20)])

    assert smile("happy") > smile("neutral") + 0.1


@pytest.mark.parametrize("emotion", ["bored", "None", "nobody knows"])
def test_what_no_face_is_known_for_is_neutral(emotion):
    np.testing.assert_array_equal(face(emotion).expression, face("neutral").expression)


def test_nothing_else_of_it_can_be_seen():
    made = face()
    assert made.lips.shape == (50, LIPS)
    assert not any(part.any() for part in (made.lips, made.mouth, made.face))


def test_it_can_move_as_real_people_do():
    talk = [seen(60, n).expression for n in range(3)]
    made = MadeUp(talk)("happy", 40, np.random.default_rng(0))
    assert made.expression.shape == (40, EXPRESSION)
    assert np.isfinite(made.expression).all()
