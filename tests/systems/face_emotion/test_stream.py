"""From a track to the numbers that are judged."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espressivo.clip import Clip
from espressivo.errors import InputError
from espressivo.media.face import track as follow
from espressivo.media.facetrack import BLENDSHAPES
from espressivo.media.read import from_arrays, read
from espressivo.systems.face_emotion import stream as of
from tests.synthetic import write_clip
from tests.systems.face_emotion.people import stream, track


def test_a_track_gives_its_blendshapes_and_pose_where_the_face_is() -> None:
    shown = stream(50)
    found = of.stream_of(track(shown, absent=slice(10, 25)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.delete(shown, slice(10, 25), axis=0), rtol=1e-5)


def test_other_rates_become_25_a_second() -> None:
    ramp = np.linspace(0, 0.5, 60, dtype=np.float32)[:, None] * np.ones(54, np.float32)
    found = of.stream_of(track(ramp, fps=30.0))
    assert len(found) == 50
    np.testing.assert_allclose(found[:, 0], np.linspace(0, 0.5, 50), atol=1e-5)


def test_a_track_without_a_face_is_empty() -> None:
    assert len(of.stream_of(track(stream(20), fps=30.0, absent=slice(0, 20)))) == 0


@given(st.integers(1, 90), st.integers(0, 99))
def test_the_statistics_are_what_they_are_called(frames: int, seed: int) -> None:
    x = stream(frames, seed)
    mean, deviation, high, change = of.statistics(x)
    np.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(deviation, x.std(axis=0), atol=1e-5)
    np.testing.assert_allclose(high, np.quantile(x, 0.9, axis=0), atol=1e-5)
    np.testing.assert_allclose(change, np.abs(np.diff(x, axis=0)).mean(axis=0) if frames > 1 else 0, atol=1e-5)


def test_a_mirror_swaps_the_sides_and_turns_the_head_about() -> None:
    x = stream()
    seen = of.mirrored(x)
    at = of.CHANNELS.index
    np.testing.assert_array_equal(seen[:, at("mouthSmileLeft")], x[:, at("mouthSmileRight")])
    np.testing.assert_array_equal(seen[:, at("jawOpen")], x[:, at("jawOpen")])
    np.testing.assert_array_equal(seen[:, at("yaw")], -x[:, at("yaw")])
    np.testing.assert_array_equal(seen[:, at("pitch")], x[:, at("pitch")])
    np.testing.assert_array_equal(of.mirrored(seen), x)


def test_log_odds_keep_the_order_and_the_pose() -> None:
    x = stream()
    odds = of.as_odds(x)
    np.testing.assert_array_equal(odds[:, 51:], x[:, 51:])
    assert (np.argsort(odds[:, 3]) == np.argsort(x[:, 3])).all()
    nothing = of.as_odds(np.zeros((1, 54), np.float32))[0, 0]
    assert nothing == pytest.approx(np.log(of.FLOOR / (1 + of.FLOOR)), rel=1e-4)


def test_without_video_or_face_there_is_a_reason() -> None:
    feature = of.FaceFeature()
    with pytest.raises(InputError, match="hum has no video"):
        feature(from_arrays(sound=(np.zeros(16_000, np.float32), 16_000), name="hum"))


@pytest.mark.weights
def test_a_face_in_a_video_is_measured(asset: Callable[[str], Path], tmp_path: Path) -> None:
    asset("face-landmarker")
    clip = read(write_clip(tmp_path / "face.mp4", 1.0))
    found = of.FaceFeature()(clip)
    assert found is not None
    assert found["blendshapes"].shape == (25, len(BLENDSHAPES))
    assert clip.video is not None
    np.testing.assert_array_equal(of.stream_of(found), of.stream_of(follow(clip.video, workers=1)))
    with pytest.raises(InputError, match="no face was seen in grey"):
        of.FaceFeature()(Clip("grey", video=read(write_clip(tmp_path / "grey.mp4", 0.4, face=False)).video))
    with pytest.raises(InputError, match="seen in 3 frames of face only"):
        of.FaceFeature()(Clip("face", video=clip.video.trim(0, 0.12)))
