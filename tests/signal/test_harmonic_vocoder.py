"""The harmonic vocoder with its weights: whole and in chunks, at its own melody and at others, and what it refuses."""

import numpy as np
import pytest
import soxr
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.systems.vocoder.making import SMALL, hum, random_folder, random_vocoder

from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.signal.harmonic import MEL, Melody
from espressivo.signal.harmonic_vocoder import HarmonicVocoder
from espressivo.signal.mel import MelSpectrogram
from espressivo.signal.pitch import Pitch, PitchTracker
from espressivo.signal.vocoder import vocoder


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> HarmonicVocoder:
    return random_vocoder(tmp_path_factory.mktemp("lively"))


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> HarmonicVocoder:
    """In double precision, where no rounding can hide a mistake."""
    made = random_vocoder(tmp_path_factory.mktemp("exact"))
    made.net.double()
    return made


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> HarmonicVocoder:
    """As training begins: it gives the mel's envelope back."""
    return random_vocoder(tmp_path_factory.mktemp("fresh"), lively=False)


def random_mel(frames: int, batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, frames, MEL.n_mels, generator=torch.Generator().manual_seed(frames)) / 2 - 4


def stream(model: HarmonicVocoder, mel: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    live = model.stream()
    parts = [live.push(chunk) for chunk in mel.split(sizes, dim=1)]
    return torch.cat([*parts, live.finish()], dim=1)


def vowel(frames: int) -> torch.Tensor:
    """A mel that falls towards the high bands and shows no harmonics: any melody fits it."""
    return torch.linspace(-2, -8, MEL.n_mels).expand(1, frames, -1)


def tracked(sound: torch.Tensor) -> Pitch:
    return PitchTracker()(soxr.resample(sound[0].numpy(), MEL.rate, 16_000))


def steady(hz: float, frames: int, voiced: float = 1.0) -> Melody:
    return Melody(torch.full((1, frames), hz), torch.full((1, frames), voiced))


@pytest.mark.parametrize("frames", [1, 2, 60])
def test_each_frame_gives_one_hop_of_samples(lively, frames):
    sound = lively(random_mel(frames, batch=2))
    assert sound.shape == (2, frames * lively.hop)
    assert (lively.rate, lively.hop) == (22_050, 256)
    assert not sound.requires_grad


def test_however_loud_it_stays_within_full_scale(lively):
    assert lively(random_mel(20) + 8).abs().max() == 1


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(1, 2))
def test_chunked_equals_whole(exact, sizes, batch):
    """Any chunks; what they differ by in fp32 is rounding, for here they do not."""
    mel = random_mel(sum(sizes), batch).double()
    torch.testing.assert_close(stream(exact, mel, sizes), exact(mel), atol=1e-6, rtol=0)


def test_chunked_differs_by_rounding_alone(lively):
    """In fp32 the high harmonics drift a little with the pitch's last digit."""
    mel = random_mel(200)
    torch.testing.assert_close(stream(lively, mel, [1, 7, 60, 32, 50, 50]), lively(mel), atol=5e-4, rtol=0)


def test_with_less_context_chunks_would_show(exact, monkeypatch):
    mel, enough = random_mel(120).double(), exact.context
    whole = exact(mel)
    monkeypatch.setattr(HarmonicVocoder, "context", property(lambda model: enough - 10))
    assert (stream(exact, mel, [40] * 3) - whole).abs().max() > 3e-5


def test_no_sample_depends_on_frames_further_ahead_than_the_context(exact):
    mel = random_mel(90).double()
    whole, sure = exact(mel), (60 - exact.context) * exact.hop
    for rest in (mel[:, 60:] + 1, mel[:, 60:61]):
        other = exact(torch.cat([mel[:, :60], rest], dim=1))
        torch.testing.assert_close(other[:, :sure], whole[:, :sure], atol=1e-9, rtol=0)
        assert (other[:, sure : 60 * exact.hop] - whole[:, sure : 60 * exact.hop]).abs().max() > 1e-3


def test_a_stream_keeps_only_its_context_and_can_be_used_again(exact):
    live, mel = exact.stream(), random_mel(40).double()
    for _ in range(5):
        live.push(mel)
        assert live._kept.shape[1] <= 2 * exact.context + 40
    live.finish()
    torch.testing.assert_close(torch.cat([live.push(mel), live.finish()], dim=1), exact(mel), atol=1e-6, rtol=0)
    assert live.latency == pytest.approx(exact.context * 256 / 22_050)


