"""One call of MediaPipe's face landmarker, its result as arrays.

The public call wraps each of a face's 530 numbers in Python objects, 1 ms of 8.5 and all of it under the interpreter
lock. So its C result is read as a whole, through MediaPipe's own description of it. Those names are not public: where a
release lacks one of them, the public call serves, and gives the same numbers.
"""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np


class Found(NamedTuple):
    """One face as MediaPipe gives it."""

    points: np.ndarray  # (478, 3) float32, x and z in picture widths, y in picture heights
    blendshapes: np.ndarray  # (52,) float32 in [0, 1]
    matrix: np.ndarray  # (4, 4) float32, from the standard head to the camera


def detect(landmarker: Any, image: Any, milliseconds: int | None = None) -> list[Found]:
    """The faces of a picture; in video mode with its time, which must grow from call to call."""
    try:
        result, call, close = _native(landmarker, milliseconds is not None)
        handle, picture = landmarker._handle, image._image_ptr
    except (AttributeError, ImportError):
        return detect_publicly(landmarker, image, milliseconds)
    call(handle, picture, None, *([] if milliseconds is None else [milliseconds]), ctypes.byref(result))
    try:
        return [
            Found(
                _floats(face.landmarks, face.landmarks_count, ("x", "y", "z")),
                _floats(shapes.categories, shapes.categories_count, ("score",))[:, 0],
                matrix.to_numpy(),
            )
            for face, shapes, matrix in (
                (result.face_landmarks[i], result.face_blendshapes[i], result.facial_transformation_matrixes[i])
                for i in range(result.face_landmarks_count)
            )
        ]
    finally:
        close(ctypes.byref(result))


def detect_publicly(landmarker: Any, image: Any, milliseconds: int | None = None) -> list[Found]:
    """The same by MediaPipe's public interface only."""
    result = landmarker.detect(image) if milliseconds is None else landmarker.detect_for_video(image, milliseconds)
    return [
        Found(
            np.array([(point.x, point.y, point.z) for point in points], np.float32),
            np.array([shape.score for shape in shapes], np.float32),
            matrix,
        )
        for points, shapes, matrix in zip(
            result.face_landmarks, result.face_blendshapes, result.facial_transformation_matrixes, strict=True
        )
    ]


def _native(landmarker: Any, video: bool) -> tuple[Any, Any, Any]:
    """An empty C result, the C call that fills it and the one that frees it."""
    from mediapipe.tasks.python.vision.face_landmarker import MpFaceLandmarkerResultC

    library = landmarker._lib
    call = library.MpFaceLandmarkerDetectForVideo if video else library.MpFaceLandmarkerDetectImage
    return MpFaceLandmarkerResultC(), call, library.MpFaceLandmarkerCloseResult


def _floats(first: Any, count: int, names: tuple[str, ...]) -> np.ndarray:
    """(count, names): float32 fields of `count` C structs in a row, copied."""
    struct = first._type_
    fields = {"names": names, "formats": ["f4"] * len(names), "offsets": [getattr(struct, n).offset for n in names]}
    layout = np.dtype({**fields, "itemsize": ctypes.sizeof(struct)})  # type: ignore[call-overload]
    rows = np.frombuffer(ctypes.string_at(first, count * layout.itemsize), layout)
    return np.stack([rows[name] for name in names], axis=1)
