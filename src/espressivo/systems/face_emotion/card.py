"""The model card that `train` writes; the one that ships is longer, written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from espressivo.systems.face_emotion.model import FaceConfig


def card(recipe: Any, config: FaceConfig, examples: int, found: Mapping[str, float]) -> str:
    learned = f"{recipe.people} made-up people" if recipe.people else "labelled recordings"
    measured = ", ".join(f"{name} {value:.2f}" for name, value in found.items() if name != "score") or "nothing"
    return f"""# {config.name}

Reads a feeling off how a face moves, from 51 blendshapes and the head's pose: {", ".join(config.emotions)}.

- **Learned from** {examples} clips: {learned}. `training.json` tells the rest.
- **Licence** {config.licence}
- **Macro-F1 on held-out people**: {measured}

It says how a face looks, never how someone is: not for judging people at work, in school, in court, at a border or in
medicine."""
