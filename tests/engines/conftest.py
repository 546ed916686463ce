"""Synthetic speech for the tests that listen: a voice that comes as a dependency, so nothing is fetched."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from espressivo.engines.voice import HibariVoice


@pytest.fixture(scope="session")
def say() -> Callable[[str], np.ndarray]:
    """`say(text)`: float32 samples at 16 kHz."""
    voice = HibariVoice()
    return cache(lambda text: voice.say(text).at(16_000).samples)
