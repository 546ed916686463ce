"""The model card that a training writes; those of the shipped models are completed by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from espressivo.systems.voice_emotion.examples import Table
from espressivo.systems.voice_emotion.model import VoiceConfig
from espressivo.systems.voice_emotion.recipe import VoiceRecipe


def card(recipe: VoiceRecipe, config: VoiceConfig, table: Table, scores: Mapping[str, float]) -> str:
    """Markdown: what it does, what it learned from, its licence, how good it is, what it is not for."""
    made = f"{len(config.layers)} layers of {config.encoder}"
    counts = [f"{name} ({(table.corpus == name).sum()})" for name in config.corpora]
    lines = [
        f"# {config.name}",
        "",
        f"Reads a feeling off a voice: statistics of {made}, and a linear classifier.",
        f"Emotions: {', '.join(config.emotions)}.",
        "",
        f"- **Trained on** {len(table)} utterances of {len(np.unique(table.speaker))} speakers: {', '.join(counts)}.",
        f"- **Licence** {config.licence}",
        f"- **Made by** `espressivo train voice-emotion` with the recipe in training.json, seed {recipe.seed}.",
    ]
    if scores:
        told = f"{scores['uar']:.2f}; {scores['uar_known']:.2f} against the speaker's other clips"
        lines.append(f"- **On the speakers held out** UAR {told} (chance {1 / len(config.emotions):.2f}).")
    lines += [
        "",
        "It says how speech sounds, never how someone is: not for judging people at work, in school, in court,",
    ]
    return "\n".join([*lines, "at a border or in medicine."])
