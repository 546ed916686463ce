"""Speech as a value: checked, read-only, and marked when written."""

import numpy as np
import pytest

from espressivo.errors import InputError, OutputError
from espressivo.media.provenance import detect
from espressivo.media.read import read
from espressivo.media.speech import Speech


@pytest.fixture(scope="module")
def speech():
    from hibari import Hibari

    return Speech(
        np.asarray(Hibari(voice="heart")("Good evening, I am glad that you are here with us.", seed=0), np.float32),
        24_000,
    )


def test_it_says_what_it_is(speech):
    assert repr(Speech(np.zeros(52_920, np.float32), 22_050)) == "Speech(2.4 s, 22.05 kHz)"
    assert "not marked" in repr(Speech(np.zeros(100), 8000, mark=False))
    assert speech.duration == len(speech.samples) / 24_000


def test_its_samples_are_its_own():
    given = np.zeros(100, np.float32)
    speech = Speech(given, 8000)
    given[0] = 1
    assert speech.samples[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        speech.samples[0] = 1


def test_another_rate(speech):
    slower = speech.at(16_000)
    assert (slower.rate, slower.mark) == (16_000, True)
    assert slower.duration == pytest.approx(speech.duration, abs=1e-3)
    assert speech.at(24_000) is speech


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "m4a", "ogg", "opus"])
def test_every_format_carries_both_marks(speech, tmp_path, suffix):
    path = tmp_path / f"réply 1.{suffix}"
    speech.save(path)
    assert read(path).duration == pytest.approx(speech.duration, abs=0.1)
    mark = detect(path)
    assert mark.synthetic is True
    assert mark.watermark
    assert mark.reason == "marked as synthetic by espressivo (metadata and watermark)"


def test_marks_can_be_left_out(speech, tmp_path):
    speech.save(tmp_path / "a.wav", mark=False)
    Speech(speech.samples, speech.rate, mark=False).save(tmp_path / "b.wav")
    for name in ("a.wav", "b.wav"):
        mark = detect(tmp_path / name)
        assert (mark.synthetic, mark.metadata, mark.watermark) == (False, None, False)
    Speech(speech.samples, speech.rate, mark=False).save(tmp_path / "c.wav", mark=True)
    assert detect(tmp_path / "c.wav").synthetic


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.zeros(0), 16_000),
        (np.zeros((1, 10)), 16_000),
        (np.full(10, np.inf), 16_000),
        (np.full(10, 32_767.0), 16_000),
        (np.zeros(10), 0),
    ],
)
def test_what_is_not_speech_is_refused(samples, rate):
    with pytest.raises(InputError) as caught:
        Speech(samples, rate)
    assert "\n" not in str(caught.value)


def test_where_it_cannot_be_written(speech, tmp_path):
    with pytest.raises(OutputError):
        speech.save(tmp_path / "reply.xyz")
    with pytest.raises(OutputError):
        speech.save(tmp_path / "missing" / "reply.wav")
    assert list(tmp_path.iterdir()) == []
