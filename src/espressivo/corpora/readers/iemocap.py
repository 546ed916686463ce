"""IEMOCAP: ten actors in five dyadic sessions; turns cut out of long dialogues, each labelled by several people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, lines_of, one_of, recording

# Excitement is counted as happiness, as the usual four-class protocol does.
EMOTIONS = {
    "ang": "angry",
    "dis": "disgusted",
    "exc": "happy",
    "fea": "fearful",
    "hap": "happy",
    "neu": "neutral",
    "sad": "sad",
    "sur": "surprised",
}
# No agreement, another emotion, and frustration, which the taxonomy lacks: items without emotion, told in `notes`.
_UNLABELLED = {"xxx": "", "oth": "", "fru": ""}
_TURN = re.compile(
    r"\[([\d.]+) - ([\d.]+)\]\s+(Ses(\d\d)[FM]_\w+)_([FM]\d+)\s+(\w+)\s+\[([\d.]+), ([\d.]+), ([\d.]+)\]"
)
_SAID = re.compile(r"(Ses\w+) \[[\d.-]+\]:\s*(.*)")


def _texts(path: Path) -> dict[str, str]:
    return {match[1]: match[2] for line in lines_of(path) if (match := _SAID.fullmatch(line))}


def _turns(session: Path, labels: Path, skip: Skip) -> Iterator[Item]:
    """The turns of one dialogue."""
    lines = [line for line in lines_of(labels) if line.startswith("[") and "Ses" in line]
    texts = _texts(session / "dialog" / "transcriptions" / labels.name)

    def item(line: str) -> Item:
        match = _TURN.fullmatch(line)
        if match is None:
            raise UnusableError(
                f"the line {line!r:.60} is not `[start - end] turn emotion [valence, activation, dominance]`"
            )
        _, _, dialogue, number, turn, label, *dimensions = match.groups()
        name = f"{dialogue}_{turn}"
        emotion = one_of(EMOTIONS | _UNLABELLED, label, "emotion")
        if name not in texts:
            raise UnusableError(f"there is no transcript of {name}")
        return Item(
            f"iemocap-{name}",
            recording(session / "sentences" / "wav" / dialogue, name),
            # Two people talk: the turn's letter, not the dialogue's, tells who.
            speaker=f"iemocap-Ses{number}{turn[0]}",
            text=texts[name],
            language="en",
            emotion=emotion or None,
            part=f"session-{int(number)}",
            notes={"label": label, **dict(zip(("valence", "activation", "dominance"), dimensions, strict=True))},
        )

    yield from each(lines, item, skip, labels)


@laid_out("IEMOCAP", "Session1/ … Session5/, each with dialog/EmoEvaluation/ and sentences/wav/", "Session[1-5]/dialog")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Every turn; `part` is its session, for nobody is in two of them."""
    for labels in sorted(root.glob("Session[1-5]/dialog/EmoEvaluation/Ses*.txt")):
        try:
            yield from _turns(labels.parents[2], labels, skip)
        except UnusableError as error:
            skip(labels, f"{error}; its dialogue is left out")


CORPUS = Corpus(
    name="iemocap",
    title="IEMOCAP: Interactive Emotional Dyadic Motion Capture database (2008)",
    languages=("en",),
    licence="for research, by agreement with the University of Southern California",
    weights=None,
    source="Busso et al. 2008, doi:10.1007/s10579-008-9076-6; https://sail.usc.edu/iemocap/",
    read=read,
    emotions=EMOTIONS,
)
