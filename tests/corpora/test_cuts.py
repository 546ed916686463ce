"""Items as Lhotse's cuts: Lhotse reads what we write, and we read what Lhotse writes."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from espressivo.clip import Word
from espressivo.corpora.cuts import cut_of, item_of
from espressivo.corpora.data import read_data, write_data
from espressivo.corpora.item import Item
from espressivo.corpora.recorded import Picture, Recorded, examine, seconds_of
from espressivo.errors import InputError
from tests.synthetic import tone, write_clip

from .making import wav

lhotse = pytest.importorskip("lhotse")


def full(folder: Path) -> Item:
    return Item(
        "a/one",
        wav(folder / "a.wav", 2.0),
        0.1,
        1.3,
        "corpus-anna",
        "hello you",
        "en",
        "sad",
        part="train",
        words=(Word("hello", 0.1, 0.4), Word("you", 0.4, 0.9, 0.5)),
        notes={"take": "2"},
    )


def test_there_and_back(tmp_path: Path) -> None:
    items = [full(tmp_path), Item("whole", tmp_path / "a.wav"), Item("rest", tmp_path / "a.wav", 0.7)]
    assert write_data(tmp_path / "d.jsonl.gz", items) == 3
    back = list(read_data(tmp_path / "d.jsonl.gz"))
    assert [Item(**{k: v for k, v in vars(item).items() if k != "medium"}) for item in back] == items
    assert [seconds_of(item) for item in back] == pytest.approx([1.2, 2.0, 1.3])
    assert (back[0].medium.rate, back[0].medium.samples, back[0].medium.channels) == (16_000, 32_000, 1)


def test_the_same_items_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("d.jsonl.gz", "e.jsonl.gz"):
        write_data(tmp_path / name, [full(tmp_path)])
    assert (tmp_path / "d.jsonl.gz").read_bytes() == (tmp_path / "e.jsonl.gz").read_bytes()


@pytest.mark.parametrize("name", ["d.jsonl.gz", "d.jsonl"])
def test_lhotse_reads_it(tmp_path: Path, name: str) -> None:
    from lhotse import CutSet
    from lhotse.qa import validate

    stereo = Item("two channels", wav(tmp_path / "b.wav", 1.0, channels=2), emotion="happy")
    write_data(tmp_path / name, [full(tmp_path), stereo])
    cuts = CutSet.from_file(tmp_path / name)
    one, two = cuts
    validate(cuts.to_eager(), read_data=True)
    said = one.supervisions[0]
    assert (one.id, one.start, one.duration, one.part) == ("a/one", 0.1, pytest.approx(1.2), "train")
    assert (said.speaker, said.text, said.language, said.emotion) == ("corpus-anna", "hello you", "en", "sad")
    assert [(word.symbol, word.start, word.end) for word in said.alignment["word"]] == [
        ("hello", 0.1, pytest.approx(0.4)),
        ("you", 0.4, pytest.approx(0.9)),
    ]
    expected = tone(2.0)[1600:20_800]
    assert np.abs(one.load_audio()[0] - expected).max() < 1e-4
    assert two.load_audio().shape == (2, 16_000)


def test_a_set_made_with_lhotse(tmp_path: Path) -> None:
    from lhotse import CutSet, Recording, SupervisionSegment

    recording = Recording.from_file(wav(tmp_path / "a.wav", 2.0))
    said = SupervisionSegment("s", "a", 0.25, 1.0, speaker="anna", text="hi", custom={"emotion": "Anger"})
    bare, cut = recording.to_cut(), recording.to_cut().truncate(offset=0.5, duration=1.0)
    cut.supervisions = [said]
    CutSet.from_cuts([bare, cut]).to_file(tmp_path / "d.jsonl.gz")
    whole, piece = read_data(tmp_path / "d.jsonl.gz")
    assert (whole.speaker, whole.start, whole.end) == (None, 0.0, None)
    assert (piece.speaker, piece.text, piece.emotion, piece.start, piece.end) == ("anna", "hi", "angry", 0.5, 1.5)
    sound = piece.clip().sound
    assert sound is not None
    assert np.abs(sound.samples - tone(2.0)[8_000:24_000]).max() < 1e-4


def test_a_relative_path_is_looked_for_beside_the_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = cut_of(Item("a", wav(tmp_path / "a.wav")))
    cut["recording"]["sources"][0]["source"] = "a.wav"
    assert item_of(cut, tmp_path).path == tmp_path / "a.wav"
    monkeypatch.chdir(tmp_path)
    assert item_of(cut, tmp_path / "elsewhere").path == Path("a.wav")


def test_a_silent_video(tmp_path: Path) -> None:
    from lhotse import CutSet

    item = Item("mute", write_clip(tmp_path / "mute.mp4", 1.0, face=False, speech=False, size=64))
    write_data(tmp_path / "d.jsonl", [item])
    (back,) = read_data(tmp_path / "d.jsonl")
    assert isinstance(back, Recorded)
    assert back.medium.channels == 0
    assert back.medium.picture == Picture(25.0, 25, 64, 64)
    assert back.clip().sound is None
    (cut,) = CutSet.from_file(tmp_path / "d.jsonl")
    assert (cut.duration, cut.recording.video.num_frames, cut.silent) == (1.0, 25, True)


def test_a_face_and_what_is_no_face(tmp_path: Path) -> None:
    sound, film = wav(tmp_path / "a.wav", 1.0), write_clip(tmp_path / "f.mp4", 1.0, face=False, speech=False, size=64)
    write_data(tmp_path / "d.jsonl", [Item("a", sound, face=film)])
    (back,) = read_data(tmp_path / "d.jsonl")
    clip = back.clip()
    assert (clip.sound is not None, clip.video is not None) == (True, True)
    with pytest.raises(InputError, match="has no pictures"):
        examine(Item("a", film, face=sound))


def test_pictures_that_go_on_after_the_sound_are_kept(tmp_path: Path) -> None:
    from espressivo.media.encode import write_video

    frames = [np.full((64, 64, 3), n, np.uint8) for n in range(50)]
    write_video(tmp_path / "f.mp4", frames, 25.0, tone(1.0), 16_000)
    given = [Item("all", tmp_path / "f.mp4"), Item("some", tmp_path / "f.mp4", 0.5, 1.8)]
    write_data(tmp_path / "d.jsonl", given)
    back = list(read_data(tmp_path / "d.jsonl"))
    assert [(item.start, item.end) for item in back] == [(0.0, None), (0.5, 1.8)]
    assert [len(item.clip().video or ()) for item in back] == [50, 32]


def line(tmp_path: Path, **changes: object) -> str:
    cut = cut_of(full(tmp_path))
    custom = changes.pop("recording", {})
    cut["recording"] |= custom
    return json.dumps({**cut, **changes})


def test_what_cannot_be_used_is_named_by_its_line(tmp_path: Path) -> None:
    two = [{"id": "s", "start": 0, "duration": 1, "speaker": who} for who in ("anna", "ben")]
    lost = [{"type": "url", "channels": [0], "source": "http://example.org/a.wav"}]
    sad = [{"id": "s", "start": 0, "duration": 1, "custom": {"emotion": "sadd"}}]
    cases = {
        "is no cut of one recording": line(tmp_path, type="MixedCut"),
        "several people speak": line(tmp_path, supervisions=two),
        "not one untouched file": line(tmp_path, recording={"sources": lost}),
        "unknown emotion 'sadd'": line(tmp_path, supervisions=sad),
        "is not a cut": "{",
        "is not a cut (KeyError": json.dumps({"type": "MonoCut", "recording": {"id": "r"}}),
    }
    for says, bad in cases.items():
        (tmp_path / "d.jsonl").write_text(line(tmp_path) + "\n\n" + bad + "\n")
        with pytest.raises(InputError) as caught:
            list(read_data(tmp_path / "d.jsonl"))
        assert says in str(caught.value)
        assert "d.jsonl' line 3" in str(caught.value)


def test_texts_of_one_speaker_become_one(tmp_path: Path) -> None:
    said = [{"id": "t", "start": 1, "duration": 1, "text": "you"}, {"id": "s", "start": 0, "duration": 1, "text": "hi"}]
    (tmp_path / "d.jsonl").write_text(line(tmp_path, supervisions=said))
    (item,) = read_data(tmp_path / "d.jsonl")
    assert item.text == "hi you"


def test_a_set_that_is_cut_off_or_not_packed(tmp_path: Path) -> None:
    write_data(tmp_path / "d.jsonl.gz", [full(tmp_path)] * 50)
    whole = (tmp_path / "d.jsonl.gz").read_bytes()
    for content in (whole[: len(whole) // 2], gzip.decompress(whole), b"\x1f\x8b" + b"\x00" * 40):
        (tmp_path / "e.jsonl.gz").write_bytes(content)
        with pytest.raises(InputError, match=r"e.jsonl.gz"):
            list(read_data(tmp_path / "e.jsonl.gz"))


def test_a_recording_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        write_data(tmp_path / "d.jsonl.gz", [full(tmp_path), Item("b", tmp_path / "b.wav")])
    with pytest.raises(InputError, match=r"lasts 2.00 s, b begins at 2.50 s"):
        examine(Item("b", tmp_path / "a.wav", 2.5))
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
