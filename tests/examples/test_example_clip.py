"""The shipped example holds what it promises as input: a face throughout, clear words, lips that follow, a mark."""

import re
from pathlib import Path

import av
import numpy as np
import pytest

import espressivo
from espressivo.clip import Clip
from espressivo.media.facetrack import FaceTrack
from tests.synthetic import TALKING_FACE, face_frames, speechlike, tone, write_clip

WORDS = "i didn't get the job i really wanted it and now i don't know what to do"
README = TALKING_FACE.parent / "README.md"


@pytest.fixture(scope="module")
def clip() -> Clip:
    return espressivo.read(TALKING_FACE)


@pytest.fixture(scope="module")
def face(clip: Clip) -> FaceTrack:
    from espressivo.media.face import track

    assert clip.video is not None
    return track(clip.video)


def loudness(clip: Clip, frames: int) -> np.ndarray:
    """The root of the level in each picture's stretch: near to what the ear calls loud."""
    assert clip.sound is not None
    pieces = np.array_split(clip.sound.samples, frames)
    return np.array([np.mean(piece**2) for piece in pieces]) ** 0.25


def test_is_small_and_plays_everywhere() -> None:
    assert TALKING_FACE.stat().st_size <= 600_000
    with av.open(str(TALKING_FACE)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec.canonical_name, video.pix_fmt, float(video.average_rate or 0)) == ("h264", "yuv420p", 25.0)
        assert (video.width, video.height, audio.codec.canonical_name) == (384, 384, "aac")
    boxes = TALKING_FACE.read_bytes()
    assert boxes.index(b"moov") < boxes.index(b"mdat"), "a browser should start before all has come"


def test_lasts_four_to_six_seconds(clip: Clip) -> None:
    assert clip.sound is not None
    assert clip.video is not None
    assert 4 <= clip.duration <= 6
    assert abs(clip.sound.duration - clip.video.duration) < 0.05


@pytest.mark.weights
def test_the_face_is_seen_in_every_picture(face: FaceTrack) -> None:
    assert face.measured.all()
    assert face.faces.max() == 1
    assert face.mean_yaw < 10


@pytest.mark.weights
def test_the_mouth_follows_the_sound(clip: Clip, face: FaceTrack) -> None:
    loud = loudness(clip, len(face))
    for moves in (face.mouth_opening, face.blendshape("jawOpen")):
        assert np.corrcoef(moves, loud)[0, 1] > 0.5
        # Not by chance: half a second late it fits worse.
        assert np.corrcoef(moves[12:], loud[:-12])[0, 1] < 0.3


@pytest.mark.weights
def test_the_eyes_blink(face: FaceTrack) -> None:
    shut = (face.blendshape("eyeBlinkLeft") + face.blendshape("eyeBlinkRight")) / 2
    assert shut.max() > 0.4
    assert np.median(shut) < 0.2


@pytest.mark.weights
def test_the_feeling_changes_from_sad_to_a_smile(face: FaceTrack) -> None:
    half_second = 12
    smile = (face.blendshape("mouthSmileLeft") + face.blendshape("mouthSmileRight")) / 2
    brows = face.blendshape("browInnerUp")
    assert smile[-half_second:].mean() > smile[:-50].mean() + 0.1
    assert brows[50:-50].mean() > brows[-half_second:].mean() + 0.1


@pytest.mark.weights
def test_the_words_are_understood(clip: Clip) -> None:
    from espressivo.engines.recognizer import Recognizer

    assert clip.sound is not None
    heard = Recognizer()(clip.sound.samples)
    assert heard.language == "en"
    assert re.sub(r"[^a-z' ]", "", heard.text.lower()).split() == WORDS.split()


@pytest.mark.weights
def test_it_is_marked_as_synthetic() -> None:
    from espressivo.media.provenance import detect

    mark = detect(TALKING_FACE)
    assert mark.synthetic is True
    assert mark.watermark
    assert mark.metadata is not None


@pytest.mark.weights
def test_the_portrait_is_small_and_shows_her_face() -> None:
    portrait = TALKING_FACE.with_name("portrait.jpg")
    assert portrait.stat().st_size <= 150_000
    seen = espressivo.read(portrait)
    assert seen.video is not None
    assert seen.video.size == (512, 512)
    from espressivo.media.face import track

    assert track(seen.video).measured.all()


def test_the_readme_says_where_it_comes_from() -> None:
    text = README.read_text(encoding="utf-8")
    for said in ("does not exist", "FFHQ", "non-commercial", "Apache-2.0", "python examples/make_clip", "1280"):
        assert said in text


def test_speechlike_sound_is_seeded_and_not_too_loud() -> None:
    sound = speechlike(1.0)
    assert sound.shape == (16_000,)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() == pytest.approx(0.3, abs=1e-6)
    assert np.array_equal(sound, speechlike(1.0))
    assert not np.array_equal(sound, speechlike(1.0, seed=1))


@pytest.mark.weights
def test_speechlike_sound_passes_for_speech_and_a_tone_does_not() -> None:
    from espressivo.signal.vad import SpeechDetector

    detector = SpeechDetector()
    segments = detector.speech_segments(speechlike(2.0))
    assert sum(end - start for start, end in segments) > 1.0
    assert detector.speech_segments(tone(2.0)) == []


@pytest.mark.parametrize(("with_face", "speech"), [(True, True), (False, True), (True, False)])
def test_write_clip_makes_what_read_takes(tmp_path: Path, with_face: bool, speech: bool) -> None:
    made = espressivo.read(write_clip(tmp_path / "made.mp4", 0.4, face=with_face, speech=speech, size=96))
    assert made.video is not None
    assert (len(made.video), made.video.size) == (10, (96, 96))
    assert (made.sound is not None) == speech


@pytest.mark.weights
def test_face_frames_hold_a_face(tmp_path: Path) -> None:
    from espressivo.media.face import track

    frames = face_frames(3, 160, sway=0.03)
    assert [frame.shape for frame in frames] == [(160, 160, 3)] * 3
    assert not np.array_equal(frames[0], frames[1])
    made = espressivo.read(write_clip(tmp_path / "face.mp4", 0.2))
    assert made.video is not None
    assert track(made.video).measured.all()
