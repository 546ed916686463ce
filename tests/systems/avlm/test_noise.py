"""Speech in noise: as loud as is wished, the same for the same clip, and from the recordings that are named."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.clip import SPEECH_RATE
from espressivo.errors import ConfigError, InputError
from espressivo.media.read import from_arrays
from espressivo.systems.avlm.noise import TALKERS, Noise, at_ratio, esc10, mixed
from tests.synthetic import speechlike, tone


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Six hums; one of them is shorter than what is said."""
    folder = tmp_path_factory.mktemp("noise")
    for n in range(6):
        soundfile.write(folder / f"{n}.wav", tone(0.5 if n == 3 else 3.0, hz=300 + 100 * n), SPEECH_RATE)
    return tuple(sorted(folder.glob("*.wav")))


def said(seconds=1.5, rate=SPEECH_RATE):
    return from_arrays(sound=(speechlike(seconds, rate, level=0.2), rate)).sound


def decibel(speech, both):
    return 10 * np.log10(np.mean(np.square(speech)) / np.mean(np.square(both - speech)))


@settings(deadline=None, max_examples=30)
@given(wanted=st.floats(-20, 30), level=st.floats(0.01, 5), seed=st.integers(0, 9))
def test_speech_stands_so_far_above_the_noise(wanted, level, seed):
    random = np.random.default_rng(seed)
    speech, noise = 0.05 * random.normal(size=4000), level * random.normal(size=4000)
    both = at_ratio(speech.astype(np.float32), noise, wanted)
    assert both.dtype == np.float32
    assert np.abs(both).max() <= 1
    scale = both @ (speech * (noise @ noise) - noise * (speech @ noise))  # what is left of the speech
    scale /= (speech @ speech) * (noise @ noise) - (speech @ noise) ** 2
    assert decibel(scale * speech, both.astype(np.float64)) == pytest.approx(wanted, abs=0.02)


def test_silence_stays_silence():
    silent = np.zeros(100, np.float32)
    assert not at_ratio(silent, np.ones(100), 0.0).any()
    np.testing.assert_array_equal(at_ratio(silent + 0.5, silent, 0.0), silent + 0.5)


@pytest.mark.parametrize("talkers", [1, TALKERS, 9])
def test_a_clip_is_heard_in_noise(files, talkers):
    given = said()
    both = mixed(given, Noise("hum", files, (5.0, 5.0), talkers), "a")
    assert (both.rate, len(both)) == (SPEECH_RATE, len(given))
    assert decibel(given.samples, both.samples) == pytest.approx(5, abs=0.05)


def test_how_loud_is_drawn_from_the_range(files):
    given = said()
    drawn = [decibel(given.samples, mixed(given, Noise("hum", files, (0.0, 10.0)), f"{n}").samples) for n in range(12)]
    assert -0.1 < min(drawn) < 3
    assert 7 < max(drawn) < 10.1


def test_babble_is_of_several_voices(files):
    given = said()
    heard = mixed(given, Noise("babble", files[:3], (0.0, 0.0), 3), "a").samples - given.samples
    power = np.abs(np.fft.rfft(heard))[np.array([300, 400, 500]) * len(heard) // SPEECH_RATE]
    assert power.min() > 0.3 * power.max()


def test_the_same_clip_is_heard_in_the_same_noise(files):
    noise = Noise("hum", files, (-5.0, 15.0))
    one, again, other = (mixed(said(), noise, name).samples for name in ("a", "a", "b"))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01
    for changed in (Noise("hum", files, (-5.0, 15.0), seed=1), Noise("hiss", files, (-5.0, 15.0))):
        assert np.abs(mixed(said(), changed, "a").samples - one).max() > 0.01


def test_speech_of_another_rate_comes_at_ours(files):
    assert len(mixed(said(1.0, 8000), Noise("hum", files, (0.0, 0.0)), "a").samples) == SPEECH_RATE


def test_a_noise_that_is_gone(files, tmp_path):
    with pytest.raises(InputError):
        mixed(said(), Noise("hum", (tmp_path / "gone.wav",), (0.0, 0.0)), "a")


@pytest.mark.parametrize("wrong", [{"files": ()}, {"decibel": (1.0, 0.0)}, {"talkers": 0}])
def test_noises_that_there_cannot_be(wrong):
    with pytest.raises(ConfigError, match=r"^the noise 'hum' needs files, a talker at least, and a range of decibels$"):
        Noise(**{"name": "hum", "files": (Path("a.wav"),), "decibel": (0.0, 1.0)} | wrong)


def test_the_folds_of_a_corpus_stand_in_the_names_of_its_files(tmp_path):
    names = ["1-17-A-0.wav", "2-18-B-1.ogg", "5-19-A-1.wav", "15-2-A-0.wav", "notes.txt"]
    for name in names:
        (tmp_path / "audio").mkdir(exist_ok=True)
        (tmp_path / "audio" / name).touch()
    assert [path.name for path in esc10(tmp_path, (1, 2, 3))] == names[:2]
    assert [path.name for path in esc10(tmp_path, (5,))] == names[2:3]
    assert esc10(tmp_path, (4,)) == ()
