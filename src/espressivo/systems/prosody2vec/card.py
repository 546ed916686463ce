"""The model card that `train` writes; those that ship are longer, written by hand."""

from __future__ import annotations

from collections.abc import Sequence

from espressivo.systems.prosody2vec.model import ProsodyConfig


def card(config: ProsodyConfig, hours: float, speakers: int, labels: Sequence[str] = ()) -> str:
    """Of a model whose last stage learned from so much speech, with these labels on some of it."""
    how = f"some of it labelled {', '.join(labels)}, on top of an earlier stage" if labels else "without labels"
    return f"""# {config.name}

Takes speech apart into words, voice, melody and prosody, and puts it together again.

- **Learned from** {hours:.1f} h of speech of {speakers} voices, {how}. `training.json` tells the rest.
- **Licence** {config.licence}
- **Limits** What it makes is synthetic; espressivo marks it when it is written.
"""
