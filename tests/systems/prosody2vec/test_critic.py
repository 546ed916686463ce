"""The critic: what it hears is what Whisper would, nearly; Whisper is no part of it; gradients pass."""

import numpy as np
import pytest
import soxr
import torch

from espressivo.signal.mel import MelSpectrogram
from espressivo.signal.whisper import WHISPER_16K, whisper_mels
from espressivo.systems.prosody2vec.critic import Critic, as_whisper_hears, pooled
from espressivo.systems.prosody2vec.encoder import SEEN
from espressivo.systems.prosody2vec.parts import LEVEL, MEL, PAIR

pytestmark = pytest.mark.usefixtures("made_up")


def voiced(seconds: float = 3.0) -> np.ndarray:
    """A gliding buzz that comes and goes, and some noise."""
    times = np.arange(round(seconds * MEL.rate)) / MEL.rate
    phase = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * times)) / MEL.rate
    buzz = sum(np.sin(k * phase) / k for k in range(1, 30)) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * times))
    return (0.1 * buzz + 1e-3 * np.random.default_rng(0).normal(size=len(times))).astype(np.float32)


def test_our_mel_is_brought_to_whispers_own():
    wave = voiced()
    ours = MelSpectrogram(MEL)(torch.from_numpy(wave)[None])
    ours = ours[:, : ours.shape[1] // PAIR * PAIR]
    found = as_whisper_hears((ours - ours.mean() + LEVEL).reshape(1, -1, PAIR * MEL.n_mels))[0].numpy()
    theirs = whisper_mels(soxr.resample(wave, MEL.rate, 16_000), MelSpectrogram(WHISPER_16K))[0].numpy()
    assert abs(len(found) - 300) <= 2
    found, theirs = found[10:290], theirs[10:290]
    assert np.corrcoef(found.ravel(), theirs.ravel())[0, 1] > 0.9
    away = found - found.mean() - theirs + theirs.mean()  # the level is another matter
    assert np.abs(away).mean() < 0.15


def test_what_it_hears_through_is_not_among_its_weights():
    critic = Critic(3)
    assert not any("whisper" in name or "blocks.0.attn" in name for name in critic.state_dict())
    assert sum(weight.numel() for weight in critic.parameters()) < 1_000_000


def test_both_say_something_of_every_emotion_and_gradients_pass():
    critic, mel = Critic(4).eval(), torch.randn(2, 86, PAIR * MEL.n_mels, requires_grad=True)
    said = critic(mel, torch.randn(2, 86, SEEN), torch.ones(2, 86))
    assert said.shape == (2, 2, 4)
    said.sum().backward()
    assert mel.grad is not None
    assert mel.grad.abs().sum() > 0


def test_what_is_masked_does_not_count():
    x = torch.randn(1, 10, 3)
    weight = (torch.arange(10) < 6).float()[None, :, None].expand_as(x)
    torch.testing.assert_close(pooled(x, weight)[:, :3], x[:, :6].mean(1))
    other = torch.cat([x[:, :6], 99 * torch.ones(1, 4, 3)], dim=1)
    torch.testing.assert_close(pooled(other, weight), pooled(x, weight))
