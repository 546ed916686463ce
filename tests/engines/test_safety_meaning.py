"""The second net: what it goes by, and what happens without its weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from espressivo.engines import safety
from espressivo.engines.safety import GENTLE, KINDS, Concern, concern
from espressivo.engines.safety.meaning import MOST, Meaning, exemplars, pieces
from espressivo.engines.safety.sentences import SentenceEncoder
from espressivo.errors import AssetError


class Words:
    """Stands in for the sentence encoder: sentences are close when they share words."""

    def __call__(self, sentences: list[str]) -> np.ndarray:
        vectors = np.zeros((len(sentences), 512), np.float32)
        for row, sentence in zip(vectors, sentences, strict=True):
            for word in sentence.split():
                row[sum(ord(c) * 31**i for i, c in enumerate(word)) % 512] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def by_words() -> Meaning:
    said = ["i set the barn ablaze", "he stalks the girl", "we had soup today", "the garden is green"]
    encoder = Words()
    return Meaning(encoder, ["violence", "abuse", "harmless", "harmless"], encoder(said))  # type: ignore[arg-type]


def test_meaning_goes_by_the_closest_sentences(by_words: Meaning) -> None:
    assert by_words("I set the barn ablaze!") == Concern("violence", sure=True)
    assert by_words("He stalks the girl.") == Concern("abuse", sure=True)
    assert by_words("We had soup today. The garden is green.") is None
    assert by_words("We had soup today. I set the barn ablaze. The garden is green.") == Concern("violence", sure=True)
    assert by_words("") is None


def test_long_sentences_are_judged_in_pieces(by_words: Meaning) -> None:
    words = [str(i) for i in range(100)]
    parts = pieces(" ".join(words))
    assert all(len(part.split()) <= MOST for part in parts)
    assert {word for part in parts for word in part.split()} == set(words)
    assert pieces("Yes. Oh no!") == []
    assert (
        by_words("we had soup today " * 20 + "i set the barn ablaze i set the barn ablaze i set the barn ablaze")
        is not None
    )


def test_both_nets_and_either_alone(monkeypatch: pytest.MonkeyPatch, by_words: Meaning) -> None:
    monkeypatch.setattr(safety, "second_net", lambda: by_words)
    assert concern("I set the barn ablaze.") == Concern("violence", sure=True)
    assert concern("I want to kill myself.") == Concern("self-harm", sure=True)
    assert concern("") is None
    monkeypatch.setattr(safety, "second_net", lambda: None)
    assert concern("I set the barn ablaze.") is None
    assert concern("I want to kill myself.") == Concern("self-harm", sure=True)


def test_weights_out_of_reach_leave_the_patterns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def out_of_reach() -> Meaning:
        raise AssetError("no network")

    monkeypatch.setattr(Meaning, "load", out_of_reach)
    safety._second_net.cache_clear()
    try:
        assert concern("I want to kill myself.") == Concern("self-harm", sure=True)
        assert concern("I set the barn ablaze.") is None
        assert concern("I set the barn ablaze.") is None
        assert caplog.text.count("by patterns only: no network") == 1
    finally:
        safety._second_net.cache_clear()


def test_exemplars_are_many_and_of_one_kind_each() -> None:
    kinds, sentences = exemplars()
    assert len(set(sentences)) == len(sentences)
    assert all(kinds.count(kind) >= 25 for kind in KINDS)
    assert kinds.count("harmless") >= 80
    assert "local emergency number" in GENTLE


def test_vectors_are_those_of_transformers(tmp_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=20, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32,
        max_position_embeddings=80, initializer_range=0.5,
    )  # fmt: skip
    model = BertModel(config).eval()
    model.save_pretrained(tmp_path)
    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "a": 2, "b": 3, "c": 4}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    got = SentenceEncoder.load(tmp_path)(["a b c b a", "c", "b a"])
    with torch.inference_mode():
        for vector, ids in zip(got, ([2, 3, 4, 3, 2], [4], [3, 2]), strict=True):
            mean = model(torch.tensor([ids])).last_hidden_state[0].mean(0)
            np.testing.assert_allclose(vector, (mean / mean.norm()).numpy(), atol=1e-5)


@pytest.mark.weights
def test_the_real_net_sees_what_no_pattern_foresaw(asset: Callable[[str], Path]) -> None:
    asset("minilm")
    net = Meaning.load()
    for kind, text in (
        ("self-harm", "I cannot imagine being alive next month"),
        ("emergency", "he swallowed something poisonous and throws up"),
        ("abuse", "my boyfriend twisted my arm until it broke"),
        ("violence", "I dream about slitting his throat"),
    ):
        found = net(text)
        assert found is not None, text
        assert found.kind == kind
    for text in ("We are having pizza with the neighbours.", "My cousin plays the violin.", "It rained all morning."):
        assert net(text) is None
