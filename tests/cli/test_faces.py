"""Pictures that are unusual: two faces, a face in 4K, a face that is there only for a moment."""

from pathlib import Path

import numpy as np
import pytest

import espressivo
from espressivo.media.encode import write_video
from espressivo.verbs.example import example_clip

from .conftest import Run

pytestmark = pytest.mark.weights


def example(seconds: float) -> tuple[list[np.ndarray], np.ndarray]:
    clip = espressivo.read(example_clip(), end=seconds)
    assert clip.video is not None
    assert clip.sound is not None
    return list(clip.video.frames()), clip.sound.samples


def test_two_faces_are_said_and_one_is_followed(run: Run, tmp_path: Path) -> None:
    frames, sound = example(2.0)
    still = frames[0]
    write_video(tmp_path / "two.mp4", (np.hstack([still, frame]) for frame in frames), 25.0, sound=sound, rate=16_000)
    ended = run("recognize", tmp_path / "two.mp4", "--json")
    assert ended.code == 0, ended
    assert "2 faces were seen: the one that speaks was followed" in ended.out


def test_by_the_face_alone_the_largest_is_followed(run: Run, tmp_path: Path) -> None:
    frames, _ = example(1.0)
    small = [np.pad(frame[::2, ::2], ((96, 96), (0, 0), (0, 0))) for frame in frames]
    write_video(tmp_path / "two.mp4", (np.hstack(pair) for pair in zip(frames, small, strict=True)), 25.0)
    ended = run("recognize", tmp_path / "two.mp4", "--by", "face")
    assert ended.code == 0, ended
    assert "note: 2 faces were seen: the largest was followed" in ended.out


def test_a_film_in_4k(run: Run, tmp_path: Path) -> None:
    frames, sound = example(1.0)
    large = (np.repeat(np.repeat(frame, 5, axis=0), 10, axis=1)[:2160, :3840] for frame in frames)
    write_video(tmp_path / "large.mp4", large, 25.0, sound=sound, rate=16_000)
    ended = run("recognize", tmp_path / "large.mp4")
    assert ended.code == 0, ended
    assert "[face " in ended.out


def test_a_face_for_a_moment_is_not_judged(run: Run, tmp_path: Path) -> None:
    frames, sound = example(2.0)
    gone = [frame if i < 5 else np.zeros_like(frame) for i, frame in enumerate(frames)]
    write_video(tmp_path / "gone.mp4", gone, 25.0, sound=sound, rate=16_000)
    ended = run("recognize", tmp_path / "gone.mp4", "--json")
    assert ended.code == 0, ended
    assert "a face was seen in 10% of it only: judged by the voice alone" in ended.out
