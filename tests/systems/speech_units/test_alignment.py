import numpy as np

from espressivo.systems.speech_units.alignment import align

SILENCE = 4


def heard(phones: list[int], noise: float = 0.5, seed: int = 0) -> np.ndarray:
    """Log-likelihoods in which the given phones stand out."""
    logits = np.random.default_rng(seed).normal(scale=noise, size=(len(phones), 5))
    logits[np.arange(len(phones)), phones] += 4
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def test_finds_every_phone_and_the_silence_around():
    said = [4, 4, 0, 0, 0, 1, 2, 2, 4, 4, 4, 3, 3, 0, 4]
    found = align(heard(said), [[0, 1, 2], [3, 0]], SILENCE)
    assert found is not None
    assert found[0].tolist() == said


def test_silence_between_words_is_optional():
    said = [0, 0, 1, 1, 2, 2]
    found = align(heard(said), [[0], [1], [2]], SILENCE)
    assert found is not None
    assert found[0].tolist() == said


def test_the_same_phone_twice_is_two_phones():
    found = align(heard([4, 1, 1, 1, 1, 4]), [[1, 1]], SILENCE)
    assert found is not None
    assert found[0].tolist() == [4, 1, 1, 1, 1, 4]


def test_a_wrong_text_fits_worse():
    said = heard([0, 0, 1, 1, 2, 2])
    right, wrong = align(said, [[0, 1, 2]], SILENCE), align(said, [[2, 1, 0]], SILENCE)
    assert right is not None
    assert wrong is not None
    assert right[1] > wrong[1] + 1


def test_more_phones_than_frames_is_nothing():
    assert align(heard([0, 1]), [[0, 1, 2, 3]], SILENCE) is None
