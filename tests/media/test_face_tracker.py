"""The real landmarker on drawn faces, on the example and on real recordings."""

import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_face import drawn_face, video_of

from espressivo.errors import AssetError
from espressivo.media import tracker as module
from espressivo.media.face import track
from espressivo.media.facetrack import BLENDSHAPES
from espressivo.media.landmarker import detect, detect_publicly
from espressivo.media.tracker import MediaPipeDetector, MediaPipeTracker, head_pose

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "talking_face.mp4"
MOUTHS = [0.0, 0.0, 0.04, 0.08, 0.12, 0.12, 0.08, 0.04] * 9


@pytest.fixture(scope="module")
def weights(asset: Callable[[str], Path]) -> Path:
    return asset("face-landmarker")


@pytest.fixture
def tracker(weights: Path) -> Iterator[MediaPipeTracker]:
    made = MediaPipeTracker(weights)
    yield made
    made.close()


@pytest.fixture(scope="module")
def talking() -> list[np.ndarray]:
    drawn = {mouth: drawn_face(mouth=mouth) for mouth in set(MOUTHS)}
    return [drawn[mouth] for mouth in MOUTHS]


@pytest.mark.weights
def test_a_drawn_face_is_followed_and_its_mouth_read(weights: Path, talking: list[np.ndarray]) -> None:
    result = track(video_of(talking))
    assert result.measured.all()
    assert (result.faces == 1).all()
    left, top, right, bottom = np.median(result.boxes, axis=0)
    assert (left + right) / 2 == pytest.approx(180, abs=12)
    assert bottom == pytest.approx(0.5 * 270 + 0.33 * 270, abs=25)
    assert right - left < 2 * 0.33 * 270 < bottom - top + 60
    assert np.corrcoef(result.mouth_opening, MOUTHS)[0, 1] > 0.8
    assert np.corrcoef(result.blendshape("jawOpen"), MOUTHS)[0, 1] > 0.8
    assert result.blendshapes.min() >= 0
    assert result.blendshapes.max() <= 1
    assert result.mean_yaw < 5


@pytest.mark.weights
def test_one_worker_and_three_give_the_same_to_the_last_bit(weights: Path, talking: list[np.ndarray]) -> None:
    one, three = (track(video_of(talking * 2), workers=n) for n in (1, 3))
    np.testing.assert_array_equal(one.points, three.points)
    np.testing.assert_array_equal(one.blendshapes, three.blendshapes)
    np.testing.assert_array_equal(one.pose, three.pose)


@pytest.mark.weights
def test_the_tracker_remembers_nothing_of_the_call_before(tracker: MediaPipeTracker, talking: list[np.ndarray]) -> None:
    first = tracker.follow(talking[:10], 25, several=False)
    tracker.follow([drawn_face(centre=(0.35, 0.6), radius=0.25)] * 7, 25, several=False)
    again = tracker.follow(talking[:10], 25, several=False)
    for (before,), (after,) in zip(first, again, strict=True):
        np.testing.assert_array_equal(before.points, after.points)


@pytest.mark.weights
@pytest.mark.parametrize("several", [False, True])
def test_memory_layout_does_not_matter(tracker: MediaPipeTracker, several: bool) -> None:
    plain = drawn_face()
    padded = np.zeros((*plain.shape[:2], 4), np.uint8)
    padded[..., :3] = plain
    (expected,), (seen,) = tracker.follow([plain], 25, several), tracker.follow([padded[..., :3]], 25, several)
    np.testing.assert_array_equal(expected[0].points, seen[0].points)


@pytest.mark.weights
def test_loading_tracking_and_closing_print_nothing(weights: Path, capfd: pytest.CaptureFixture[str]) -> None:
    open_files = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    track(video_of([drawn_face()] * 3 + [np.zeros((270, 360, 3), np.uint8)]))
    os.write(2, b"still here")
    assert capfd.readouterr() == ("", "still here")
    if open_files:
        assert len(os.listdir("/proc/self/fd")) <= open_files


@pytest.mark.weights
@pytest.mark.parametrize(("mode", "faces", "time"), [("VIDEO", 1, 1000), ("IMAGE", 4, None)])
def test_the_fast_reading_of_results_equals_the_public_one(
    weights: Path, mode: str, faces: int, time: int | None
) -> None:
    image = module._image(drawn_face(mouth=0.08))
    found = []
    for read in (detect, detect_publicly):
        landmarker = module._landmarker(weights, mode, faces)
        found.append(read(landmarker, image, time))
        landmarker.close()
    ((fast,), (public,)) = found
    for a, b in zip(fast, public, strict=True):
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_array_equal(a, b)


class OtherRelease:
    """A landmarker without the private names: only the public call."""

    def __init__(self, landmarker: Any) -> None:
        self.detect = landmarker.detect


