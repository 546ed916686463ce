"""`Prosody` with small networks of random weights, and made-up parts in place of measured ones."""

from pathlib import Path

import numpy as np

from espressivo.clip import Sound
from espressivo.media.read import from_arrays
from espressivo.systems.prosody2vec.conversion import Manner
from espressivo.systems.prosody2vec.parts import Parts
from espressivo.systems.prosody2vec.pipeline import Prosody
from espressivo.systems.prosody2vec.seconds import seconds_of
from espressivo.training.checkpoint import save_model
from tests.synthetic import tone
from tests.systems.prosody2vec.making import Taking, Units, lively, parts_of

EMOTIONS = ("neutral", "happy", "sad")
NET, LAG, PARTS = lively(), Units.lag, parts_of(2.0)


def styles(parts: Parts, seed: int = 0, scale: float = 0.5) -> np.ndarray:
    """A prosody for each second."""
    count = seconds_of(len(parts))
    return (scale * np.random.default_rng(seed).normal(size=(count, 4))).astype(np.float32)


def saved(folder: Path, seed: int = 0) -> Path:
    """The folder of networks that know EMOTIONS."""
    net = lively(seed, emotions=EMOTIONS)
    save_model(folder, net, net.config, "# Made")
    return folder


def standing_in(folder: Path, manner: Manner | None = None) -> Prosody:
    """With the networks in `folder`, and with what needs no weights in place of what takes recordings apart."""
    prosody = Prosody(folder, manner)
    prosody.takes, prosody._units = Taking(), Units()  # type: ignore[misc, assignment]
    return prosody


def sound(seconds: float, hz: float = 220.0) -> Sound:
    """A sine. Of a deep one (100 Hz at most) the parts are a whisper's."""
    found = from_arrays(sound=(tone(seconds, hz=hz), 16_000)).sound
    assert found is not None
    return found
