"""What `detect` says of files that are marked, half marked, not marked, or not files at all."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import espressivo
from espressivo.errors import InputError
from espressivo.media.encode import write_sound, write_video
from espressivo.media.provenance import SOURCE_TYPE, detect, mark_samples, metadata
from espressivo.media.read import read

RATE = 24_000


@pytest.fixture(scope="module")
def voice():
    from hibari import Hibari

    return np.asarray(
        Hibari(voice="heart")("Good evening, I am glad that you are here with us tonight.", seed=0), np.float32
    )


@pytest.fixture(scope="module")
def marked(voice):
    return mark_samples(voice, RATE)


def frames(count=50):
    return (np.full((64, 48, 3), n, np.uint8) for n in range(count))


def test_the_tags_say_how_it_was_made():
    when = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
    facts = json.loads(metadata("synthetic video", created=when)["comment"])
    assert facts == {
        "generator": "espressivo",
        "version": espressivo.__version__,
        "kind": "synthetic video",
        "digitalSourceType": SOURCE_TYPE,
        "created": "2026-05-04T12:30:00+00:00",
    }


@pytest.mark.parametrize("suffix", ["mp3", "m4a", "ogg", "wav"])
def test_the_sound_keeps_its_mark_when_the_metadata_goes(marked, tmp_path, suffix):
    path = tmp_path / f"copied.{suffix}"
    write_sound(path, marked, RATE)
    mark = detect(path)
    assert mark.synthetic is True
    assert mark.metadata is None
    assert mark.score > mark.threshold
    assert mark.false_alarm < 1e-6
    assert mark.reason == "watermark found, metadata gone: made with espressivo"
    assert str(mark) == mark.reason


def test_metadata_alone_is_enough(voice, tmp_path):
    write_sound(tmp_path / "a.flac", voice, RATE, metadata=metadata())
    mark = detect(tmp_path / "a.flac")
    assert mark.synthetic is True
    assert not mark.watermark
    assert mark.metadata["kind"] == "synthetic speech"
    assert "no watermark found" in mark.reason


def test_no_mark_proves_nothing(voice, tmp_path):
    write_sound(tmp_path / "a.wav", voice, RATE, metadata={"comment": "recorded in the garden"})
    mark = detect(tmp_path / "a.wav")
    assert mark.synthetic is False
    assert mark.reason == "no mark found (this does not prove that it is real)"
    assert 1.5 < mark.seconds <= len(voice) / RATE


def test_other_tools_use_the_same_vocabulary(voice, tmp_path):
    write_sound(tmp_path / "a.mp3", voice, RATE, metadata={"comment": f"<x>{SOURCE_TYPE}</x>"})
    mark = detect(tmp_path / "a.mp3")
    assert mark.synthetic is True
    assert mark.reason == "marked as synthetic by another tool (metadata)"


@pytest.mark.parametrize(
    "comment", ["{", "[" * 50_000, '["espressivo"]', '{"generator": ["espressivo"]}', "null", "x" * 200_000]
)
def test_odd_tags_are_no_marks(voice, tmp_path, comment):
    write_sound(tmp_path / "a.flac", voice, RATE, metadata={"comment": comment})
    assert detect(tmp_path / "a.flac").synthetic is False


def test_too_short_and_too_quiet_to_tell(voice):
    for sound in (voice[6000:18_000], np.zeros(5 * RATE, np.float32)):
        mark = detect((sound, RATE))
        assert mark.synthetic is None
        assert mark.reason.startswith("too short to tell")


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_videos_carry_both_marks_too(marked, tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    write_video(path, frames(), 25, marked, RATE, metadata=metadata("synthetic video"))
    mark = detect(path)
    assert mark.synthetic is True
    assert mark.watermark
    assert mark.metadata["kind"] == "synthetic video"


def test_videos_without_sound(tmp_path):
    write_video(tmp_path / "a.mp4", frames(), 25, metadata=metadata("synthetic video"))
    write_video(tmp_path / "b.mp4", frames(), 25)
    assert detect(tmp_path / "a.mp4").synthetic is True
    mark = detect(tmp_path / "b.mp4")
    assert mark.synthetic is None
    assert "no sound" in mark.reason


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp"])
def test_pictures_say_it_in_their_comment(tmp_path, suffix):
    picture, path, plain = Image.fromarray(next(frames())), tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    words = metadata("synthetic picture")["comment"]
    texts = PngInfo()
    texts.add_text("comment", words)
    where = {"png": {"pnginfo": texts}, "webp": {"xmp": words.encode()}}.get(suffix, {"comment": words.encode()})
    picture.save(path, **where)
    picture.save(plain)
    for source in (path, path.read_bytes()):
        mark = detect(source)
        assert mark.synthetic is True
        assert mark.metadata["kind"] == "synthetic picture"
    assert detect(plain).synthetic is None


def test_paths_bytes_files_arrays_and_clips_alike(marked, tmp_path):
    path = tmp_path / "a.wav"
    write_sound(path, marked, RATE, metadata=metadata())
    with path.open("rb") as file:
        marks = [detect(path), detect(str(path)), detect(path.read_bytes()), detect(file), detect(read(path))]
    assert {mark.reason for mark in marks} == {"marked as synthetic by espressivo (metadata and watermark)"}
    assert detect((marked, RATE)).watermark
    assert detect(read(path).trim(0.5, 2.5)).watermark


@pytest.mark.parametrize("content", [None, b"", b"hello, I am a text", bytes(range(256)) * 50])
def test_what_is_no_medium_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "ключ 1.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        detect(path)
    assert "\n" not in str(caught.value)


def test_a_file_cut_off_still_tells(marked, tmp_path):
    write_sound(tmp_path / "a.mp3", marked, RATE, metadata=metadata())
    whole = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "b.mp3").write_bytes(whole[: len(whole) * 3 // 4])
    assert detect(tmp_path / "b.mp3").reason == "marked as synthetic by espressivo (metadata and watermark)"
