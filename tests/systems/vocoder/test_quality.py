"""Copy synthesis judged: what is counted, over what, and what is left out. The ear for voices is a made-up one."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espressivo.assets import OutOfReachError
from espressivo.corpora.data import read_data
from espressivo.errors import AssetError, InputError
from espressivo.media.read import from_arrays
from espressivo.signal.harmonic import MEL
from espressivo.signal.speaker import SpeakerEncoder
from espressivo.systems.vocoder import quality
from espressivo.systems.vocoder.copying import Stretch
from espressivo.systems.vocoder.quality import JUDGED, Copies, Voices, judged
from espressivo.verbs.evaluate import evaluate
from tests.synthetic import speechlike
from tests.systems.vocoder.making import random_folder, random_vocoder, recordings, table

SURE = ("log_mel_l1", "voicing_agreement", "speaker_cosine", "dnsmos", "dnsmos_original", "real_time_factor")


class Ear(SpeakerEncoder):
    """A voice is how strong it is in a few bands."""

    dim = 4

    def _embed(self, wave: np.ndarray) -> np.ndarray:
        power = np.abs(np.fft.rfft(wave))
        return np.array([band.mean() for band in np.array_split(power, self.dim)])


class Rating:
    """Of loudness."""

    def __call__(self, wave: np.ndarray) -> float:
        return float(np.abs(wave).mean())


@pytest.fixture(autouse=True)
def judges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "speaker_encoder", Ear)
    monkeypatch.setattr(quality, "DNSMOS", Rating)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = random_folder(tmp_path_factory.mktemp("model") / "random", lively=False)
    (folder / "training.json").write_text(json.dumps({"speakers": {"train": ["made-9"]}}))
    return folder


def test_one_command_judges_recordings(checkpoint: Path, tmp_path: Path) -> None:
    data = recordings(tmp_path / "data", speakers=3)
    soundfile.write(tmp_path / "data" / "silent.wav", np.zeros(MEL.rate), MEL.rate)
    soundfile.write(tmp_path / "data" / "short.wav", np.ones(200), MEL.rate)
    data.write_text(data.read_text() + "silent.wav,made-7\nshort.wav,made-7\nnowhere.wav,made-7\n")
    found = evaluate("vocoder", data, tmp_path / "r.json", checkpoint=checkpoint)
    assert (found.n, found.speakers) == (6, 3)
    assert set(SURE) <= found.metrics.keys()
    assert 0 < found.metrics["log_mel_l1"] < 2
    assert 0 < found.metrics["speaker_cosine"] <= 1
    assert found.metrics["real_time_factor"] > 0
    assert set(found.intervals) == set(found.metrics) - {"real_time_factor"}
    low, high = found.intervals["log_mel_l1"]
    assert low <= found.metrics["log_mel_l1"] <= high
    reasons = dict(found.skipped)
    assert reasons.keys() == {"silent.wav", "short.wav", "nowhere.wav"}
    assert "silence" in reasons["silent.wav"]
    assert "at least" in reasons["short.wav"]
    kept = json.loads((tmp_path / "r.json").read_text())
    assert kept["seconds_of_sound"] == pytest.approx(6, abs=0.1)
    assert kept["metrics"] == found.metrics


def test_those_whom_it_heard_are_not_judged(checkpoint: Path, tmp_path: Path) -> None:
    data = recordings(tmp_path / "data", speakers=1, first=9)
    with pytest.raises(InputError, match="made-9"):
        evaluate("vocoder", data, tmp_path / "r.json", checkpoint=checkpoint)


def test_nothing_that_can_be_judged_is_said(checkpoint: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(MEL.rate), MEL.rate)
    data = read_data(table(tmp_path, [{"path": "silent.wav", "speaker": "a"}]))
    with pytest.raises(InputError, match=r"no recording can be used: the first is silent\.wav: .*silence"):
        judged(checkpoint, data)
    with pytest.raises(AssetError, match="is not a model's folder"):
        judged(tmp_path / "nowhere", data)


def test_without_its_weights_there_is_no_rating(checkpoint: Path, tmp_path: Path, monkeypatch) -> None:
    def absent() -> None:
        raise OutOfReachError("no source has it")

    monkeypatch.setattr(quality, "DNSMOS", absent)
    found = judged(checkpoint, read_data(recordings(tmp_path)))
    assert found.n == 4
    assert not {"dnsmos", "dnsmos_original"} & (found.metrics.keys() | found.intervals.keys())
    assert {"log_mel_l1", "speaker_cosine"} <= found.metrics.keys()


def test_pictures_alone_are_refused(tmp_path: Path) -> None:
    film = from_arrays(video=(np.zeros((5, 8, 8, 3), np.uint8), 25.0), name="film")
    with pytest.raises(InputError, match="film has no sound"):
        Copies(random_vocoder(tmp_path))(film)


def copies_of(monkeypatch: pytest.MonkeyPatch, folder: Path, *stretches: Stretch) -> dict[str, float]:
    monkeypatch.setattr(quality, "copied", lambda sound, vocoder: iter(stretches))
    clip = from_arrays(sound=(stretches[0].heard, MEL.rate), name="babble")
    found = Copies(random_vocoder(folder))(clip)
    assert found["seconds"] == pytest.approx([sum(len(s.heard) for s in stretches) / MEL.rate, len(stretches)])
    return dict(zip(JUDGED, found["judged"], strict=True))


def test_a_perfect_copy_is_perfect(tmp_path: Path, monkeypatch) -> None:
    wave = speechlike(1.5, MEL.rate)
    found = copies_of(monkeypatch, tmp_path, Stretch(wave, wave, 1.0))
    assert found["log_mel_l1"] == 0
    assert [found[name] for name in ("f0_correlation", "voicing_agreement", "speaker_cosine")] == pytest.approx([1] * 3)
    assert found["dnsmos"] == found["dnsmos_original"] > 0


def test_the_copy_is_told_from_the_recording(tmp_path: Path, monkeypatch) -> None:
    wave = speechlike(1.5, MEL.rate)
    found = copies_of(monkeypatch, tmp_path, Stretch(wave, 0.5 * wave, 1.0))
    assert found["dnsmos"] == pytest.approx(found["dnsmos_original"] / 2, rel=1e-3)
    assert 0.3 < found["log_mel_l1"] <= np.log(2)
    assert found["speaker_cosine"] == pytest.approx(1)


def test_stretches_count_as_they_are_long(tmp_path: Path, monkeypatch) -> None:
    long, short = speechlike(3.0, MEL.rate), speechlike(1.0, MEL.rate)
    one = copies_of(monkeypatch, tmp_path / "a", Stretch(long, long, 1.0), Stretch(short, 0.5 * short, 1.0))
    other = copies_of(monkeypatch, tmp_path / "b", Stretch(short, 0.5 * short, 1.0))
    assert one["log_mel_l1"] == pytest.approx(other["log_mel_l1"] / 4, rel=1e-3)


def test_a_silent_stretch_says_nothing_of_the_voice_and_a_silent_copy_does() -> None:
    voice, silence = speechlike(1.0), np.zeros(16_000, np.float32)

    def cosine(*pairs: tuple[np.ndarray, np.ndarray]) -> float:
        voices = Voices(Ear())
        for pair in pairs:
            voices.add(*pair)
        return voices.cosine()

    assert cosine((voice, voice), (silence, silence)) == cosine((silence, voice), (voice, voice)) == pytest.approx(1)
    assert cosine((voice, silence)) == 0
    with pytest.raises(InputError, match="silence"):
        cosine((silence, voice))


def test_recordings_without_a_melody_count_for_all_the_rest() -> None:
    values = np.array([[0.1, np.nan, 0.9, 0.8, np.nan, np.nan], [0.3, 0.5, 0.7, 0.6, np.nan, np.nan]])
    metrics, intervals = quality._means(values, ["a", None])
    assert metrics == pytest.approx(
        {"log_mel_l1": 0.2, "f0_correlation": 0.5, "voicing_agreement": 0.8, "speaker_cosine": 0.7}
    )
    assert intervals.keys() == metrics.keys()
    assert intervals["f0_correlation"] == (0.5, 0.5)


@pytest.mark.weights
def test_real_ears_hear_a_voice_in_its_copy(asset, say, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.undo()
    for name in ("wespeaker-resnet34", "dnsmos"):
        asset(name)
    soundfile.write(tmp_path / "said.wav", say("She sells sea shells by the shore."), 16_000)
    data = read_data(table(tmp_path, [{"path": "said.wav", "speaker": "a"}]))
    found = judged(random_folder(tmp_path / "model", lively=False), data)
    assert 0 < found.metrics["speaker_cosine"] < 1
    assert 1 < found.metrics["dnsmos"] < found.metrics["dnsmos_original"] < 5
