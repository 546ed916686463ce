"""The network: what it sees, what it does not, and how it is kept."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from espressivo.errors import AssetError, InputError
from espressivo.systems.face_emotion.model import FaceConfig, FaceEmotionNet, batched
from espressivo.systems.face_emotion.person import Usual
from espressivo.systems.face_emotion.stream import statistics
from espressivo.training.checkpoint import save_model
from tests.systems.face_emotion.people import stream


def net(**changes: Any) -> FaceEmotionNet:
    torch.manual_seed(0)
    config = FaceConfig("test", "Apache-2.0", ("neutral", "happy", "sad"), **changes)
    made = FaceEmotionNet(config).eval()
    torch.nn.init.normal_(made.still.weight, std=0.1)
    made.become_used_to(Usual.of([stream(seed=seed) for seed in range(6)]))
    return made


def logits(net: FaceEmotionNet, *streams: np.ndarray) -> torch.Tensor:
    usual = [net.usual] * len(streams)
    with torch.inference_mode():
        return net(batched(streams, [statistics(s) for s in streams], usual, net.config.width > 0))


@pytest.mark.parametrize("width", [0, 8])
@pytest.mark.parametrize("change", [True, False])
def test_a_clip_is_judged_alike_alone_and_beside_longer_ones(width: int, change: bool) -> None:
    own = net(width=width, change=change)
    short, long = stream(20, 1), stream(70, 2)
    torch.testing.assert_close(logits(own, short, long)[0], logits(own, short)[0], atol=1e-5, rtol=1e-4)


def test_without_change_how_fast_a_face_moves_makes_no_difference() -> None:
    # The same frames in another order: the same levels, another change.
    x = stream(60, 3)
    mixed = x[np.random.default_rng(0).permutation(60)]
    calm = np.sort(x, axis=0)
    assert torch.allclose(
        logits(net(width=0, change=False), calm), logits(net(width=0, change=False), mixed), atol=1e-4
    )
    assert not torch.allclose(logits(net(width=0), calm), logits(net(width=0), mixed), atol=1e-2)


def test_what_is_usual_for_a_person_is_taken_out() -> None:
    own, clips = net(width=8), [stream(40, seed) for seed in range(5)]
    moved = [clip * np.float32(0.5) + np.float32(0.2) for clip in clips]
    p = own.probabilities(clips, [Usual.of(clips)] * 5)
    np.testing.assert_allclose(own.probabilities(moved, [Usual.of(moved)] * 5), p, atol=2e-3)
    assert np.abs(own.probabilities(moved) - own.probabilities(clips)).max() > 0.02


def test_what_is_usual_needs_several_clips() -> None:
    with pytest.raises(InputError, match="got 3 clips of a person: give at least 4"):
        Usual.of([stream()] * 3)


def test_temperature_makes_it_less_sure() -> None:
    own = net(width=0)
    before = own.probabilities([stream(50, 9)])
    own.temperature.fill_(5.0)
    after = own.probabilities([stream(50, 9)])
    assert after.max() < before.max()
    assert after.argmax() == before.argmax()
    np.testing.assert_allclose(after.sum(), 1, atol=1e-6)


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    own = net(width=8, odds=True)
    own.temperature.fill_(1.7)
    save_model(tmp_path, own, own.config, "# test")
    again = FaceEmotionNet.load(tmp_path)
    assert again.config == own.config
    np.testing.assert_array_equal(again.probabilities([stream()]), own.probabilities([stream()]))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"system": "voice-emotion"}, "holds a voice-emotion model, not face-emotion"),
        ({"emotions": []}, "holds no face-emotion model: config.json: it names no emotions"),
        ({"heads": 3}, "holds no face-emotion model: config.json: unknown key 'heads'"),
    ],
)
def test_another_model_is_refused(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    own = net(width=0)
    save_model(tmp_path, own, own.config, "# test")
    values = json.loads((tmp_path / "config.json").read_text()) | changes
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(AssetError, match=says):
        FaceEmotionNet.load(tmp_path)
