"""Berlin EmoDB: ten actors, ten everyday sentences, seven emotions, with phones and syllables labelled by hand.

In `lablaut/` (phones) and `silb/` (syllables) each line holds the time at which its label BEGINS; it lasts until the
next line's. (Checked on the sound: after the marks of "s" lies the hiss, after those of "t" the closure.) Times are
those of the whole recording, so a copy whose recordings were cut short has labels after its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from espressivo.clip import Word
from espressivo.corpora.item import Corpus, Item, Skip
from espressivo.corpora.readers.common import UnusableError, each, laid_out, lines_of, named, number, one_of, walk

# The letters of Wut, Langeweile, Ekel, Angst, Freude, Trauer, Neutral.
EMOTIONS = {
    "W": "angry",
    "L": "bored",
    "E": "disgusted",
    "A": "fearful",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}
# Hyphens part the syllables as the labels do. In a05 the labels and so the actors say "Blatt", the home page "Stück".
_SENTENCE = {
    "a01": "Der Lap-pen liegt auf dem Eis-schrank.",
    "a02": "Das will sie am Mitt-woch ab-ge-ben.",
    "a04": "Heu-te a-bend könn-te ich es ihm sa-gen.",
    "a05": "Das schwar-ze Blatt Pa-pier be-fin-det sich da o-ben ne-ben dem Holz-stück.",
    "a07": "In sie-ben Stun-den wird es so-weit sein.",
    "b01": "Was sind denn das für Tü-ten, die da un-ter dem Tisch ste-hen?",
    "b02": "Sie ha-ben es ge-ra-de hoch-ge-tra-gen und jetzt ge-hen sie wie-der run-ter.",
    "b03": "An den Wo-chen-en-den bin ich jetzt im-mer nach Hau-se ge-fah-ren und ha-be Ag-nes be-sucht.",
    "b09": "Ich will das e-ben weg-brin-gen und dann mit Karl was trin-ken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie im-mer hin-le-gen.",
}
_PAUSES = ("(", ".")  # a pause; the silence after the last word
# Phones that the labellers wrote in more than one way.
_SPELLINGS = {
    "AU": "aU",
    "AO": "aU",
    "aO": "aU",
    "ao": "aU",
    "H": "h",
    "dsap": "d",
    "gas": "g",
    "NN": "N",
    "mm": "m",
    "ss": "s",
}


def words(path: Path, sentence: str) -> tuple[Word, ...]:
    """The words of a `silb/` file; none where the speaker left out or added a syllable, so that they cannot be told.

    Raises:
        UnusableError: missing, empty, or a line that is not `time syllable`.
    """
    marks = [line.split(None, 1) for line in lines_of(path)]
    if not marks or any(len(mark) != 2 for mark in marks):
        raise UnusableError(f"{path.name!r} is not a list of `time syllable`")
    times = [number(time, "a time") for time, _ in marks]
    spans = [
        (start, end) for (_, label), start, end in zip(marks, times, times[1:], strict=False) if label[0] not in _PAUSES
    ]
    said = sentence.strip(".?").replace(",", "").split()
    if len(spans) != sum(len(word.split("-")) for word in said):
        return ()
    left = iter(spans)
    taken = [(word, [next(left) for _ in word.split("-")]) for word in said]
    return tuple(Word(word.replace("-", ""), parts[0][0], parts[-1][1]) for word, parts in taken)


def phones(path: Path) -> list[tuple[float, float, str]]:
    """(start, end, phone) of a `lablaut/` file, in seconds and in order; pauses and silence are what lies between.

    Phones are the labellers' narrow SAMPA with what they wrote about each left out: a plosive is one phone from its
    closure ("t", or "_t" after a pause) through its release ("!t") and its aspiration ("tasp"); voice quality and
    articulation ("+lar", "-sth", "[+eng") and stress (1, 2, 3) are dropped, and a line with nothing else goes on with
    the phone before it. "(" and "(gef" are pauses, "." is the end.

    Raises:
        UnusableError: missing, or it holds no phones.
    """
    lines = lines_of(path)
    body = lines[lines.index("#") + 1 :] if "#" in lines else lines
    marks = [match.groups() for line in body if (match := re.fullmatch(r"([0-9.]+)\s+-?\d+(?:\s+(.*))?", line))]
    found: list[tuple[float, float, str]] = []
    for (time, label), (until, _) in pairwise(marks):
        start, end = number(time, "a time"), number(until, "a time")
        phone, goes_on = _phone(label or "")
        before = found[-1] if found and found[-1][1] == start else None
        if before is not None and goes_on and phone in ("", before[2]):
            found[-1] = (before[0], end, before[2])
        elif phone:
            found.append((start, end, phone))
    if not found:
        raise UnusableError(f"{path.name!r} holds no phones")
    return found


def _phone(label: str) -> tuple[str, bool]:
    """The phone that a label names, "" if none, and whether it may go on with the one before."""
    symbol = re.split(r"[\s+\-\[]", label.strip(), maxsplit=1)[0]
    if symbol.startswith(_PAUSES):
        return "", False
    released = symbol.startswith("!") or (symbol.endswith(("asp", "sap")) and len(symbol) == 4)
    bare = symbol.lstrip("!_").removesuffix("asp")
    return ("", True) if bare in ("", "hoe") else (_SPELLINGS.get(bare, bare), released)


@laid_out("EmoDB", "wav/03a01Fa.wav … (and lablaut/, silb/)", "wav/*.*")
def read(root: Path, skip: Skip) -> Iterator[Item]:
    """Items with words' times from `silb/`; `notes["phones"]` is the path of the phone labels, see `phones`."""

    def item(path: Path) -> Item:
        told = named("(?P<speaker>[0-9]{2})(?P<sentence>[ab][0-9]{2})(?P<emotion>[A-Z])[a-z]", path, "03a01Fa")
        sentence = one_of(_SENTENCE, told["sentence"], "sentence")
        labels = next((root / "lablaut").glob(f"{path.stem}*.lablaut"), None)
        return Item(
            f"emodb-{path.stem}",
            path,
            speaker=f"emodb-{told['speaker']}",
            text=sentence.replace("-", ""),
            language="de",
            emotion=one_of(EMOTIONS, told["emotion"], "emotion"),
            words=_words(root / "silb" / f"{path.stem}.silb", sentence, skip),
            notes={"sentence": told["sentence"], **({} if labels is None else {"phones": str(labels)})},
        )

    yield from each(walk(root / "wav", skip), item, skip)


def _words(path: Path, sentence: str, skip: Skip) -> tuple[Word, ...]:
    """Not every recording was labelled; labels that cannot be read do not cost us the recording."""
    if not path.is_file():
        return ()
    try:
        return words(path, sentence)
    except UnusableError as error:
        skip(path, f"{error}; its recording is taken without words' times")
        return ()


CORPUS = Corpus(
    name="emodb",
    title="EmoDB: Berlin Database of Emotional Speech (2005)",
    languages=("de",),
    licence="free to use, says its home page; CC0 is recalled but unconfirmed",
    weights="free to use; that the corpus is CC0 is unconfirmed",
    source="Burkhardt et al. 2005, doi:10.21437/Interspeech.2005-446; http://emodb.bilderbar.info/docu/",
    read=read,
    emotions=EMOTIONS,
)
