"""What worker processes do in the tests: functions of a module, for a lambda cannot be sent to one."""

from __future__ import annotations

import os
import signal
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from espressivo.clip import Clip
from espressivo.errors import AssetError, InputError


def double(number: int) -> int:
    return 2 * number


def fussy(number: int) -> int:
    """Odd numbers are refused, and multiples of four remarked on."""
    if number % 2:
        raise InputError(f"{number} is odd")
    if number % 4 == 0:
        warnings.warn(f"{number} is a multiple of four", stacklevel=1)
    return number


def buggy(number: int) -> int:
    return 1 // (number - 3)


def mortal(number: int) -> int:
    """Dies at 5 as if killed for its memory."""
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return number


def sleepy(seconds: float) -> None:
    _present()
    time.sleep(seconds)


def stubborn(seconds: float) -> None:
    """Works in Python for that long."""
    _present()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def _present() -> None:
    """Its number on a line, in one piece: others write there too."""
    os.write(1, b"%d\n" % os.getpid())


def whoami(number: int) -> tuple[int, str | None]:
    return os.getpid(), os.environ.get("OMP_NUM_THREADS")


@dataclass
class Loudness:
    """A feature that writes down each clip it is asked about."""

    log: Path
    name: str = "loudness-1"
    slow: float = 0.0
    size: int = 1

    def __call__(self, clip: Clip) -> dict[str, np.ndarray] | None:
        with self.log.open("a") as file:
            print(clip.name, file=file)
        time.sleep(self.slow)
        if "quiet" in clip.name:
            return None
        if "weights" in clip.name:
            raise AssetError("the weights are gone")
        if "deadly" in clip.name:
            os.kill(os.getpid(), signal.SIGKILL)
        assert clip.sound is not None
        samples = clip.sound.samples
        return {"rms": np.full(self.size, np.sqrt(np.mean(samples**2)), np.float32), "count": np.array(len(samples))}
