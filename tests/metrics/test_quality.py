"""Ratings without a reference, and how near one melody is to another."""

import numpy as np
import pytest

from espressivo.errors import AssetError, InputError
from espressivo.metrics import quality
from espressivo.metrics.quality import DNSMOS, STEP, WINDOW, melody_agreement

HZ = np.array([0, 0, 100, 110, 120, 130, 0, 140], np.float32)


class Network:
    """In place of the real one: three ratings of each window, the last the sound's mean."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def run(self, names: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.seen.append(inputs["input_1"])
        return [np.array([[9.0, 9.0, inputs["input_1"].mean()]], np.float32)]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Network:
    made = Network()
    monkeypatch.setattr(quality, "open_session", lambda path: made)
    monkeypatch.setattr(quality, "fetch", lambda name: tmp_path)
    return made


def calibrated(raw: float) -> float:
    return -0.06766283 * raw**2 + 1.11546468 * raw + 0.04602535


@pytest.mark.parametrize(("samples", "windows"), [(WINDOW, 1), (WINDOW + STEP - 1, 1), (WINDOW + 2 * STEP, 3)])
def test_there_is_a_look_for_each_second(network, samples, windows):
    assert DNSMOS()(np.full(samples, 0.5, np.float32)) == pytest.approx(calibrated(0.5))
    assert [looked.shape for looked in network.seen] == [(1, WINDOW)] * windows


def test_the_looks_are_rated_one_by_one(network):
    wave = np.concatenate([np.zeros(STEP), np.full(WINDOW, 0.5)]).astype(np.float32)
    first = calibrated(0.5 * (1 - STEP / WINDOW))
    assert DNSMOS()(wave) == pytest.approx((first + calibrated(0.5)) / 2)


def test_a_short_sound_is_repeated(network):
    wave = np.linspace(-1, 1, 1000).astype(np.float32)
    DNSMOS()(wave)
    (seen,) = network.seen
    assert np.array_equal(seen[0, 1000:2000], wave)
    assert seen.shape == (1, WINDOW)


@pytest.mark.parametrize("wave", [np.zeros(0, np.float32), np.full(9, np.nan, np.float32), np.zeros(9, np.int16)])
def test_what_is_no_sound_is_refused(network, wave):
    with pytest.raises(InputError, match="a rating of quality"):
        DNSMOS()(wave)


def test_what_is_no_network_is_refused(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"no")
    with pytest.raises(AssetError, match="is not an ONNX model"):
        DNSMOS(tmp_path / "no.onnx")


@pytest.mark.weights
def test_clean_speech_is_rated_above_noisy(asset, say):
    rating, wave = DNSMOS(asset("dnsmos")), say("The quick brown fox jumps over the lazy dog, and is gone.")
    noise = np.random.default_rng(0).normal(0, 0.05, len(wave)).astype(np.float32)
    assert 1 < rating(wave + noise) < rating(wave) - 0.5 < 4.5


def test_the_same_melody_agrees():
    assert melody_agreement(HZ, HZ) == (pytest.approx(1), 1)
    assert melody_agreement(HZ, 2 * HZ) == (pytest.approx(1), 1)


def test_a_melody_upside_down_does_not():
    assert melody_agreement(HZ, np.where(HZ > 0, 300 - HZ, 0)) == (pytest.approx(-1), 1)


def test_voicing_is_counted_by_frames_and_pitch_where_both_have_one():
    other = HZ.copy()
    other[[0, 2]] = 999, 0
    correlation, voicing = melody_agreement(HZ, other)
    assert correlation == pytest.approx(1)
    assert voicing == 6 / 8


def test_what_one_has_more_does_not_count():
    assert melody_agreement(HZ, HZ[:5]) == (pytest.approx(1), 1)
    assert melody_agreement(HZ[:5], np.append(HZ[:5], 77)) == (pytest.approx(1), 1)


@pytest.mark.parametrize("other", [np.zeros(8), np.array([0, 0, 100, 110, 0, 0, 0, 0]), np.full(8, 200.0)])
def test_where_hardly_anything_is_sung_or_moves_nothing_is_said_of_the_melody(other):
    correlation, voicing = melody_agreement(HZ, other)
    assert np.isnan(correlation)
    assert 0 <= voicing <= 1
