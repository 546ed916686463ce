"""A tracked face in, a feeling out."""

from pathlib import Path

import numpy as np
import pytest

from espressivo.errors import AssetError, InputError
from espressivo.systems.face_emotion import facs
from espressivo.systems.face_emotion.pipeline import FaceEmotion
from espressivo.systems.face_emotion.synthesis import Talk, World, make
from tests.systems.face_emotion.people import stream, track


@pytest.fixture(scope="module")
def shipped() -> FaceEmotion:
    return FaceEmotion.from_pretrained()


def test_a_feeling_has_scores_and_a_curve(shipped: FaceEmotion) -> None:
    feeling = shipped(track(stream(100)))
    assert feeling is not None
    assert set(feeling.scores.probabilities) == set(feeling.emotions) == set(facs.EMOTIONS)
    assert feeling.curve.shape == (len(feeling.times), len(feeling.emotions))
    np.testing.assert_allclose(feeling.curve.sum(axis=1), 1, atol=1e-5)
    # Windows of 37 or 38 frames every 12 or 13; their middles lie inside the clip, in order.
    assert len(feeling.times) == 6
    assert (np.diff(feeling.times) > 0.4).all()
    assert 0.5 < feeling.times[0] < 1.0
    assert feeling.times[-1] < 4.0


def test_times_are_those_of_the_clip_where_the_face_comes_late(shipped: FaceEmotion) -> None:
    feeling = shipped(track(stream(100), absent=slice(0, 50)))
    assert feeling is not None
    assert 2.5 < feeling.times[0] < 3.0


@pytest.mark.parametrize("frames", [0, 4])
def test_hardly_a_face_is_no_feeling(shipped: FaceEmotion, frames: int) -> None:
    assert shipped(track(stream(30), absent=slice(frames, 30))) is None


def test_a_short_clip_is_one_window(shipped: FaceEmotion) -> None:
    feeling = shipped(track(stream(8)))
    assert feeling is not None
    assert feeling.curve.shape == (1, 7)
    np.testing.assert_allclose(feeling.curve[0], list(feeling.scores.probabilities.values()), atol=1e-5)


def test_known_people_are_judged_better_than_strangers(shipped: FaceEmotion) -> None:
    random = np.random.default_rng(11)
    made = make(Talk.made_up(random), 8, 1, random, World())
    right = {"strangers": 0, "known": 0}
    for person in sorted({name for name in made.people if name is not None}):
        own = [i for i, name in enumerate(made.people) if name == person]
        tracks = [track(made.streams[i]) for i in own]
        for name, judge in (("strangers", shipped), ("known", shipped.adapt(tracks))):
            tops = [feeling.scores.top for each in tracks if (feeling := judge(each)) is not None]
            right[name] += sum(top == facs.EMOTIONS[made.labels[i]] for top, i in zip(tops, own, strict=True))
    assert right["known"] > right["strangers"]
    assert right["known"] > 0.6 * len(made)


def test_too_few_clips_say_nothing_of_a_person(shipped: FaceEmotion) -> None:
    blind = track(stream(30), absent=slice(0, 30))
    with pytest.raises(InputError, match="got 3 clips of a person"):
        shipped.adapt([track(stream(seed=1)), track(stream(seed=2)), track(stream(seed=3)), blind])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"no face-emotion model in .*nowhere"):
        FaceEmotion.from_pretrained(tmp_path / "nowhere")
