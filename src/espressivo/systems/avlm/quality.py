"""How good a model is at what it was last taught."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch

from espressivo.corpora.data import Data
from espressivo.errors import InputError
from espressivo.metrics.report import Evaluation, classified
from espressivo.metrics.words import word_errors, words
from espressivo.systems.avlm.adapt import READ, AdaptTask
from espressivo.systems.avlm.asking import senses, worded
from espressivo.systems.avlm.avsr import AvsrTask
from espressivo.systems.avlm.clips import Clips, read_clips
from espressivo.systems.avlm.feel import against, often, people_of
from espressivo.systems.avlm.fuse import FuseTask
from espressivo.systems.avlm.heads import SENSES
from espressivo.systems.avlm.model import Avlm, AvlmConfig
from espressivo.systems.avlm.recipe import AvlmRecipe
from espressivo.systems.avlm.seen import Seen
from espressivo.systems.avlm.sequence import Writer
from espressivo.systems.avlm.spoken import Spoken
from espressivo.systems.avlm.writing import write
from espressivo.training.step import moved

BATCH = 16
SHARES = (0.3, 0.5, 0.7)
WAYS: Mapping[str, Mapping[str, bool]] = {"both": {}, "voice": {"blind": True}, "face": {"deaf": True}}


def judged(net: Avlm, data: Data) -> Evaluation:
    """Emotions where the model knows any, else word errors or perplexity, as its stage wants.

    Raises:
        InputError: no recording can be used.
    """
    stage = net.config.stage
    look = bool(net.config.parts)
    clips = read_clips(data, ear=net.config.ear, look=look, faces=look and stage in ("fuse", "avsr"))
    judges = {"adapt": foreseen, "fuse": perplexities, "avsr": transcribed, "emotion": felt}
    return replace(judges[stage](net, clips), skipped=clips.skipped)


def recipe_of(config: AvlmConfig) -> AvlmRecipe:
    """As if the model were to be trained on, so that examples are made as they were then."""
    shape = {name: value for name, value in asdict(config).items() if name != "emotions"}
    return AvlmRecipe(steps=1, batch_size=BATCH, learning_rate=1.0, **shape)


def foreseen(net: Avlm, clips: Clips) -> Evaluation:
    """Perplexity over recognition, synthesis and continuation."""
    task = AdaptTask(recipe_of(net.config), clips)
    nats = task.surprise(net, clips, most=len(clips))
    return Evaluation(len(clips), {"perplexity": float(np.exp(nats))}, speakers=len(clips.speakers()))


def perplexities(net: Avlm, clips: Clips) -> Evaluation:
    """Of dropped tokens, by the share that is dropped."""
    task = FuseTask(recipe_of(net.config), clips)
    found = {share: task.perplexity(net, clips, share) for share in SHARES}
    metrics = {f"perplexity_{share:g}": values["all"] for share, values in found.items()}
    return Evaluation(len(clips), metrics, speakers=len(clips.speakers()), notes={"perplexity": found})


def transcribed(net: Avlm, clips: Clips) -> Evaluation:
    """Word error rates by voice and face, and by one of them alone."""
    metrics = {f"wer_{way}": word_error(net, clips, **how) for way, how in WAYS.items()}
    return Evaluation(len(clips), metrics, speakers=len(clips.speakers()))


def word_error(net: Avlm, clips: Clips, noise: int = 0, deaf: bool = False, blind: bool = False) -> float:
    """Wrong words, of all that are said in the clips.

    Raises:
        InputError: nobody says anything.
    """
    said = transcripts(net, clips, noise, deaf=deaf, blind=blind)
    texts = [words(item.text or "") for item in clips.items]
    if not any(texts):
        raise InputError("no recording has a text: fill in the column 'text'")
    wrong = sum(word_errors(text, words(heard)) for text, heard in zip(texts, said, strict=True))
    return wrong / sum(map(len, texts))


def transcripts(net: Avlm, clips: Clips, noise: int = 0, *, deaf: bool = False, blind: bool = False) -> list[str]:
    """What the model writes for each clip."""
    task, out = AvsrTask(recipe_of(net.config), clips), list[str]()
    net.eval()
    for chosen in np.array_split(np.arange(len(clips)), -(-len(clips) // BATCH)):
        rows = [task.perceived(Writer(task.words), clips, int(i), noise, deaf, blind) for i in chosen]
        batch = moved(task.pack([row.text(task.written(READ)).done() for row in rows]), net.device)
        out += [task.text.decode(ids).strip() for ids in write(net, batch, stop=task.text.eos_token_id)]
    return out


def felt(net: Avlm, clips: Clips) -> Evaluation:
    """Emotions of strangers by both senses; in the notes by one, and of people whose other clips are at hand.

    Raises:
        InputError: no clip shows an emotion that the model knows.
    """
    names, known = net.config.emotions, net.config.labels
    items = [replace(item, emotion=known.get(item.emotion or "", item.emotion)) for item in clips.items]
    clips = replace(clips, items=items).only(i for i, item in enumerate(items) if item.emotion in names)
    if not len(clips):
        raise InputError(f"no recording shows an emotion that the model knows: {', '.join(names)}")
    x, labels = sensed(net, clips), [item.emotion for item in clips.items]
    people = [item.speaker for item in clips.items]
    notes: dict[str, Any] = {}
    for sense in SENSES:
        p = likely(net, sense, x[sense])
        notes[f"by_{sense}"] = classified(names, labels, p, people).metrics
        rows = np.flatnonzero(often(people_of(clips)))
        if len(rows):
            p = likely(net, sense, x[sense][rows], people_of(clips)[rows])
            own = [labels[i] for i in rows]
            notes[f"by_{sense}_known"] = classified(names, own, p, [people[i] for i in rows]).metrics
    best = "both" if net.config.parts else "voice"
    return replace(classified(names, labels, likely(net, best, x[best]), people), notes=notes)


def sensed(net: Avlm, clips: Clips) -> dict[str, torch.Tensor]:
    """What the heads get of all clips."""
    found = [senses(net, rows) for rows in _perceived(clips)]
    return {sense: torch.cat([part[sense] for part in found]) for sense in SENSES}


def worded_likely(net: Avlm, clips: Clips) -> np.ndarray:
    """(clips, emotions) probabilities of the word that the model answers with."""
    return torch.cat([worded(net, rows) for rows in _perceived(clips)]).softmax(1).numpy()


def _perceived(clips: Clips) -> Iterator[list[tuple[Spoken, Seen | None]]]:
    """Voices and faces, BATCH at a time."""
    for begin in range(0, len(clips), BATCH):
        rows = []
        for i in range(begin, min(begin + BATCH, len(clips))):
            spoken, face = clips.spoken(i), clips.face(i)
            rows.append((spoken, None if face is None else face.cut(len(spoken))))
        yield rows


@torch.inference_mode()
def likely(net: Avlm, sense: str, x: torch.Tensor, people: np.ndarray | None = None) -> np.ndarray:
    """(clips, emotions) probabilities; of people who are known, if it is said who each clip is of."""
    head = net.head(sense, people is not None)
    found: np.ndarray = head(x if people is None else against(x, people, head.usual)).softmax(1).numpy()
    return found
