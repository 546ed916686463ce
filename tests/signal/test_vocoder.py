import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.signal.hifigan import HiFiGAN, HiFiGANConfig, HiFiGANGenerator, fold_weight_norm
from espressivo.signal.mel import HIFIGAN_22K, MelConfig, MelSpectrogram
from espressivo.signal.vocoder import Vocoder, vocoder

SMALL = HiFiGANConfig(n_mels=8, width=16, factors=(4, 2), kernels=(8, 4), block_kernels=(3, 5), dilations=(1, 3))


class SmallVocoder(Vocoder):
    """A HiFi-GAN with random weights, large enough to notice what its context holds."""

    mel = MelConfig(16_000, 64, 8, 64, 8, 0, 8000)
    context = SMALL.context

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.generator = HiFiGANGenerator(SMALL).eval()
        for parameter in self.generator.parameters():
            torch.nn.init.normal_(parameter, std=0.3 / parameter[0].numel() ** 0.5 if parameter.ndim > 1 else 0.1)

    def synthesise(self, mel: torch.Tensor) -> torch.Tensor:
        return self.generator(mel)


@pytest.fixture(scope="module")
def small() -> SmallVocoder:
    return SmallVocoder()


def random_mel(frames: int, batch: int = 1, bands: int = 8) -> torch.Tensor:
    return 3 * torch.randn(batch, frames, bands, generator=torch.Generator().manual_seed(frames))


def stream(model: Vocoder, mel: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    live = model.stream()
    parts = [live.push(chunk) for chunk in mel.split(sizes, dim=1)]
    return torch.cat([*parts, live.finish()], dim=1)


@pytest.mark.parametrize("frames", [1, 2, 50])
def test_each_frame_gives_one_hop_of_samples(small, frames):
    sound = small(random_mel(frames, batch=2))
    assert sound.shape == (2, frames * small.hop)
    assert sound.abs().max() <= 1
    assert (small.rate, small.hop) == (16_000, 8)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(1, 2))
def test_chunked_equals_whole(small, sizes, batch):
    mel = random_mel(sum(sizes), batch)
    torch.testing.assert_close(stream(small, mel, sizes), small(mel), atol=1e-5, rtol=0)


def test_with_less_context_chunks_would_show(small):
    hasty = SmallVocoder()
    hasty.context = 2
    mel = random_mel(40)
    assert (stream(hasty, mel, [10] * 4) - small(mel)).abs().max() > 1e-4


@pytest.mark.parametrize("config", [SMALL, dataclasses.replace(SMALL, factors=(3, 5), kernels=(9, 5))])
def test_no_sample_depends_on_frames_beyond_the_context(config):
    torch.manual_seed(0)
    generator = HiFiGANGenerator(config).double()
    mel = torch.randn(1, 81, 8, dtype=torch.double, requires_grad=True)
    hop = generator(mel).shape[1] // 81
    generator(mel)[0, 40 * hop : 41 * hop].abs().sum().backward()
    reached = torch.nonzero(mel.grad.abs().sum(dim=(0, 2)))[:, 0]
    assert 40 - config.context <= reached.min() < reached.max() <= 40 + config.context
    assert reached.max() - reached.min() >= config.context


def test_a_stream_keeps_only_its_context_and_can_be_used_again(small):
    live = small.stream()
    mel = random_mel(30)
    for _ in range(5):
        live.push(mel)
    assert live._kept.shape[1] == 2 * small.context
    live.finish()
    torch.testing.assert_close(torch.cat([live.push(mel), live.finish()], dim=1), small(mel), atol=1e-5, rtol=0)
    assert live.latency == pytest.approx(small.context * 8 / 16_000)


def test_a_batch_is_its_rows_and_padding_reaches_only_the_context(small):
    mel = random_mel(40, batch=3)
    together = small(mel)
    torch.testing.assert_close(together[1:2], small(mel[1:2]), atol=1e-5, rtol=0)
    padded = small(torch.nn.functional.pad(mel, (0, 0, 0, 25)))
    sure = (40 - small.context) * small.hop
    torch.testing.assert_close(padded[:, :sure], together[:, :sure], atol=1e-5, rtol=0)


def test_the_annotated_shapes_are_really_checked():
    from jaxtyping import TypeCheckError

    # Fails, too, when the module was imported before conftest.py could put the checks in.
    with pytest.raises(TypeCheckError):
        HiFiGANGenerator(SMALL)(torch.zeros(10, 8))


@pytest.mark.parametrize(
    "mel", [torch.zeros(10, 8), torch.zeros(1, 10, 80), torch.zeros(1, 0, 8), torch.full((1, 10, 8), torch.nan)]
)
def test_bad_mels_are_refused(small, mel):
    with pytest.raises(InputError, match="mel"):
        small(mel)


def test_a_stream_says_what_is_wrong(small):
    with pytest.raises(InputError, match="no frames"):
        small.stream().finish()
    live = small.stream()
    live.push(random_mel(3))
    with pytest.raises(InputError, match="batch"):
        live.push(random_mel(3, batch=2))


def test_unknown_names_are_refused():
    with pytest.raises(ConfigError, match="hifigan-universal"):
        vocoder("griffin-lim")
    with pytest.raises(ConfigError, match="bfloat16"):
        vocoder("hifigan-universal", precision="int8")


def test_folding_is_what_weight_norm_computes():
    plain = torch.nn.ConvTranspose1d(6, 4, 5)
    normed = torch.nn.utils.parametrizations.weight_norm(torch.nn.ConvTranspose1d(6, 4, 5))
    lengths, direction = (p.detach() for p in normed.parametrizations.weight.parameters())
    state = {"weight_g": 3 * lengths, "weight_v": direction, "bias": normed.bias.detach()}
    plain.load_state_dict(fold_weight_norm(state))
    torch.testing.assert_close(plain.weight, 3 * normed.weight)


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save({"generator": {"conv_pre.bias": torch.zeros(3)}}, tmp_path / "wrong.pt")
    with pytest.raises(AssetError, match=r"wrong\.pt"):
        _ = HiFiGAN(weights=tmp_path / "wrong.pt").generator


@pytest.mark.weights
def test_the_real_vocoder_returns_the_spectrogram_it_was_given(voice, noise, asset):
    import soxr

    weights = asset("hifigan-universal")
    wave = torch.from_numpy(soxr.resample(voice(180, 0.3) + 0.3 * noise[:4800], 16_000, 22_050))[None]
    features = MelSpectrogram(HIFIGAN_22K)
    mel = features(wave)
    model = HiFiGAN(weights=weights)
    assert (model.rate, model.hop, model.context) == (22_050, 256, 14)
    sound = model(mel)
    assert sound.shape == (1, 256 * mel.shape[1])
    assert (features(sound) - mel)[0, 4:-4].abs().mean() < 0.5
    torch.testing.assert_close(stream(model, mel, [15, 10]), sound, atol=1e-4, rtol=0)
    coarse = HiFiGAN("bfloat16", weights)(mel)
    assert coarse.dtype == torch.float32
    assert 10 * torch.log10(sound.square().sum() / (coarse - sound).square().sum()) > 12
