"""The model card that `train` writes; the one that ships is longer, written by hand."""

from __future__ import annotations


def card(name: str, licence: str, hours: float, speakers: int) -> str:
    return f"""# {name}

Turns mel spectrograms (80 bands to 8 kHz, 22.05 kHz, hop 256) into sound: harmonics and noise, shaped by a network.

- **Learned from** {hours:.1f} h of speech of {speakers} voices. `training.json` tells the rest.
- **Licence** {licence}
- **Measure it** with `espressivo evaluate vocoder --data DATA --checkpoint THIS --json copy.json`.
- **Limits** One voice at a time: no music, no several people at once. What it makes is synthetic: `Speech.save` marks
  it so.
"""
