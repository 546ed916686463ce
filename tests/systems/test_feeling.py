"""Two senses, one feeling: what each contributes, and how sure that is in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espressivo.emotion import EmotionScores
from espressivo.errors import InputError
from espressivo.systems.feeling import FAIRLY_SURE, SURE, Feeling, combine, sureness

FACE = ("neutral", "happy", "sad", "angry", "surprised")
VOICE = ("neutral", "happy", "sad", "angry")


def feeling(**probabilities: float) -> Feeling:
    return Feeling(EmotionScores(probabilities), tuple(probabilities), np.zeros(0), np.zeros((0, len(probabilities))))


def any_of(names: tuple[str, ...]) -> st.SearchStrategy[Feeling]:
    values = st.lists(st.floats(0.01, 1), min_size=len(names), max_size=len(names))
    return values.map(lambda v: feeling(**dict(zip(names, v, strict=True))))


@given(any_of(FACE), any_of(VOICE))
def test_the_order_of_the_senses_does_not_matter(face: Feeling, voice: Feeling) -> None:
    there, back = combine(face, voice).probabilities, combine(voice, face).probabilities
    assert there == pytest.approx(back)
    assert sum(there.values()) == pytest.approx(1)


@given(any_of(FACE))
def test_a_sense_that_has_no_idea_changes_nothing(face: Feeling) -> None:
    flat = feeling(**dict.fromkeys(VOICE, 0.25))
    assert combine(face, flat).probabilities == pytest.approx(face.scores.probabilities)


@given(any_of(FACE))
def test_alone_a_sense_is_taken_at_its_word(face: Feeling) -> None:
    assert combine(face, None).probabilities == pytest.approx(face.scores.probabilities)
    assert combine(None, face).probabilities == pytest.approx(face.scores.probabilities)


def test_senses_that_agree_are_surer_together() -> None:
    face = feeling(happy=0.6, sad=0.2, neutral=0.2)
    assert combine(face, face).confidence > 0.6


def test_the_more_certain_sense_wins() -> None:
    face, voice = feeling(happy=0.8, sad=0.1, neutral=0.1), feeling(happy=0.3, sad=0.4, neutral=0.3)
    assert combine(face, voice).top == "happy"


def test_an_emotion_that_the_voice_does_not_know_can_still_win() -> None:
    face = feeling(surprised=0.7, happy=0.1, sad=0.1, neutral=0.05, angry=0.05)
    assert combine(face, feeling(**dict.fromkeys(VOICE, 0.25))).top == "surprised"


def test_one_sense_cannot_rule_out_what_the_other_is_sure_of() -> None:
    score = combine(feeling(happy=1.0, sad=0.0), feeling(happy=0.0, sad=1.0))
    assert score.probabilities == pytest.approx({"happy": 0.5, "sad": 0.5})


def test_no_sense_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="no face was seen and no voice was heard"):
        combine(None, None)


@pytest.mark.parametrize(
    ("confidence", "word"),
    [(SURE, "sure"), (SURE - 0.01, "fairly sure"), (FAIRLY_SURE, "fairly sure"), (FAIRLY_SURE - 0.01, "unsure")],
)
def test_words_for_how_sure(confidence: float, word: str) -> None:
    rest = (1 - confidence) / 2
    scores = EmotionScores({"happy": confidence, "sad": rest, "angry": rest})
    assert sureness(scores) == word
    assert feeling(**scores.probabilities).sureness == word
