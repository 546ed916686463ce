"""The model card of a set of units."""

from __future__ import annotations

from espressivo.systems.speech_units.frames import Frames
from espressivo.systems.speech_units.model import UnitConfig


def card(config: UnitConfig, frames: Frames) -> str:
    """Markdown: what it is, what it learned from, its licence, what it cannot do."""
    hours = len(frames) / 25 / 3600
    sizes = " and ".join(str(count) for count in config.counts)
    heard = config.encoder if config.encoder == "whisper-base" else f"layer {config.layer} of {config.encoder}"
    aligned = (frames.phone >= 0).mean()
    return f"""# {config.name}

Speech as units: {sizes} of them, 25 a second, from {heard}.

- **Learned from** {hours:.1f} h of English speech, part of it synthetic; {aligned:.0%} of the frames have a phone,
  found by forced alignment. A bottleneck of {config.width} numbers learned to tell {config.phones} phones apart, then
  its points were clustered.
- **Licence** {config.licence}
- **Measure it** with `espressivo evaluate speech-units --data emodb.jsonl.gz --checkpoint THIS --json units.json`; the
  data come from `espressivo prepare emodb FOLDER -o emodb.jsonl.gz`, which reads EmoDB's recordings and hand labels.
- **Limits** Taught on English: sounds that English lacks share their neighbours' units. A unit comes
  {1000 * config.lag:.0f} ms after the middle of what it tells of. Emotion, melody and who speaks are mostly left out,
  on purpose, not fully.
"""