@pytest.mark.weights
def test_without_the_private_names_the_public_interface_serves(weights: Path) -> None:
    landmarker, image = module._landmarker(weights, "IMAGE", 1), module._image(drawn_face())
    ((expected,), (found,)) = detect(landmarker, image), detect(OtherRelease(landmarker), image)
    landmarker.close()
    np.testing.assert_array_equal(expected.points, found.points)


@pytest.mark.weights
def test_blendshapes_come_in_the_order_of_our_names(weights: Path) -> None:
    landmarker = module._landmarker(weights, "IMAGE", 1)
    result = landmarker.detect(module._image(drawn_face()))
    landmarker.close()
    assert tuple(shape.category_name for shape in result.face_blendshapes[0]) == BLENDSHAPES


@pytest.mark.weights
def test_two_drawn_faces_are_told_apart_and_counted(weights: Path) -> None:
    small, big = drawn_face((300, 400), radius=0.2), drawn_face((300, 400), radius=0.3)
    result = track(video_of([np.concatenate([small, big], axis=1)] * 6))
    assert (result.faces == 2).all()
    assert result.measured.all()
    assert ((result.boxes[:, 0] + result.boxes[:, 2]) / 2).mean() == pytest.approx(450, abs=25)


@pytest.mark.weights
@pytest.mark.parametrize("radius", [0.11, 0.08])
def test_a_small_face_in_a_4k_picture_is_found(weights: Path, radius: float) -> None:
    """Down to a face 7 % as wide as the picture: 0.08 heights from centre to chin."""
    import cv2

    picture = cv2.resize(drawn_face((960, 540), (0.2, 0.3), radius), (3840, 2160), interpolation=cv2.INTER_CUBIC)
    result = track(video_of([picture] * 4))
    assert result.size == (3840, 2160)
    assert result.measured.all()
    middle = (result.boxes[:, :2] + result.boxes[:, 2:]).mean(axis=0) / 2
    np.testing.assert_allclose(middle, (0.2 * 3840, 0.3 * 2160), atol=0.4 * radius * 2160)


@pytest.mark.weights
@pytest.mark.parametrize("size", [(64, 48), (16, 16), (2, 2), (1000, 20), (20, 1000)])
def test_pictures_of_any_size_are_taken(weights: Path, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, size[1], size[0], 3), dtype=np.uint8)
    assert not track(video_of(list(noise))).present.any()


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """The matrix of a head tilted, then nodding, then turning, seen by a camera that looks along -z with y up."""
    a, b, c = np.radians([yaw, -pitch, roll])
    y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = 1.7 * y @ x @ z
    return matrix


@pytest.mark.parametrize("angles", [(0, 0, 0), (30, 0, 0), (0, 20, 0), (0, 0, -15), (-50, 35, 80), (10, -60, 170)])
def test_head_pose_gives_back_the_angles(angles: tuple[float, float, float]) -> None:
    np.testing.assert_allclose(head_pose(turned(*angles)), angles, atol=1e-3)


@pytest.mark.weights
def test_a_tilted_picture_gives_a_tilted_head(tracker: MediaPipeTracker) -> None:
    import cv2

    matrix = cv2.getRotationMatrix2D((180, 135), 20, 1.0)  # cv2 turns anticlockwise
    tilted = cv2.warpAffine(drawn_face(), matrix, (360, 270), borderMode=cv2.BORDER_REPLICATE)
    ((face,),) = tracker.follow([tilted], 25, several=False)
    assert face.pose[2] == pytest.approx(20, abs=4)


def test_a_file_that_is_no_bundle_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "weights.task"
    with zipfile.ZipFile(empty, "w"):
        pass
    with pytest.raises(AssetError, match=r"weights\.task is not a face landmarker bundle"):
        MediaPipeDetector(empty)


@pytest.mark.weights
@pytest.mark.skipif(not EXAMPLE.exists(), reason="examples/talking_face.mp4 is not there")
def test_the_example_has_a_face_that_talks(weights: Path) -> None:
    from espressivo.media.read import read

    video = read(EXAMPLE).video
    assert video is not None
    result = track(video)
    assert result.presence > 0.95
    assert np.nanstd(result.mouth_opening) > 0.005


@pytest.mark.corpus
@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "pattern"), [("javanese", "*-02-05_01.mp4"), ("grid", "s1/b*.mp4"), ("vasp", "ID1/*.mp4")]
)
def test_real_faces_are_found(weights: Path, corpus: Callable[[str], Path], name: str, pattern: str) -> None:
    from espressivo.media.read import read

    video = read(sorted(corpus(name).glob(pattern))[0]).video
    assert video is not None
    result = track(video)
    assert len(result) == len(video)
    assert result.presence > 0.95
    assert result.mean_yaw < 45
    assert np.nanmax(result.mouth_opening) < 1