def test_a_batch_is_its_rows(exact):
    mel = random_mel(40, batch=3).double()
    torch.testing.assert_close(exact(mel)[1:2], exact(mel[1:2]), atol=1e-9, rtol=0)


def test_its_own_melody_is_the_one_that_is_sung(lively):
    mel = random_mel(50)
    assert torch.equal(lively.sing(mel, lively.net.read(mel)), lively(mel))


@pytest.mark.parametrize("hz", [110.0, 180.0, 310.0])
def test_another_melody_is_heard(fresh, hz):
    found = tracked(fresh.sing(vowel(100), steady(hz, 100)))
    assert found.voiced.mean() > 0.8
    assert found.median == pytest.approx(hz, rel=0.02)


def test_what_is_not_voiced_is_heard_as_a_whisper(fresh):
    assert tracked(fresh.sing(vowel(100), steady(150.0, 100, voiced=0.0))).voiced.mean() < 0.1


@pytest.mark.parametrize("mel", [torch.zeros(1, 9, 79), torch.zeros(1, 0, 80), torch.full((1, 9, 80), torch.nan)])
def test_bad_mels_are_refused_by_every_way_in(lively, mel):
    with pytest.raises(InputError, match="mel"):
        lively(mel)
    with pytest.raises(InputError, match="mel"):
        lively.sing(mel, steady(100.0, mel.shape[1]))
    if mel.shape[1]:  # a chunk of no frames is none
        live = lively.stream()
        live.push(mel)
        with pytest.raises(InputError, match="mel"):
            live.finish()


@pytest.mark.parametrize(
    ("melody", "said"),
    [
        (steady(100.0, 8), r"one pitch for each frame of the mel, got \(1, 8\) for a mel of \(1, 9, 80\)"),
        (Melody(torch.full((1, 9), 100.0), torch.ones(1, 8)), "one pitch for each frame"),
        (steady(0.0, 9), "above 0"),
        (steady(-100.0, 9), "above 0"),
        (steady(float("nan"), 9), "above 0"),
        (steady(12_000.0, 9), "up to 11025 Hz"),
    ],
)
def test_bad_melodies_are_refused(lively, melody, said):
    with pytest.raises(InputError, match=said):
        lively.sing(random_mel(9), melody)


def test_a_stream_says_what_is_wrong(lively):
    with pytest.raises(InputError, match="no frames"):
        lively.stream().finish()
    live = lively.stream()
    live.push(random_mel(3))
    with pytest.raises(InputError, match="batch"):
        live.push(random_mel(3, batch=2))


def test_another_precision_is_refused_by_name():
    with pytest.raises(ConfigError, match="float32, got 'bfloat16'"):
        vocoder(precision="bfloat16")
    with pytest.raises(ConfigError, match="float32, got 'int8'"):
        vocoder("harmonic", precision="int8")


def test_a_folder_that_holds_no_vocoder_is_refused(tmp_path):
    with pytest.raises(AssetError, match="is not a model's folder"):
        HarmonicVocoder(tmp_path / "nowhere")
    random_folder(tmp_path / "cut")
    (tmp_path / "cut" / "model.safetensors").write_bytes(b"")
    with pytest.raises(AssetError, match="does not hold this model's weights"):
        HarmonicVocoder(tmp_path / "cut")
    (tmp_path / "config.json").write_text('{"system": "toy"}')
    with pytest.raises(AssetError, match="holds a toy model, not vocoder"):
        HarmonicVocoder(tmp_path)


def test_the_config_says_how_large_it_is(tmp_path):
    model = random_vocoder(tmp_path)
    assert model.config.network == SMALL
    assert model.reach == 3 * 2
    assert model.context == 6 + 3 * 3 + 3


def test_the_vocoder_that_ships_gives_a_voice_back():
    from espressivo.systems.vocoder.task import shipped

    folder = shipped()
    if folder is None:
        pytest.skip("no vocoder ships: train one into checkpoints/vocoder")
    model, mel_of = vocoder(), MelSpectrogram(MEL)
    assert isinstance(model, HarmonicVocoder)
    mel = mel_of(torch.from_numpy(hum(180)).float()[None])
    sound = model(mel)
    assert (mel_of(sound) - mel)[0, 4:-4].abs().mean() < 0.6
    assert tracked(sound).median == pytest.approx(180, rel=0.02)
    assert np.mean(tracked(model.sing(mel, steady(120.0, mel.shape[1]))).voiced) > 0.8
