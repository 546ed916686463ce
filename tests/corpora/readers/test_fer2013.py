"""FER2013's three forms: loose pictures, a zip of them, and the table of pixels."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from espressivo.corpora.readers import corpus, fer2013
from espressivo.errors import InputError
from tests.corpora.readers.trees import put


def grey(level: int, side: int = 48) -> np.ndarray:
    return np.full((side, side), level, np.uint8)


def png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


FILES = {
    "train/angry/Training_1.png": png(grey(10)),
    "test/sad/PrivateTest_2.png": png(grey(20)),
    "test/sad/PrivateTest_3.png": b"not a picture",
    "test/sad/PrivateTest_4.png": png(grey(40, side=32)),
}


def collected(root: Path) -> tuple[list[tuple[str, str, str, int]], list[tuple[str, str]]]:
    """Pictures with one number in place of their pixels, and what was skipped."""
    told: list[tuple[str, str]] = []
    found = list(fer2013.pictures(root, lambda path, reason: told.append((path.name, reason))))
    assert all(picture.shape == (48, 48) and picture.dtype == np.uint8 for *_, picture in found)
    return [(name, part, emotion, int(picture[0, 0])) for name, part, emotion, picture in found], told


def check_files(root: Path) -> None:
    found, told = collected(root)
    assert sorted(found) == [
        ("fer2013-test-sad-PrivateTest_2", "test", "sad", 20),
        ("fer2013-train-angry-Training_1", "train", "angry", 10),
    ]
    assert [name for name, _ in told] == ["PrivateTest_3.png", "PrivateTest_4.png"]
    assert "not a picture" in told[0][1]
    assert "32×32" in told[1][1]


def test_loose_pictures(tmp_path):
    for name, content in FILES.items():
        put(tmp_path, name, text=content)
    check_files(tmp_path)


def test_a_loose_picture_opens_as_a_clip(tmp_path):
    put(tmp_path, "train/angry/Training_1.png", text=FILES["train/angry/Training_1.png"])
    (item,) = corpus("fer2013").read(tmp_path, lambda path, reason: None)
    clip = item.clip()
    assert clip.emotion == "angry"
    assert next(iter(clip.video.frames())).shape == (48, 48, 3)


def test_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "fer2013.zip", "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
        archive.writestr("README.txt", "hello")
    check_files(tmp_path)


def test_a_zip_alone_has_no_items_and_says_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "fer2013.zip", "w") as archive:
        archive.writestr("train/angry/Training_1.png", FILES["train/angry/Training_1.png"])
    with pytest.raises(InputError, match="unpack a zip first"):
        corpus("fer2013").read(tmp_path, lambda path, reason: None)


def test_a_broken_zip_is_an_error(tmp_path):
    put(tmp_path, "fer2013.zip", text=b"PK no")
    with pytest.raises(InputError, match="cannot read"):
        collected(tmp_path)


@pytest.mark.parametrize("head", ["emotion,pixels,Usage", "emotion, Usage, pixels"])
def test_the_table(tmp_path, head):
    def row(code: str, usage: str, pixels: str) -> str:
        return ",".join([code, usage, pixels] if head.endswith("pixels") else [code, pixels, usage])

    many = " ".join(["7"] * 48 * 48)
    rows = [row("3", "Training", many), row("1", "PublicTest", many), row("6", "PrivateTest", many)]
    rows += [
        row("9", "Training", many),
        row("0", "Training", "1 2 3"),
        row("0", "Training", many.replace("7", "300", 1)),
    ]
    put(tmp_path, "fer2013.csv", text="\n".join([head, *rows, row("0", "Nowhere", many)]))
    found, told = collected(tmp_path)
    assert found == [
        ("fer2013-00000", "train", "happy", 7),
        ("fer2013-00001", "validation", "disgusted", 7),
        ("fer2013-00002", "test", "neutral", 7),
    ]
    assert [reason.split(":")[0] for _, reason in told] == ["line 5", "line 6", "line 7", "line 8"]


def test_nothing_there_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no FER2013"):
        collected(tmp_path)


@pytest.mark.corpus
def test_the_real_zip(corpus):
    from itertools import islice

    root = corpus("fer2013")
    with zipfile.ZipFile(next(root.glob("*.zip"))) as archive:
        names = [name for name in archive.namelist() if name.endswith(".webp")]
    assert len(names) == 35_887
    found = list(islice(fer2013.pictures(root, pytest.fail), 300))
    assert len(found) == 300
    assert {part for _, part, _, _ in found} == {"test"}
    assert all(picture.std() > 0 for *_, picture in found)
