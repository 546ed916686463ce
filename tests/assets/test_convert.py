"""GGUF to a transformers folder: the same weights that transformers reads, whole or not there at all."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from espressivo.assets import cache, convert, manifest
from tests.assets.fake_index import ALPHA, World

HEADS, GROUPS, SIZE, HIDDEN, LAYERS = 4, 2, 64, 96, 2
TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "a", "b", "Ġ", "ab", "1", "2", "ĠĠ", "Ċ", "12"]


def write_gguf(path: Path) -> None:
    """A two-layer Llama with grouped heads and random weights, and a tokenizer of a dozen tokens."""
    from gguf import GGUFWriter, TokenType

    writer, draw = GGUFWriter(path, "llama"), np.random.default_rng(0)
    writer.add_block_count(LAYERS)
    writer.add_context_length(64)
    writer.add_embedding_length(SIZE)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(GROUPS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([TokenType.CONTROL] * 3 + [TokenType.NORMAL] * (len(TOKENS) - 3))
    writer.add_token_merges(["a b", "Ġ Ġ", "1 2"])
    for name, number in (("bos", 1), ("eos", 2), ("unk", 0), ("pad", 2)):
        getattr(writer, f"add_{name}_token_id")(number)
    writer.add_chat_template("{{ messages[0]['content'] }}")
    narrow = SIZE // HEADS * GROUPS
    shapes = {"attn_q": (SIZE, SIZE), "attn_k": (narrow, SIZE), "attn_v": (narrow, SIZE), "attn_output": (SIZE, SIZE)}
    shapes |= {"ffn_gate": (HIDDEN, SIZE), "ffn_up": (HIDDEN, SIZE), "ffn_down": (SIZE, HIDDEN)}
    shapes |= {"attn_norm": (SIZE,), "ffn_norm": (SIZE,)}
    tensors = {f"blk.{i}.{name}.weight": shape for i in range(LAYERS) for name, shape in shapes.items()}
    for name, shape in (tensors | {"token_embd.weight": (len(TOKENS), SIZE), "output_norm.weight": (SIZE,)}).items():
        writer.add_tensor(name, draw.normal(size=shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_the_weights_are_those_that_transformers_reads_itself(tmp_path: Path) -> None:
    import torch
    from transformers import LlamaForCausalLM

    write_gguf(tmp_path / "tiny.gguf")
    (tmp_path / "out").mkdir()
    convert.convert(tmp_path / "tiny.gguf", tmp_path / "out")
    ours = LlamaForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    theirs = LlamaForCausalLM.from_pretrained(tmp_path, gguf_file="tiny.gguf", dtype=torch.float32)
    wanted = dict(theirs.named_parameters())
    found = dict(ours.named_parameters())
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4, msg=name)
    tokens = torch.tensor([[3, 4, 5, 6]])
    torch.testing.assert_close(ours(tokens).logits, theirs(tokens).logits, rtol=2e-2, atol=2e-2)
    for fact in ("num_key_value_heads", "head_dim", "max_position_embeddings", "eos_token_id", "pad_token_id"):
        assert getattr(ours.config, fact) == getattr(theirs.config, fact), fact


def test_the_tokenizer_splits_digits_and_knows_its_control_tokens(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    write_gguf(tmp_path / "tiny.gguf")
    (tmp_path / "out").mkdir()
    convert.convert(tmp_path / "tiny.gguf", tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer.convert_ids_to_tokens(tokenizer("ab  12<|im_end|>").input_ids) == [
        "ab", "ĠĠ", "1", "2", "<|im_end|>",
    ]  # fmt: skip
    assert tokenizer.decode(tokenizer("ab  12\n").input_ids) == "ab  12\n"
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token_id) == ("<|im_start|>", "<|im_end|>", 2)
    assert tokenizer.apply_chat_template([{"role": "user", "content": "ab"}], tokenize=False) == "ab"


@pytest.fixture
def counted(by_hand: World, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """`language_model` with a stand-in for the conversion; the list grows by one for each."""
    done: list[Path] = []

    def stand_in(gguf: Path, folder: Path, tell: Callable[[int, int, str], None]) -> None:
        assert gguf.read_bytes() == ALPHA
        done.append(folder)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(b"weights")

    monkeypatch.setattr(convert, "LANGUAGE_MODEL", "alpha")
    monkeypatch.setattr(convert, "convert", stand_in)
    return done


def test_it_is_converted_once(counted: list[Path]) -> None:
    folder = convert.language_model()
    assert convert.language_model() == folder
    assert len(counted) == 1
    assert {path.name for path in folder.iterdir()} == {
        "config.json", "model.safetensors", manifest.MANIFEST, cache.STAMP,
    }  # fmt: skip


@pytest.mark.parametrize("damage", ["model.safetensors", "config.json", manifest.MANIFEST])
def test_a_folder_that_is_not_whole_is_made_again(counted: list[Path], damage: str) -> None:
    folder = convert.language_model()
    (folder / damage).write_text("cut")
    assert convert.language_model() == folder
    assert len(counted) == 2
    assert (folder / "model.safetensors").read_bytes() == b"weights"


def test_it_is_not_there_until_it_is_whole(counted: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(gguf: Path, folder: Path, tell: Callable[[int, int, str], None]) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    good = convert.convert
    monkeypatch.setattr(convert, "convert", fails)
    with pytest.raises(KeyboardInterrupt):
        convert.language_model()
    monkeypatch.setattr(convert, "convert", good)
    assert (convert.language_model() / "model.safetensors").read_bytes() == b"weights"


@pytest.mark.weights
def test_the_real_one_counts_digit_by_digit_and_speaks() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = convert.language_model()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.convert_ids_to_tokens(tokenizer("I have 12  34").input_ids) == [
        "I", "Ġhave", "Ġ", "1", "2", "ĠĠ", "3", "4",
    ]  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ask = [{"role": "user", "content": "What is the capital of France?"}]
    asked = tokenizer.apply_chat_template(ask, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    said = model.generate(**asked, max_new_tokens=12, do_sample=False)[0, asked["input_ids"].shape[1] :]
    assert "Paris" in tokenizer.decode(said)
