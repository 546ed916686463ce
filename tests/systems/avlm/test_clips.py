"""Recordings that could be used: what was heard and seen in each, and which are left out."""

from pathlib import Path

import numpy as np
import pytest

from espressivo.corpora.data import read_data
from espressivo.errors import InputError
from espressivo.systems.avlm.clips import read_clips
from espressivo.systems.avlm.noise import Noise
from tests.systems.avlm.making import clips, heard_in, items, recordings, seen_in

pytestmark = pytest.mark.usefixtures("made_up")

FILES = ("good.wav", "short.wav", "veiled.wav")


@pytest.fixture
def data(tmp_path):
    return read_data(recordings(tmp_path, *({"path": name, "speaker": name[0], "text": name} for name in FILES)))


def test_what_cannot_be_heard_is_left_out_and_named(data):
    found = read_clips(data)
    assert [item.text for item in found.items] == ["good.wav", "veiled.wav"]
    assert [name for name, _ in found.skipped] == ["short.wav"]
    assert found.speakers() == {"g", "v"}
    assert len(found.spoken(0)) >= 12


def test_who_is_not_seen_stays_unless_faces_are_needed(data):
    found = read_clips(data)
    assert [found.face(i) is None for i in range(2)] == [False, True]
    needed = read_clips(data, faces=True)
    assert [item.text for item in needed.items] == ["good.wav"]
    assert sorted(name for name, _ in needed.skipped) == ["short.wav", "veiled.wav"]


def test_nobody_looks_unless_that_is_wished(data):
    found = read_clips(data, look=False)
    assert len(found) == 2
    assert found.seen is None
    assert found.face(0) is None


def test_each_noise_is_heard(data):
    noises = [Noise(name, (Path("a.wav"),), (0.0, 1.0)) for name in ("hum", "hiss")]
    found = read_clips(data, noises=noises)
    assert len(found.heard) == 3
    assert {store.folder.name for store in found.heard} == {
        "avlm-spoken-permissive-1",
        "avlm-spoken-permissive-hum-1",
        "avlm-spoken-permissive-hiss-1",
    }
    assert len(found.spoken(0, noise=2)) == len(found.spoken(0))


def test_nothing_is_left(tmp_path):
    data = read_data(recordings(tmp_path, {"path": "short.wav"}))
    with pytest.raises(InputError, match=r"^no recording can be used: the first is short\.wav: "):
        read_clips(data)


def test_some_of_them():
    given = items("happy sad angry")
    one, three = given[0], given[2]
    found = clips(*given, faces=(three.id,)).only([2, 0])
    assert found.items == [three, one]
    np.testing.assert_array_equal(found.spoken(0).tokens.units, heard_in(three).tokens.units)
    np.testing.assert_array_equal(found.face(0).mouth, seen_in(three).mouth)
    assert found.face(1) is None
