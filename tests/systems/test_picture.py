"""The picture of a reply: drawn for whatever is there, and never in the way."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from espressivo.systems.picture import draw

from .making import face, perception, reply, talker


def drawn(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_a_face_adds_its_strip(tmp_path: Path) -> None:
    draw(reply(perception(track=face())), tmp_path / "with.png")
    draw(reply(perception(track=face(present=False))), tmp_path / "without.png")
    assert drawn(tmp_path / "with.png").shape[0] > drawn(tmp_path / "without.png").shape[0] + 100


def test_sound_alone(tmp_path: Path) -> None:
    draw(reply(perception(talker(video=False))), tmp_path / "sound.png")
    assert drawn(tmp_path / "sound.png").std() > 5


@pytest.mark.parametrize("text", ["costs $5 or $6 _now_ \\alpha", "日本語 и русский", "x" * 2000, ""])
def test_any_words_are_drawn_without_a_warning(tmp_path: Path, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw(reply(perception(talker("na$me_日.mp4"), text=text), text=text), tmp_path / "words.png")
    assert drawn(tmp_path / "words.png").size
