"""What `augment` leaves beside its clips for whoever finds them: what they are, and under which conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from espressivo.corpora.licences import terms

if TYPE_CHECKING:
    from espressivo.systems.prosody2vec.model import ProsodyConfig


def note(config: ProsodyConfig, corpora: Mapping[str, int], counts: Mapping[str, int], command: str) -> str:
    """Markdown.

    Args:
        corpora: how many recordings of each the clips could be made of.
        counts: clips made of each emotion.
    """
    rows = "\n".join(f"| {name} | {said['items']} | {said['licence']} |" for name, said in terms(corpora).items())
    made = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f"""# Made speech

{sum(counts.values())} clips ({made}), made with `{command}`. Nobody ever spoke like this: words and voice
are those of one recording, the prosody is that of others. `provenance.jsonl` tells of each clip which ones;
`made.jsonl.gz` holds the clips, `all.jsonl.gz` the originals as well.

**Conditions.** A clip carries those of the recordings that it is made of, and those of the model: {config.name},
{config.licence}. The voices are real people's: what they agreed to when they were recorded holds here too.

| recordings | used | licence |
|---|--:|---|
{rows}

**Marked.** Each file's metadata say that it is synthetic, and `espressivo detect` finds that. The sound itself is not
marked, as other speech made with espressivo is: a classifier could learn the mark in place of the emotion. So do not
pass these files on as anything else than training data, and keep the metadata when you convert them.

**For training only.** A clip's speaker is that of its words, but its prosody comes from recordings of other speakers:
split the data first, then augment the part for training. Splitting `all.jsonl.gz` would let recordings of the test be
heard in training.
"""
