"""How does the person in the clip feel?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from espressivo.clip import Clip
from espressivo.media.read import read
from espressivo.systems.cascade.perceive import Senses
from espressivo.systems.reply import Perception


def recognize(
    clip: Clip | Any,
    *,
    by: str = "both",
    senses: Senses | None = None,
    progress: Callable[[str], None] | None = None,
) -> Perception:
    """The emotion of the person in `clip`, by "face", "voice" or "both", and how sure that is.

    Args:
        clip: a Clip, or anything `read` takes.
        by: which senses to use.
        senses: loaded senses to use again; spares loading the models at every call.
        progress: called with the name of each stage as it begins.

    Raises:
        InputError: there is neither a face nor speech to go by.
        ConfigError: `by` is not one of the three.
    """
    return (senses or Senses()).feel(clip if isinstance(clip, Clip) else read(clip), by, progress)
