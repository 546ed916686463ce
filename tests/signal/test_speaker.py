import numpy as np
import pytest
import torch

from espressivo.errors import ConfigError, InputError
from espressivo.signal.ge2e import GE2ENetwork
from espressivo.signal.speaker import SPEAKER_ENCODERS, SpeakerEncoder, WeSpeakerResNet34, similarity, speaker_encoder


class LoudnessEncoder(SpeakerEncoder):
    """Two numbers, so that what the base class does can be seen."""

    dim = 2

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def _embed(self, wave: np.ndarray) -> np.ndarray:
        self.lengths.append(len(wave))
        return np.array([3.0, 4.0 * np.sign(wave.mean())])


@pytest.fixture(scope="module", params=SPEAKER_ENCODERS)
def encoder(request) -> SpeakerEncoder:
    return speaker_encoder(request.param)


def test_an_embedding_has_length_one():
    np.testing.assert_allclose(LoudnessEncoder().embed(np.ones(8000)), [0.6, 0.8], rtol=1e-6)


def test_long_recordings_are_read_in_equal_pieces():
    encoder = LoudnessEncoder()
    encoder.embed(np.ones(16_000 * 46))
    assert max(encoder.lengths) <= 15 * 16_000
    assert max(encoder.lengths) - min(encoder.lengths) <= 1
    assert sum(encoder.lengths) == 16_000 * 46


def test_similarity_is_the_cosine():
    assert similarity(np.array([1.0, 0]), np.array([5.0, 0])) == pytest.approx(1)
    assert similarity(np.array([1.0, 0]), np.array([0, 2.0])) == pytest.approx(0)
    assert LoudnessEncoder().similarity(np.ones(8000), -np.ones(8000)) == pytest.approx(0.36 - 0.64)


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        (np.zeros(16_000), "silence"),
        (np.ones(4000), "0.5 s"),
        (np.full(16_000, np.nan), "finite"),
        (np.ones((2, 16_000)), "mono"),
    ],
)
def test_bad_sound_is_refused(samples, word):
    with pytest.raises(InputError, match=word):
        LoudnessEncoder().embed(samples)


def test_unknown_names_are_refused():
    with pytest.raises(ConfigError, match="wespeaker-resnet34, ge2e"):
        speaker_encoder("x-vector")


def test_the_ge2e_network_passes_gradients_back():
    mels = torch.rand(2, 160, 40, requires_grad=True)
    vectors = GE2ENetwork()(mels)
    assert vectors.shape == (2, 256)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))
    vectors[0, :].sum().backward()
    assert mels.grad[0].abs().sum() > 0
    assert mels.grad[1].abs().sum() == 0


@pytest.mark.weights
def test_any_sound_of_half_a_second_is_embedded(encoder, voice):
    for seconds in (0.5, 1.0, 3.3):
        vector = encoder.embed(voice(150, seconds))
        assert vector.shape == (encoder.dim,)
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.weights
def test_the_level_hardly_matters(encoder, voice, noise):
    # Quiet enough for GE2E too, which raises what lies below -30 dBFS but, as in its training, never turns down.
    wave = 0.1 * voice(150, 2.0) + 0.01 * noise[:32_000]
    assert encoder.similarity(wave, wave / 4) > 0.95


@pytest.mark.weights
@pytest.mark.corpus
def test_the_same_speaker_is_nearer_than_any_other(encoder, data_root, recording):
    # Both sentences, calmly spoken, by six actors, half of them women.
    takes = ("03-01-02-01-01-01", "03-01-02-01-02-02")
    clips = [[f"ravdess/Actor_{a:02d}/{take}-{a:02d}.opus" for take in takes] for a in range(1, 7)]
    first, second = (np.stack([encoder.embed(recording(pair[i])) for pair in clips]) for i in (0, 1))
    cosines = first @ second.T
    same, others = cosines.diagonal(), cosines[~np.eye(6, dtype=bool)]
    assert same.mean() > others.mean() + 0.2
    if isinstance(encoder, WeSpeakerResNet34):
        assert (cosines.argmax(axis=1) == np.arange(6)).all()
        assert same.mean() > 0.6
        assert others.mean() < 0.3
