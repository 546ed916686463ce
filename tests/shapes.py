"""In the tests, tensors must have the shapes their annotations promise: jaxtyping's, checked by beartype.

The modules name jaxtyping only for the type checker; here they must really import it for beartype to see the shapes. So
this is imported before any of them, by the topmost conftest.
"""

import importlib
import typing

import beartype  # noqa: F401  imported first, with all below, so that the switch reaches only our own modules
import h5py  # noqa: F401
import numpy  # noqa: F401
import onnxruntime  # noqa: F401
import sklearn.metrics  # noqa: F401
import torch  # noqa: F401
from jaxtyping import install_import_hook

import espressivo.media.face
import espressivo.systems.prosody2vec.pipeline
import espressivo.training.trainer  # noqa: F401

CHECKED = [
    "espressivo.signal.mel",
    "espressivo.signal.fbank",
    "espressivo.signal.ge2e",
    "espressivo.signal.vocoder",
    "espressivo.signal.hifigan",
    "espressivo.signal.whisper",
    "espressivo.metrics.classification",
    "espressivo.metrics.calibration",
    "espressivo.metrics.bootstrap",
    "espressivo.metrics.report",
    "espressivo.systems.avlm.attention",
    "espressivo.systems.avlm.encoders",
    "espressivo.systems.avlm.fusions",
    "espressivo.systems.avlm.heads",
    "espressivo.systems.avlm.model",
    "espressivo.systems.avlm.sequence",
    "espressivo.systems.avlm.states",
    "espressivo.systems.cascade.fer",
    "espressivo.systems.face_emotion.model",
    "espressivo.systems.speech_units.model",
    "espressivo.systems.voice_emotion.model",
]

typing.TYPE_CHECKING = True
with install_import_hook(CHECKED, "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"):
    for module in CHECKED:
        importlib.import_module(module)
typing.TYPE_CHECKING = False
