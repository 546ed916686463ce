"""A tiny text model, made-up voices and faces for it to read, and recordings of them that need no files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from collections.abc import Sequence as Rows
from dataclasses import replace
from functools import partial
from pathlib import Path
from zlib import crc32

import numpy as np
import soundfile
import torch

from espressivo.clip import Clip
from espressivo.corpora.features import FeatureStore
from espressivo.corpora.item import Item
from espressivo.errors import InputError
from espressivo.signal.tokens import SpeechTokens
from espressivo.systems.avlm.clips import Clips
from espressivo.systems.avlm.fusions import FUSIONS
from espressivo.systems.avlm.model import Avlm, AvlmConfig
from espressivo.systems.avlm.packing import Batch, pack
from espressivo.systems.avlm.recipe import FOLDER, AvlmRecipe
from espressivo.systems.avlm.seen import EXPRESSION, LIPS, PICTURE, Seen
from espressivo.systems.avlm.sequence import Sequence, Writer
from espressivo.systems.avlm.spoken import MANNER, Spoken
from espressivo.systems.avlm.vocabulary import Vocabulary
from espressivo.training import read_recipe

DIM, TEXT = 32, 261
WORDS = Vocabulary(TEXT)
LOOKING = tuple(name for name in FUSIONS if name != "none")
EYES = ("expression", "landmarks")


def language_model(folder: Path) -> str:
    """A model of two layers at random, and a tokenizer that spells, with a space before a, h, n and s in one."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters, begun = sorted(pre_tokenizers.ByteLevel.alphabet()), [("Ġ", letter) for letter in "ahns"]
    known = [*letters, *map("".join, begun), "<eos>"]
    speller = Tokenizer(models.BPE({part: i for i, part in enumerate(known)}, begun))
    speller.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    speller.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=speller, eos_token="<eos>").save_pretrained(folder)
    shape = {"hidden_size": DIM, "intermediate_size": 48, "num_hidden_layers": 2, "max_position_embeddings": 512}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": TEXT, "tie_word_embeddings": True}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaForCausalLM(LlamaConfig(**shape, **heads, initializer_range=0.2)).save_pretrained(folder)
    return str(folder)


def config(lm: str, **changes: object) -> AvlmConfig:
    made = AvlmConfig("made", "CC0", lm, rank=2, width=16, depth=2)
    return replace(made, **changes)  # type: ignore[arg-type]


def lively(lm: str, seed: int = 0, **changes: object) -> Avlm:
    """A model in which adapter, manner, eye and fusion do something from the start."""
    torch.manual_seed(seed)
    net = Avlm(config(lm, **changes))
    for name, weight in net.named_parameters():
        if name.endswith("up") or name.startswith(("manner.1", "eye.nobody")):
            torch.nn.init.normal_(weight, std=0.3)
        if name.endswith(("both.2.weight", "asker.out.1.weight")):
            torch.nn.init.normal_(weight, std=0.3)
        if name == "fusion.gates":
            torch.nn.init.ones_(weight)
    return net.eval()


