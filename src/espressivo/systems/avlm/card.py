"""The model card that training writes."""

from __future__ import annotations

from espressivo.systems.avlm.clips import Clips
from espressivo.systems.avlm.model import AvlmConfig
from espressivo.systems.avlm.recipe import AvlmRecipe

LEARNED = {
    "adapt": "to read and write speech tokens",
    "fuse": "to foresee speech with a face in view",
    "avsr": "to write down what is said by somebody who is seen",
    "emotion": "to name how somebody feels who is heard and seen",
}


def card(config: AvlmConfig, recipe: AvlmRecipe, clips: Clips) -> str:
    """What the model is, what it learned from, and what it cannot do."""
    people = len(clips.speakers())
    began = "" if recipe.begin is None else f" It went on from `{recipe.begin.name}`."
    feelings = f"\n\nEmotions: {', '.join(config.emotions)}." if config.emotions else ""
    return f"""# {config.name}

What is learned on top of the frozen language model `{config.lm}`, which is not in this folder and has its own licence:
speech tokens, a low-rank adapter, an eye ({", ".join(config.encoders)}) and a fusion (`{config.fusion}`), by the stage
`{recipe.stage}`: {LEARNED[recipe.stage]}.{began}{feelings}

- **Licence of these weights:** {config.licence}
- **Learned from** {len(clips)} recordings of {people} people; training.json names the data and their licences.
- **Not for** decisions about people: what it says of a feeling is a guess from a few seconds of voice and face.

```python
from espressivo.systems.avlm.model import Avlm

net = Avlm.load(folder)
```
"""
