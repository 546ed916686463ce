"""Probes of a made-up data set: what the prosody tells, and what it was made from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from espressivo.corpora.data import read_data
from espressivo.errors import InputError
from espressivo.systems.prosody2vec import quality
from espressivo.systems.prosody2vec import task as room
from espressivo.systems.prosody2vec.quality import judged, probed
from espressivo.training.checkpoint import save_model
from tests.systems.prosody2vec.making import items, lively, recordings, sounding

pytestmark = pytest.mark.usefixtures("made_up")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers who are neutral and happy five times each, on two sentences."""
    return recordings(tmp_path_factory.mktemp("data"), each=5, emotions=("neutral", "happy"))


def test_probes_of_a_data_set(data, tmp_path):
    net = lively(emotions=("neutral", "happy"))
    save_model(tmp_path, net, net.config, "# Made")
    sounding(data.parent / "short.wav", 0.3)
    listed = data.with_name("one-too-short.csv")
    listed.write_text(data.read_text() + "short.wav,made-0,,\n")
    found = room.evaluate(tmp_path, read_data(listed))
    assert (found.n, found.speakers) == (20, 2)
    assert [name for name, _ in found.skipped] == ["short.wav"]
    kinds = ("prosody", "content", "mel", "voice")
    told = {f"{label}_from_{kind}" for label in ("speaker", "emotion", "sentence") for kind in kinds}
    assert set(found.metrics) == told | {"speaker_chance", "emotion_chance", "sentence_chance"}
    assert all(0 <= value <= 1 for value in found.metrics.values())
    # Voices and feelings are planted in the recordings: in the mel both, in the voice the speaker alone.
    assert found.metrics["speaker_from_voice"] == found.metrics["speaker_from_mel"] == 1
    assert found.metrics["emotion_from_mel"] > 0.85 > 0.75 > found.metrics["emotion_from_content"]
    assert found.metrics["emotion_chance"] == 0.5


def test_where_there_is_nothing_to_ask_after(tmp_path):
    with pytest.raises(InputError, match="speakers, sentences or emotions with 10 recordings"):
        judged(lively(), read_data(recordings(tmp_path, each=4, emotions=("neutral", "happy"))))


def test_labels_that_are_rare_are_not_asked_after(monkeypatch):
    known = [replace(item, id=str(n)) for n, item in enumerate(items("happy " * 10 + "sad " * 10 + "angry " * 9))]
    people = [replace(item, speaker=f"s{n % 3}") for n, item in enumerate(known)]
    x = np.random.default_rng(0).normal(size=(29, 4)).astype(np.float32)
    x[:10] += 4
    found = probed("emotion", [item.emotion for item in people], people, {"prosody": x})
    assert found["emotion_chance"] == 0.5  # two are left
    assert found["emotion_from_prosody"] > 0.9
    # Feelings are judged on speakers who are new; speakers themselves cannot be.
    given = []
    monkeypatch.setattr(quality, "probe", lambda x, labels, groups: given.append(groups))
    for label in ("emotion", "speaker"):
        probed(label, [item.emotion for item in people], people, {"prosody": x})
    assert given == [[item.speaker for item in people[:20]], None]
    assert probed("emotion", [None] * 29, people, {"prosody": x}) == {}
