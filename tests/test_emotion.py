"""One taxonomy, and scores over it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espressivo.emotion import EMOTIONS, EmotionScores, canonical, check_emotions
from espressivo.errors import ConfigError

positive = st.floats(0.001, 1.0)
score_tables = st.dictionaries(st.sampled_from(EMOTIONS), positive, min_size=1)


@pytest.mark.parametrize(("given_name", "name"), [("Anger", "angry"), (" sad ", "sad"), ("JOY", "happy")])
def test_every_spelling_gives_the_taxonomys_name(given_name: str, name: str) -> None:
    assert canonical(given_name) == name


def test_unknown_emotion_names_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"unknown emotion 'hungry': choose one of neutral, calm"):
        canonical("hungry")


@given(score_tables)
def test_scores_sum_to_one_and_keep_their_order(table: dict[str, float]) -> None:
    scores = EmotionScores(table)
    assert math.isclose(math.fsum(scores.probabilities.values()), 1.0)
    assert scores.probabilities[scores.top] == pytest.approx(max(table.values()) / sum(table.values()))
    assert 0 <= scores.certainty <= 1


def test_certainty_is_zero_for_flat_and_one_for_single() -> None:
    assert EmotionScores(dict.fromkeys(EMOTIONS, 1.0)).certainty == pytest.approx(0, abs=1e-9)
    assert EmotionScores({"sad": 1.0, "happy": 0.0}).certainty == pytest.approx(1)


@pytest.mark.parametrize("table", [{}, {"sad": -1.0, "happy": 2.0}, {"sad": 0.0}, {"sad": math.nan}, {"sad": math.inf}])
def test_impossible_scores_are_refused(table: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        EmotionScores(table)


def test_what_a_model_tells_apart_is_checked() -> None:
    check_emotions(("happy", "anger"))
    for names, says in (((), "it names no emotions"), (("happy", "merry"), "unknown emotion 'merry'")):
        with pytest.raises(ConfigError, match=says):
            check_emotions(names)
