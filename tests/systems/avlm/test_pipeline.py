"""`AvlmReader` with made-up ears and eyes: what each sense says, and what is said where one of them is missing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from espressivo.errors import AssetError, ConfigError, EspressivoError, InputError
from espressivo.media.read import from_arrays
from espressivo.systems.avlm import pipeline as room
from espressivo.systems.avlm.feel import LEAST, FeelTask
from espressivo.systems.avlm.pipeline import AvlmReader
from espressivo.systems.avlm.seen import glance
from espressivo.training.checkpoint import save_model
from tests.systems.avlm.making import FEELINGS, clips, debug, items, lively, seen, spoken
from tests.systems.making import face


@pytest.fixture(scope="module")
def folder(lm, tmp_path_factory):
    """Of a model that knows FEELINGS."""
    place = tmp_path_factory.mktemp("model")
    people = [item for who in "abc" for item in items("neutral happy angry " * 2, speaker=who)]
    made = FeelTask(debug(lm, stage="emotion"), clips(*people))
    torch.manual_seed(0)
    made.export(made.build(), place)
    return place


@pytest.fixture
def reader(folder, monkeypatch):
    """It hears a feeling in how high the samples are, and sees it in how bright the pictures are."""

    def hears(sound):
        number = round(10 * float(sound.samples[0])) - 1
        if number < 0:
            raise InputError("there is only silence")
        return spoken(1.2, 500 + number, number)

    def looks(video, found):
        assert found == "followed"
        number = int(next(video.frames())[0, 0, 0]) // 50 - 1
        if number < 0:
            raise InputError("a face was seen in 0 frames only")
        return seen(40, 500 + number, number)

    monkeypatch.setattr(room, "track", lambda video: "followed")
    monkeypatch.setattr(room, "look", looks)
    made = AvlmReader(folder)
    made._ear = hears
    return made


def clip(voice=None, look=None, name="clip"):
    """Of somebody who sounds and looks so; "" is silence, or a picture of nobody."""
    numbers = [None if feeling is None else FEELINGS.index(feeling) + 1 if feeling else 0 for feeling in (voice, look)]
    sound = None if voice is None else (np.full(3200, numbers[0] / 10, np.float32), 16_000)
    video = None if look is None else (np.full((5, 8, 8, 3), 50 * numbers[1] + 10, np.uint8), 25.0)
    return from_arrays(sound=sound, video=video, name=name)


@pytest.mark.parametrize("feeling", FEELINGS)
def test_a_feeling_is_told_by_voice_by_face_and_by_both(reader, feeling):
    found = reader(clip(feeling, feeling))
    for scores in (found.voice, found.face, found.both, found.best):
        assert set(scores.probabilities) == set(FEELINGS)
        assert scores.top == feeling
    assert found.best is found.both


def test_each_sense_judges_for_itself(reader):
    found = reader(clip("happy", "angry"))
    assert (found.voice.top, found.face.top) == ("happy", "angry")
    assert found.voice.probabilities == pytest.approx(reader(clip("happy")).voice.probabilities, abs=1e-4)


@pytest.mark.parametrize("look", [None, ""])
def test_somebody_who_is_only_heard(reader, look):
    found = reader(clip("angry", look))
    assert (found.face, found.both) == (None, None)
    assert found.best.top == "angry"


@pytest.mark.parametrize("voice", [None, ""])
def test_somebody_who_is_only_seen(reader, voice):
    found = reader(clip(voice, "happy"))
    assert (found.voice, found.both) == (None, None)
    assert found.best.top == "happy"


@pytest.mark.parametrize(("voice", "look"), [(None, ""), ("", None), ("", "")])
def test_nobody_at_all(reader, voice, look):
    with pytest.raises(
        InputError, match=r"^neither speech nor a face was found in clip: give a clip with one of them$"
    ):
        reader(clip(voice, look))


def test_a_face_is_as_long_as_the_voice(reader):
    voice, look = reader.perceive(clip("happy", "happy"))
    assert len(voice) == len(look) == 30
    assert len(reader.perceive(clip(None, "happy"))[1]) == 40


def test_a_track_that_is_there_is_taken(reader, monkeypatch):
    given = face()
    monkeypatch.setattr(room, "track", lambda video: pytest.fail("followed again"))
    _, found = reader.perceive(clip(None, "happy"), given)
    np.testing.assert_array_equal(found.expression, glance(given).expression)
    assert reader.perceive(clip("happy", "happy"), face(present=False))[1] is None


@pytest.mark.parametrize("fps", [25.0, 30.0])
def test_a_model_that_looks_at_pictures_follows_a_face_again_at_its_own_rate(lm, reader, monkeypatch, fps):
    given, taken = replace(face(), fps=fps), []
    monkeypatch.setattr(room, "look", lambda video, found: taken.append(found) or seen())
    other = AvlmReader(reader.folder)
    other.net, other._ear = lively(lm, encoders=("pixels",)), reader._ear
    other.perceive(clip("happy", "happy"), given)
    assert taken == [given if fps == 25 else "followed"]


def test_a_model_that_does_not_look_follows_no_face(lm, reader, monkeypatch):
    monkeypatch.setattr(room, "track", lambda video: pytest.fail("followed"))
    other = AvlmReader(reader.folder)
    other.net, other._ear = lively(lm, fusion="none", emotions=FEELINGS), reader._ear
    assert other.perceive(clip("happy", "happy"))[1] is None


def test_a_recording_of_many_utterances_is_refused_though_there_is_a_face(folder, reader):
    plain = AvlmReader(folder)
    long = from_arrays(sound=(np.zeros(61 * 1000), 1000), video=(np.zeros((5, 8, 8, 3), np.uint8), 25.0))
    with pytest.raises(InputError, match="one turn at most 60 s"):
        plain(long)


# Somebody who is known


def of_one(count):
    return [clip(FEELINGS[n % 3], FEELINGS[n % 3]) for n in range(count)]


def test_whoever_is_known_is_judged_against_their_usual(reader):
    known = reader.adapt(of_one(6))
    assert set(known.habits) == {"voice", "face", "both"}
    assert reader.habits == {}
    assert known.net is reader.net
    for feeling in FEELINGS:
        assert known(clip(feeling, feeling)).both.top == feeling
    reader.net.head("voice").weight.zero_()  # that is of strangers
    assert known(clip("happy")).voice.top == "happy"


def test_few_clips_are_not_enough_to_know_somebody_by(reader):
    says = f"^got {LEAST - 1} clips with speech and a face: give at least {LEAST} to know somebody by$"
    with pytest.raises(InputError, match=says):
        reader.adapt([*of_one(LEAST - 1), clip("happy"), clip(None, "happy")])
    reader.adapt(of_one(LEAST))


# Weights


def test_licences_and_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("espressivo.assets.shipped.beside", lambda name: tmp_path / name)
    with pytest.raises(ConfigError, match="unknown licence 'free': choose one of permissive, any"):
        AvlmReader.from_pretrained(licence="free")
    for licence, name in room.CHECKPOINTS.items():
        with pytest.raises(AssetError, match=f"the checkpoint {name} is missing from this installation"):
            AvlmReader.from_pretrained(licence=licence)
        place = tmp_path / "checkpoints" / name
        place.mkdir(parents=True)
        assert AvlmReader.from_pretrained(licence=licence).folder == place
    assert AvlmReader.from_pretrained(folder=tmp_path).folder == tmp_path


def test_a_model_that_knows_no_emotions_says_so(lm, reader, tmp_path):
    net = lively(lm)
    save_model(tmp_path, net, net.config, "# Made")
    other = AvlmReader(tmp_path)
    other._ear = reader._ear
    with pytest.raises(EspressivoError, match="emotion") as caught:
        other(clip("happy"))
    assert "\n" not in str(caught.value)