def spoken(seconds: float = 1.0, seed: int = 0, feeling: int = 0) -> Spoken:
    """Somebody who says something; a `feeling` colours how each second sounds."""
    random, units = np.random.default_rng(seed), int(seconds * 25)
    pitch, style = -(-units // 2), -(-units // 25)
    tokens = (random.integers(high, size=size) for high, size in ((500, units), (64, pitch), (100, style)))
    manner = random.normal(size=(style, MANNER)) + coloured(feeling, MANNER)
    return Spoken(SpeechTokens(*(row.astype(np.int16) for row in tokens), 140.0), manner.astype(np.float32))


def seen(frames: int = 25, seed: int = 0, feeling: int = 0) -> Seen:
    random = np.random.default_rng(seed)
    expression = random.uniform(0.2, 0.4, (frames, EXPRESSION)) + 0.1 * coloured(feeling, EXPRESSION)
    lips = random.normal(size=(frames, LIPS))
    mouth, face = random.integers(256, size=(2, frames, PICTURE, PICTURE), dtype=np.uint8)
    return Seen(expression.astype(np.float32), lips.astype(np.float32), mouth, face, np.ones(frames, bool))


def coloured(feeling: int, width: int) -> np.ndarray:
    """A direction of its own for each feeling; 0 has none."""
    return np.random.default_rng(1000 + feeling).choice([-1.0, 1.0], width) if feeling else np.zeros(width)


# Rows


def row(
    seconds: float,
    face: Seen | None,
    fusion: str = "prefix",
    seed: int = 0,
    share: float = 0.4,
    text: Iterable[int] = b"what?",
) -> Sequence:
    """A face, a voice with that share of its tokens dropped, and a question."""
    voice = spoken(seconds, seed)
    missing = np.random.default_rng(seed).uniform(size=len(voice.tokens.ids(WORDS.layout))) < share
    writer = Writer(WORDS).face(face, FUSIONS[fusion].slots)
    return writer.speech(voice, dropped=missing, learned=missing).text(text).done()


def packed(rows: Rows[Sequence], fusion: str = "prefix", encoders: tuple[str, ...] = EYES) -> Batch:
    parts = AvlmConfig("", "", fusion=fusion, encoders=encoders).parts
    return pack(rows, partial(FUSIONS[fusion].asks, WORDS), parts)


@torch.inference_mode()
def read(net: Avlm, rows: Rows[Sequence]) -> list[torch.Tensor]:
    """The last hidden states of each row."""
    batch = packed(rows, net.config.fusion, net.config.encoders)
    return list(net(batch).split(batch.lengths.tolist()))


# Recordings


class Kept(FeatureStore):
    """In place of the feature cache: arrays by the item's id."""

    def __init__(self, arrays: dict[str, dict[str, np.ndarray]]) -> None:
        self.arrays = arrays

    def __contains__(self, item: Item) -> bool:
        return item.id in self.arrays

    def __getitem__(self, item: Item) -> dict[str, np.ndarray]:
        return self.arrays[item.id]


FEELINGS = ("neutral", "happy", "angry")


def items(emotions: str, speaker: str = "made", text: str | None = "Good  Day") -> list[Item]:
    """Items without recordings: "happy sad -" are three, the last without a label."""
    return [
        Item(f"{speaker}-{n}", Path(f"{n}.wav"), speaker=speaker, text=text, emotion=None if name == "-" else name)
        for n, name in enumerate(emotions.split())
    ]


def felt(item: Item) -> int:
    return FEELINGS.index(item.emotion) if item.emotion in FEELINGS else 0


def heard_in(item: Item, noise: int = 0) -> Spoken:
    seed = crc32(item.id.encode())
    return spoken(0.6 + 0.2 * (seed % 5), seed + noise, felt(item))


def seen_in(item: Item) -> Seen:
    seed = crc32(item.id.encode())
    return seen(15 + 5 * (seed % 4), seed, felt(item))


def clips(*given: Item, faces: bool | Rows[str] = True, noises: int = 0) -> Clips:
    """What is said in an item and seen follows from its id and its emotion; `faces` of all, of none, or of those."""
    heard = tuple(Kept({one.id: heard_in(one, noise).arrays for one in given}) for noise in range(1 + noises))
    shown = [one for one in given if (faces if isinstance(faces, bool) else one.id in faces)]
    return Clips(list(given), heard, Kept({one.id: seen_in(one).arrays for one in shown}) if faces else None)


def debug(lm: str, **values: object) -> AvlmRecipe:
    """The `debug` recipe with settings of one's own."""
    given = {"lm": lm, **values}
    settings = [f"{key}={json.dumps(value, default=str)}" for key, value in given.items()]
    return read_recipe(AvlmRecipe, "debug", settings, FOLDER)


# Recordings on disk


def measured_voice(clip: Clip) -> dict[str, np.ndarray]:
    """In place of SpokenFeature: of a short clip nothing."""
    assert clip.sound is not None
    if clip.sound.duration < 0.5:
        raise InputError(f"{clip.name} is short")
    return heard_in(Item(clip.name, Path(clip.name), emotion=clip.emotion)).arrays


def measured_face(clip: Clip) -> dict[str, np.ndarray]:
    """In place of SeenFeature: whoever's name begins with "veiled" has none."""
    if clip.name.startswith("veiled"):
        raise InputError(f"{clip.name} shows hardly any face")
    return seen_in(Item(clip.name, Path(clip.name), emotion=clip.emotion)).arrays


def recordings(folder: Path, *rows: dict[str, str]) -> Path:
    """A table of recordings of 0.6 s; each row has a path at least, one called "short" has hardly any sound."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in rows:
        level = 0.05 + crc32(each["path"].encode()) % 10_000 / 20_000  # no two are alike
        length = 2000 if each["path"].startswith("short") else 4800
        soundfile.write(folder / each["path"], np.full(length, level, np.float32), 8000)
    with (folder / "my.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "speaker", "emotion", "text"])
        writer.writeheader()
        writer.writerows(rows)
    return folder / "my.csv"
