import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.errors import InputError
from espressivo.signal.fbank import Fbank, FbankConfig, kaldi_filterbank


def _reference_filters() -> np.ndarray:
    from transformers.audio_utils import mel_filter_bank

    return mel_filter_bank(257, 80, 20, 8000, 16_000, norm=None, mel_scale="kaldi", triangularize_in_mel_space=True)


def test_the_filters_are_kaldis():
    np.testing.assert_allclose(kaldi_filterbank(FbankConfig()), _reference_filters(), atol=1e-6)


def test_the_energies_are_kaldis():
    from transformers.audio_utils import spectrogram, window_function

    wave = np.random.default_rng(0).normal(scale=0.1, size=16_000)
    options = {"power": 2.0, "center": False, "preemphasis": 0.97, "remove_dc_offset": True, "log_mel": "log"}
    floor = float(np.finfo(np.float32).eps)
    window = window_function(400, "hamming", periodic=False)
    reference = spectrogram(
        wave * 32768, window, 400, 160, 512, mel_filters=_reference_filters(), mel_floor=floor, **options
    )
    ours = Fbank().energies(torch.tensor(wave, dtype=torch.float32)[None])[0]
    np.testing.assert_allclose(ours, reference.T, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(400, 5000), st.integers(1, 3))
def test_only_whole_windows_count(samples, batch):
    frames = (samples - 400) // 160 + 1
    assert Fbank()(torch.zeros(batch, samples)).shape == (batch, frames, 80)
    assert FbankConfig().frames(samples) == frames


def test_each_band_has_mean_zero_and_the_level_does_not_matter():
    wave = torch.randn(2, 16_000, generator=torch.Generator().manual_seed(0)) * 0.1
    features = Fbank()(wave)
    assert features.mean(dim=1).abs().max() < 1e-4
    torch.testing.assert_close(features, Fbank()(wave / 8), atol=1e-3, rtol=0)
    torch.testing.assert_close(features[1:], Fbank()(wave[1:]), atol=1e-4, rtol=0)


def test_less_than_a_window_is_refused():
    with pytest.raises(InputError, match="400 samples"):
        Fbank()(torch.zeros(1, 399))
