"""Made-up people: what they show is what FACS says, and nothing else."""

import numpy as np
import pytest

from espressivo.errors import InputError
from espressivo.systems.face_emotion import facs
from espressivo.systems.face_emotion.stream import CHANNELS
from espressivo.systems.face_emotion.synthesis import HARDER, Talk, World, from_odds, make, to_odds
from tests.systems.face_emotion.people import made, stream


def level(channel: str, emotion: str, seed: int = 0) -> float:
    """Of a channel, averaged over all clips of an emotion by 30 people."""
    found = made(30, 2, seed)
    place, label = CHANNELS.index(channel), facs.EMOTIONS.index(emotion)
    return float(
        np.mean([s[:, place].mean() for s, own in zip(found.streams, found.labels, strict=True) if own == label])
    )


def test_log_odds_and_back() -> None:
    x = stream()
    np.testing.assert_allclose(from_odds(to_odds(x)), x, atol=2e-4)


@pytest.mark.parametrize(
    ("emotion", "channel"),
    [
        ("happy", "mouthSmileLeft"),
        ("sad", "mouthFrownRight"),
        ("angry", "browDownLeft"),
        ("fearful", "mouthStretchLeft"),
        ("disgusted", "mouthUpperUpLeft"),
        ("surprised", "browOuterUpRight"),
    ],
)
def test_each_emotion_shows_its_muscle(emotion: str, channel: str) -> None:
    assert level(channel, emotion) > 1.15 * level(channel, "neutral")


def test_every_unit_that_an_emotion_uses_has_an_effect_on_a_known_channel() -> None:
    used = {unit for often in facs.OBSERVED.values() for unit in often}
    used |= {unit for ways in facs.READ.values() for way in ways for unit in way.split("+")}
    used |= {unit for way in facs.HABITS for unit in way.split("+")}
    assert used <= set(facs.EFFECTS)
    bases = {name.replace("Left", "").replace("Right", "") for name in CHANNELS}
    assert {base for effect in facs.EFFECTS.values() for base in effect} <= bases & set(facs.TOPS)
    assert set(facs.READ) == set(facs.OBSERVED)
    assert set(facs.LIVELINESS) == set(facs.EMOTIONS)


def test_streams_are_like_those_of_a_tracker() -> None:
    found = made(5, 2)
    assert len(found) == 5 * 2 * len(facs.EMOTIONS)
    assert len(set(found.people)) == 5
    for each in found.streams:
        assert each.dtype == np.float32
        assert 5 <= len(each) <= 120
        assert ((each[:, :51] >= 0) & (each[:, :51] <= 1)).all()
        assert np.abs(each[:, 51:]).max() < 2.5  # 112 degrees


def test_the_same_seed_makes_the_same_people_and_another_does_not() -> None:
    first, again, other = made(2, 1, 3), made(2, 1, 3), made(2, 1, 4)
    for a, b in zip(first.streams, again.streams, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.streams[0][:5], other.streams[0][:5])


def test_real_talk_moves_the_made_up_face() -> None:
    still, random = np.full((80, 54), 0.1, np.float32), np.random.default_rng(0)
    open_and_shut = still.copy()
    open_and_shut[::2, CHANNELS.index("jawOpen")] = 0.6
    change = {}
    for name, talk in (("still", still), ("talking", open_and_shut)):
        streams = make(Talk.of([talk]), 3, 1, random, World()).streams
        change[name] = np.mean([np.abs(np.diff(s[:, CHANNELS.index("jawOpen")])).mean() for s in streams])
    assert change["talking"] > 3 * change["still"]


def test_without_talk_there_is_nothing_to_build_on() -> None:
    with pytest.raises(InputError, match="no neutral talk"):
        Talk.of([])


def test_the_harder_world_is_harder() -> None:
    talk = Talk.made_up(np.random.default_rng(0))
    place = CHANNELS.index("mouthSmileLeft")
    smiles = {}
    for name, world in (("easy", World()), ("harder", HARDER)):
        found = make(talk, 60, 1, np.random.default_rng(1), world)
        happy = np.array(found.labels) == facs.EMOTIONS.index("happy")
        calm = np.array(found.labels) == facs.EMOTIONS.index("neutral")
        level = np.array([to_odds(s)[:, place].mean() for s in found.streams])
        smiles[name] = level[happy].mean() - level[calm].mean()
    assert 0 < smiles["harder"] < smiles["easy"]
