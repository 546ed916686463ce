"""The language model out of its GGUF file, once: a folder that `transformers` loads in a second.

Reading GGUF through `transformers` takes half a minute each time. Here it is parsed once and written as safetensors
in float16: its 4- and 8-bit values lose 2·10⁻⁴ of their size that way (bfloat16: 14·10⁻⁴).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from espressivo.assets import cache, manifest, registry
from espressivo.assets.cache import Tell
from espressivo.assets.report import Progress, teller
from espressivo.assets.resolver import fetch

if TYPE_CHECKING:
    from gguf import GGUFReader

LANGUAGE_MODEL = "smollm2-135m"
FORMAT = 1  # raised when what is written here changes, so that old folders are left alone
CONTROL = 3  # GGUF's mark of a token that is never part of ordinary text

NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def language_model(progress: Progress | None = None) -> Path:
    """A folder with the local language model for `AutoModelForCausalLM` and `AutoTokenizer.from_pretrained`.

    float16 safetensors, converted from the pinned GGUF at the first call. Raises what `fetch` raises.
    """
    source = registry.entry(LANGUAGE_MODEL).files[0]
    place = cache.cache_dir() / "converted" / f"{LANGUAGE_MODEL}-{source.sha256[:8]}-{FORMAT}"
    if manifest.problem(place, FORMAT):
        gguf = fetch(LANGUAGE_MODEL, progress)
        tell = teller(LANGUAGE_MODEL, progress)
        with cache.locked(place.name, tell):
            if manifest.problem(place, FORMAT):
                _install(gguf, place, tell)
    return place


def _install(gguf: Path, place: Path, tell: Tell) -> None:
    with cache.workplace(place) as work:
        cache.need_room(place, 3 * gguf.stat().st_size)
        with cache.writing(place):
            (place / manifest.MANIFEST).unlink(missing_ok=True)
            convert(gguf, work, tell)
            mode = (work / "config.json").stat().st_mode
            for path in work.iterdir():
                path.chmod(mode)  # safetensors makes files that only their owner may read
            manifest.write(work, FORMAT, place)


def convert(gguf: Path, folder: Path, tell: Tell = lambda done, total, message: None) -> None:
    """Write a Llama model in GGUF, with its byte-level BPE tokenizer, as `transformers` files into `folder`."""
    from gguf import GGUFReader

    tell(0, 0, "converting the language model, once")
    reader = GGUFReader(gguf)
    facts = {key: field.contents() for key, field in reader.fields.items()}
    _write_weights(reader, facts, folder / "model.safetensors", tell)
    _write_tokenizer(facts, folder)
    for name, content in (("config.json", _config(facts)), ("generation_config.json", _ids(facts))):
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _write_weights(reader: GGUFReader, facts: dict[str, Any], path: Path, tell: Tell) -> None:
    from gguf import dequantize
    from safetensors.numpy import save_file

    heads = {"attn_q": facts["llama.attention.head_count"], "attn_k": facts["llama.attention.head_count_kv"]}
    weights: dict[str, np.ndarray] = {}
    for done, tensor in enumerate(reader.tensors):
        *block, kind, suffix = tensor.name.split(".")
        value = dequantize(tensor.data, tensor.tensor_type)
        if kind in heads:
            value = _interleaved_to_halves(value, heads[kind])
        prefix = f"model.layers.{block[1]}." if block else ""
        weights[f"{prefix}{NAMES[kind]}.{suffix}"] = np.ascontiguousarray(value, np.float16)
        tell(done + 1, len(reader.tensors), "converting the language model, once")
    save_file(weights, path, metadata={"format": "pt"})


def _interleaved_to_halves(weight: np.ndarray, heads: int) -> np.ndarray:
    """Undo GGUF's order of rotary pairs: it keeps the two of a pair side by side, transformers half a head apart.

    `weight` is (heads · head size, inputs), and so is what is returned.
    """
    outputs, inputs = weight.shape
    return weight.reshape(heads, outputs // heads // 2, 2, inputs).swapaxes(1, 2).reshape(outputs, inputs)


def _config(facts: dict[str, Any]) -> dict[str, Any]:
    size, heads = facts["llama.embedding_length"], facts["llama.attention.head_count"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float16",
        "hidden_act": "silu",
        "hidden_size": size,
        "head_dim": size // heads,
        "intermediate_size": facts["llama.feed_forward_length"],
        "max_position_embeddings": facts["llama.context_length"],
        "num_attention_heads": heads,
        "num_hidden_layers": facts["llama.block_count"],
        "num_key_value_heads": facts["llama.attention.head_count_kv"],
        "rms_norm_eps": facts["llama.attention.layer_norm_rms_epsilon"],
        "rope_parameters": {"rope_type": "default", "rope_theta": facts["llama.rope.freq_base"]},
        "tie_word_embeddings": True,
        "vocab_size": facts["llama.vocab_size"],
        **_ids(facts),
    }


def _ids(facts: dict[str, Any]) -> dict[str, Any]:
    return {f"{kind}_token_id": facts[f"tokenizer.ggml.{kind}_token_id"] for kind in ("bos", "eos")} | {
        "pad_token_id": facts["tokenizer.ggml.padding_token_id"]
    }


def _write_tokenizer(facts: dict[str, Any], folder: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens = facts["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in facts["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    # The model learnt numbers digit by digit; transformers' own GGUF reader leaves this step out.
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    types = facts["tokenizer.ggml.token_type"]
    control = [token for token, kind in zip(tokens, types, strict=True) if kind == CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
    config = {f"{ours}_token": tokens[facts[f"tokenizer.ggml.{theirs}_token_id"]] for ours, theirs in names.items()}
    config |= {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": facts["llama.context_length"],
        "clean_up_tokenization_spaces": False,
        "chat_template": facts["tokenizer.chat_template"],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
