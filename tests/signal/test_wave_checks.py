import numpy as np
import pytest

from espressivo.errors import AssetError, InputError
from espressivo.signal.wave import checked_wave, refuse_silence
from espressivo.signal.weights import open_session, read_checkpoint


def test_a_good_wave_becomes_contiguous_float32():
    wave = checked_wave(np.linspace(-1, 1, 100)[::2], 16_000)
    assert wave.dtype == np.float32
    assert wave.flags.c_contiguous
    assert wave.shape == (50,)


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        (np.zeros(0), "at least"),
        (np.zeros(100), "at least 0.1 s"),
        (np.zeros((2, 16_000)), "mono"),
        (np.zeros(16_000, np.int16), "int16"),
        (np.zeros(16_000, complex), "complex"),
        (np.array(["a", "b"]), "mono"),
        (np.full(16_000, np.nan), "finite"),
        (np.r_[np.zeros(9000), np.inf, np.zeros(9000)], "finite"),
    ],
)
def test_a_bad_wave_is_refused_in_one_line(samples, word):
    with pytest.raises(InputError, match=word) as caught:
        checked_wave(samples, 16_000, shortest=0.1, task="the test")
    assert "\n" not in str(caught.value)
    assert "the test" in str(caught.value)


def test_silence_is_what_stays_below_minus_80_decibels():
    refuse_silence(np.array([0.0, 2e-4]), "the test")
    with pytest.raises(InputError, match="silence"):
        refuse_silence(np.array([0.0, -9e-5]), "the test")


def test_files_that_are_no_weights_are_refused_in_one_line(tmp_path):
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"not a model")
    for load in (open_session, lambda path: read_checkpoint(path, "generator")):
        with pytest.raises(AssetError, match=r"model\.onnx") as caught:
            load(broken)
        assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"generator": Evil()}))
    with pytest.raises(AssetError):
        read_checkpoint(tmp_path / "evil.pt", "generator")
    assert not (tmp_path / "ran").exists()
