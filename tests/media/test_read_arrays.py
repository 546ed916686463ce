"""Arrays as clips, and what in memory is no clip."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from making import number_of, numbered, refusal, tone

from espressivo.media.read import from_arrays, read


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint8", "float32", "float64"])
def test_arrays_of_any_type(dtype: str) -> None:
    wave = tone(1, 22_050).astype(np.float64)
    scale = {"int8": 2**7, "int16": 2**15, "int32": 2**31, "uint8": 2**7}.get(dtype, 1)
    array = (wave * scale + (128 if dtype == "uint8" else 0)).round(0 if scale > 1 else 12).astype(dtype)
    sound = read((array, 22_050)).sound.at(22_050)
    np.testing.assert_allclose(sound.samples, wave, atol=0.005 if dtype.endswith("int8") else 4e-5)
    assert sound.samples.dtype == np.float32


def test_stereo_arrays_are_mixed_either_way_round() -> None:
    left, right = tone(0.5, 16_000, 300), tone(0.5, 16_000, 700)
    for array in (np.stack([left, right]), np.stack([left, right], axis=1)):
        np.testing.assert_allclose(read((array, 16_000)).sound.samples, (left + right) / 2, atol=1e-6)


def test_pictures_as_arrays_with_sound() -> None:
    pictures = np.stack([numbered(n) for n in range(30)])
    clip = from_arrays(sound=(tone(1, 16_000), 16_000), video=(pictures, 30), name="made")
    assert clip.duration == 1
    assert clip.name == "made"
    assert [number_of(p) for p in clip.video.at(30).frames()] == list(range(30))
    assert [number_of(p) for p in clip.trim(0.5, 1).video.at(15).frames()] == list(range(15, 30, 2))
    assert next(read((list(pictures), 30)).video.within(32).frames()).shape == (24, 32, 3)
    assert next(read((pictures[..., 0], 30)).video.frames()).shape == (48, 64, 3)


def test_one_picture_is_a_video_of_one_frame() -> None:
    clip = read((numbered(5), 25))
    assert [number_of(picture) for picture in clip.video.frames()] == [5]
    assert str(clip) == "array: 0.04 s, 1 frame of 64×48 at 25/s"


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ((np.zeros(0), 16_000), "shape (0,)"),
        ((np.zeros((100, 100)), 16_000), "too many"),
        ((np.array([0.0, np.nan]), 16_000), "NaN"),
        ((np.array([np.inf]), 16_000), "NaN"),
        ((np.full(9, 3000.0), 16_000), "scale it"),
        ((np.array(["a"]), 16_000), "type <U1"),
        ((np.zeros(9, complex), 16_000), "type complex128"),
        ((np.zeros(9), 0), "positive"),
        ((np.zeros(9), float("nan")), "positive"),
        ((np.zeros(9), "16k"), "'16k' as the sample rate"),
        ((np.zeros(9), None), "None as the sample rate"),
        ((np.zeros(9), True), "True as the sample rate"),
        ((np.zeros(9), 0.3), "sample rate of 0.3"),
        ((np.zeros(9), 1e12), "sample rate of 1e+12"),
        ((np.zeros(9), 10**400), "sample rate of inf"),
        ((np.zeros((2, 4, 4, 3), np.uint8), 1e-300), "frame rate of 1e-300"),
        ((["a", "b"], 16_000), "type <U1"),
        (([[1, 2], [3]], 16_000), "cannot make an array of the sound"),
        ((ENDLESS, 16_000), "give one size"),
        (([1, -1] * 50, 16_000), "type int64: convert it to int16"),
        ((np.zeros(9, np.uint16), 16_000), "type uint16: convert it"),
        ((np.zeros(9),), "tuple of 1"),
        (np.zeros(9), "array alone"),
        ((np.zeros((2, 4, 4, 3)), 25), "uint8"),
        ((np.zeros((0, 4, 4, 3), np.uint8), 25), "shape (0, 4, 4, 3)"),
        ((np.zeros((2, 4, 4, 4), np.uint8), 25), "shape (2, 4, 4, 4)"),
        (([np.zeros((4, 4, 3), np.uint8), np.zeros((5, 4, 3), np.uint8)], 25), "different sizes"),
        (None, "NoneType"),
        (3, "int"),
        (b"", "empty"),
        (b"abc", "not sound or video"),
        (io.BytesIO(), "empty"),
        (io.StringIO("words"), "'rb'"),
    ],
)
def test_what_is_not_media_in_memory(source: Any, says: str) -> None:
    assert says in refusal(source)
