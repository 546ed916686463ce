"""espressivo: emotion-aware audio-visual speech.

>>> import espressivo
>>> clip = espressivo.read("me.mp4")
>>> reply = espressivo.converse(clip)
>>> reply.speech.save("reply.wav")
"""

import os
from importlib import import_module
from typing import Any

# Nothing leaves the machine unless the user says so: ONNX Runtime's own builds report to their maker by default, and
# look at this once, when they are loaded. The only thing done at import; a value that is set already is kept.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0.dev0"

_HOME = {
    "read": "espressivo.media.read",
    "converse": "espressivo.verbs.converse",
    "recognize": "espressivo.verbs.recognize",
    "transcribe": "espressivo.verbs.transcribe",
    "detect": "espressivo.media.provenance",
    "speak": "espressivo.verbs.later",
    "convert": "espressivo.verbs.convert",
    "augment": "espressivo.verbs.augment",
    "learn_words": "espressivo.verbs.later",
    "lipread": "espressivo.verbs.later",
    "lips_to_speech": "espressivo.verbs.later",
    "separate": "espressivo.verbs.later",
    "animate": "espressivo.verbs.later",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'espressivo' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
