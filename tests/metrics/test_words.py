"""Words without case and punctuation, and the usual word error rate."""

import numpy as np
import pytest

from espressivo.metrics.words import word_error_rate, word_errors, words


@pytest.mark.parametrize(
    ("reference", "heard", "wer"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "", 1),
        ("a b c", "a x c", 1 / 3),
        ("a b c", "b c", 1 / 3),
        ("a b c", "a a b c d", 2 / 3),
        ("a", "b c d", 3),
    ],
)
def test_word_error_rate(reference: str, heard: str, wer: float) -> None:
    assert word_error_rate(reference.split(), heard.split()) == pytest.approx(wer)


def test_word_error_rate_is_the_usual_one() -> None:
    jiwer, random = pytest.importorskip("jiwer"), np.random.default_rng(0)
    for _ in range(50):
        one, two = (" ".join(random.choice(list("abcd"), random.integers(1, 9))) for _ in range(2))
        assert word_error_rate(one.split(), two.split()) == pytest.approx(jiwer.wer(one, two))


def test_no_reference() -> None:
    with pytest.raises(ValueError, match="needs words"):
        word_error_rate([], ["a"])


def test_words() -> None:
    assert words("“Don’t!” — she said, 3 TIMES.") == ("don't", "she", "said", "3", "times")
    assert words("Zażółć gęślą jaźń…") == ("zażółć", "gęślą", "jaźń")
    assert words("今日は、雨。", "ja") == ("今", "日", "は", "雨")
    assert words(" … ") == ()


def test_errors_are_counted() -> None:
    assert word_errors([], ["a", "b"]) == 2
    assert word_errors(["a", "b", "c"], ["a", "c"]) == 1
