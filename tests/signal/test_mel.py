import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.errors import ConfigError, InputError
from espressivo.signal.mel import (
    GE2E_16K,
    HIFIGAN_22K,
    MelConfig,
    MelSpectrogram,
    hertz_to_mel,
    mel_filterbank,
    mel_to_hertz,
)


def test_the_scale_has_slaneys_corner_points():
    np.testing.assert_allclose(hertz_to_mel(np.array([0.0, 200.0, 1000.0, 6400.0])), [0, 3, 15, 42], atol=1e-9)


@given(st.floats(0, 24_000))
def test_hertz_and_mel_are_inverse(hertz):
    assert mel_to_hertz(hertz_to_mel(np.array(hertz))) == pytest.approx(hertz, abs=1e-6)


@pytest.mark.parametrize("config", [HIFIGAN_22K, GE2E_16K])
def test_the_filterbank_is_the_one_others_compute(config):
    from transformers.audio_utils import mel_filter_bank

    shape = (config.n_fft // 2 + 1, config.n_mels, config.fmin, config.fmax, config.rate)
    reference = mel_filter_bank(*shape, norm="slaney", mel_scale="slaney")
    np.testing.assert_allclose(mel_filterbank(config), reference, atol=1e-7)


def test_hifigan_spectrogram_agrees_with_an_independent_one():
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    wave = np.random.default_rng(0).normal(scale=0.1, size=10_000)
    filters = mel_filter_bank(513, 80, 0, 8000, 22_050, norm="slaney", mel_scale="slaney")
    padded = np.pad(wave, 384, mode="reflect")
    options = {"power": 1.0, "center": False, "mel_filters": filters, "mel_floor": 1e-5, "log_mel": "log"}
    reference = spectrogram(padded, window_function(1024, "hann"), 1024, 256, **options).T
    ours = MelSpectrogram(HIFIGAN_22K)(torch.tensor(wave, dtype=torch.float32)[None])[0]
    np.testing.assert_allclose(ours, reference, atol=2e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(385, 6000), st.integers(1, 3))
def test_hifigan_gives_one_frame_per_hop(samples, batch):
    mel = MelSpectrogram(HIFIGAN_22K)(torch.zeros(batch, samples))
    assert mel.shape == (batch, HIFIGAN_22K.frames(samples), 80)
    assert HIFIGAN_22K.frames(samples) == samples // 256


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.booleans(), st.integers(600, 3000))
def test_the_promised_number_of_frames_comes_out(quarter, n_mels, centred, samples):
    config = MelConfig(16_000, 512, 64 * quarter, 512, n_mels, 0, 8000, centred=centred)
    assert MelSpectrogram(config)(torch.zeros(1, samples)).shape == (1, config.frames(samples), n_mels)


def test_a_tone_lights_up_its_own_band(tone):
    mel = MelSpectrogram(HIFIGAN_22K)(torch.from_numpy(tone(1500, rate=22_050))[None])[0]
    centres = mel_to_hertz(np.linspace(0, hertz_to_mel(np.array(8000.0)), 82))[1:-1]
    assert abs(centres[mel.mean(dim=0).argmax()] - 1500) < 60


def test_silence_lies_on_the_floor_and_does_not_break_gradients():
    mel = MelSpectrogram(HIFIGAN_22K)
    assert mel(torch.zeros(1, 4096)).max() == pytest.approx(np.log(1e-5), abs=1)
    wave = torch.zeros(1, 4096, requires_grad=True)
    (mel(wave).sum() + MelSpectrogram(GE2E_16K)(wave).sum()).backward()
    assert torch.isfinite(wave.grad).all()


def test_a_batch_is_its_rows_and_padding_reaches_only_the_last_frames():
    waves = torch.randn(3, 8192, generator=torch.Generator().manual_seed(0)) * 0.1
    mel = MelSpectrogram(HIFIGAN_22K)
    together = mel(waves)
    torch.testing.assert_close(together[1:2], mel(waves[1:2]))
    padded = mel(torch.nn.functional.pad(waves, (0, 5000)))
    torch.testing.assert_close(padded[:, :30], together[:, :30])


@pytest.mark.parametrize(
    "waveforms",
    [
        torch.zeros(16_000),
        torch.zeros(1, 384),
        torch.zeros(1, 0),
        torch.full((1, 9000), torch.nan),
        torch.zeros(1, 9000).int(),
    ],
)
def test_bad_waveforms_are_refused(waveforms):
    with pytest.raises(InputError, match="mel spectrogram"):
        MelSpectrogram()(waveforms)


@pytest.mark.parametrize(
    "change", [{"hop": 0}, {"window": 2048}, {"fmax": 12_000}, {"fmin": 9000}, {"padding": "wrap"}]
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ConfigError):
        dataclasses.replace(HIFIGAN_22K, **change)
