"""A toy language model of the shape of the real one: random weights, small, with a tokenizer and a chat template."""

from pathlib import Path
from typing import Any

import pytest

TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture(scope="session")
def toy_model() -> Any:
    """A `LlamaForCausalLM` in evaluation mode: 3 layers, grouped heads, tied embeddings, 300 tokens."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=300,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=1024,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(config).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                # Larger than the usual start, so that logits differ enough for a mistake to show.
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


@pytest.fixture(scope="session")
def toy_folder(toy_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, saved by transformers, with a byte tokenizer beside it."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("toy")
    toy_model.save_pretrained(folder)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text) for text in ("<|im_start|>", "<|im_end|>")])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="session")
def exact(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy as a decoder with its weights as they are."""
    from espressivo.engines.decoder.export import export

    return export(toy_folder, tmp_path_factory.mktemp("exact") / "model", weights="float32")


@pytest.fixture(scope="session")
def rounded(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy as a decoder with weights of 8 bits."""
    from espressivo.engines.decoder.export import export

    return export(toy_folder, tmp_path_factory.mktemp("rounded") / "model")
