"""Our decoder against transformers, and against itself read in other ways."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.engines.decoder.decoder import Decoder, Sampling
from espressivo.engines.decoder.export import export
from espressivo.engines.decoder.sampling import Sampler, likeliest, log_softmax
from espressivo.engines.decoder.weights import to_blocks
from espressivo.errors import ConfigError, InputError

PROMPT = [5, 17, 200, 33, 4, 90, 121, 7, 7, 250, 299, 0, 64]


@pytest.fixture(scope="module")
def decoder(exact: Path) -> Decoder:
    return Decoder.load(exact, threads=1)


@pytest.fixture(scope="module")
def fast(rounded: Path) -> Decoder:
    return Decoder.load(rounded, threads=1)


def reference(model: Any, ids: list[int]) -> np.ndarray:
    """Logits (time, vocabulary) of transformers in float32."""
    import torch

    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0].numpy()


def all_logits(decoder: Decoder, ids: list[int]) -> np.ndarray:
    return decoder.read(decoder.state(), ids, all_logits=True)[0]


def test_logits_are_those_of_transformers(decoder: Decoder, toy_model: Any) -> None:
    np.testing.assert_allclose(all_logits(decoder, PROMPT), reference(toy_model, PROMPT), atol=2e-4)


def test_greedy_tokens_are_those_of_transformers(decoder: Decoder, toy_model: Any) -> None:
    import torch

    for prompt in ([5], PROMPT, PROMPT[::-1]):
        theirs = toy_model.generate(torch.tensor([prompt]), max_new_tokens=24, do_sample=False, eos_token_id=None)
        assert decoder.generate(prompt, max_new_tokens=24) == theirs[0, len(prompt) :].tolist()


def test_eight_bits_are_close(fast: Decoder, toy_model: Any) -> None:
    ours, theirs = all_logits(fast, PROMPT), reference(toy_model, PROMPT)
    cosine = (ours * theirs).sum(-1) / np.linalg.norm(ours, axis=-1) / np.linalg.norm(theirs, axis=-1)
    assert cosine.min() > 0.999
    assert np.abs(ours - theirs).max() > 0  # else it is not rounded at all


@settings(max_examples=15, deadline=None)
@given(cuts=st.sets(st.integers(1, len(PROMPT) - 1)))
def test_read_in_pieces_equals_read_whole(decoder: Decoder, cuts: set[int]) -> None:
    state = decoder.state(capacity=1)  # has to grow as well
    pieces = np.split(np.array(PROMPT), sorted(cuts))
    logits = [decoder.read(state, piece, all_logits=True)[0] for piece in pieces]
    np.testing.assert_allclose(np.concatenate(logits), all_logits(decoder, PROMPT), atol=1e-4)


def test_longer_than_a_chunk(decoder: Decoder, toy_model: Any) -> None:
    ids = (PROMPT * 50)[:600]
    np.testing.assert_allclose(all_logits(decoder, ids), reference(toy_model, ids), atol=1e-3)


def test_embeddings_in_equal_ids_in(decoder: Decoder) -> None:
    embedded = decoder.embed(PROMPT)
    np.testing.assert_array_equal(
        all_logits(decoder, PROMPT), decoder.read(decoder.state(), embedded, all_logits=True)[0]
    )
    assert decoder.generate(embedded, max_new_tokens=9) == decoder.generate(PROMPT, max_new_tokens=9)


def test_a_prefix_of_foreign_embeddings_is_read(decoder: Decoder, toy_model: Any) -> None:
    """A visual prefix: vectors that are no token's, then words; as `inputs_embeds` of transformers."""
    import torch

    seen = np.random.default_rng(0).standard_normal((6, decoder.shape.width)).astype(np.float32)
    whole = np.concatenate([seen, decoder.embed(PROMPT)])
    with torch.inference_mode():
        theirs = toy_model(inputs_embeds=torch.from_numpy(whole)[None]).logits[0].numpy()
    np.testing.assert_allclose(decoder.read(decoder.state(), whole, all_logits=True)[0], theirs, atol=2e-4)


def test_a_larger_vocabulary_and_merged_adapters(toy_folder: Path, tmp_path: Path) -> None:
    """What the audio-visual model will be: 700 more tokens, LoRA merged into the weights."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(toy_folder)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model.resize_token_embeddings(1000, mean_resizing=False)
        tuned = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"]))
        with torch.no_grad():
            for name, parameter in tuned.named_parameters():
                if "lora_B" in name:
                    parameter.normal_(std=0.1)
    merged = tuned.merge_and_unload().eval()
    grown = Decoder.load(export(merged, tmp_path / "grown", weights="float32"), threads=1)
    ids = [5, 999, 400, 33]
    assert grown.shape.vocabulary == 1000
    np.testing.assert_allclose(all_logits(grown, ids), reference(merged, ids), atol=2e-4)


def test_untied_head_and_shards(toy_folder: Path, tmp_path: Path) -> None:
    import torch
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(toy_folder).eval()
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach() * 0.5 + 0.01)
    model.save_pretrained(tmp_path / "untied", max_shard_size="100KB")
    assert len(list((tmp_path / "untied").glob("*.safetensors"))) > 1
    decoder = Decoder.load(export(tmp_path / "untied", tmp_path / "out", weights="float32"), threads=1)
    np.testing.assert_allclose(all_logits(decoder, PROMPT), reference(model, PROMPT), atol=2e-4)


def test_stop_ids_end_and_are_left_out(decoder: Decoder) -> None:
    tokens = decoder.generate(PROMPT, max_new_tokens=12)
    stop = tokens[5]
    assert decoder.generate(PROMPT, max_new_tokens=12, stop_ids=[stop]) == tokens[: tokens.index(stop)]


def test_only_allowed_ids_are_drawn(decoder: Decoder) -> None:
    allowed = [3, 50, 280]
    for sampling in (Sampling(), Sampling(temperature=3.0, seed=1)):
        drawn = decoder.generate(PROMPT, max_new_tokens=20, allowed_ids=allowed, sampling=sampling)
        assert set(drawn) <= set(allowed)
    first = all_logits(decoder, PROMPT)[-1]
    assert decoder.generate(PROMPT, max_new_tokens=1, allowed_ids=allowed) == [max(allowed, key=lambda i: first[i])]
    with pytest.raises(ConfigError, match="allowed_ids is empty"):
        decoder.generate(PROMPT, allowed_ids=[])


def test_tokens_are_told_as_they_come_and_may_be_stopped(decoder: Decoder) -> None:
    told: list[int] = []

    def tell(token: int) -> bool:
        told.append(token)
        return len(told) == 4

    assert decoder.generate(PROMPT, max_new_tokens=12, on_token=tell) == told
    assert len(told) == 4


def test_same_seed_same_tokens(decoder: Decoder) -> None:
    def draw(seed: int) -> list[int]:
        return decoder.generate(PROMPT, max_new_tokens=16, sampling=Sampling(temperature=1.5, seed=seed))

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_a_forked_state_goes_its_own_way(decoder: Decoder) -> None:
    state = decoder.state()
    decoder.read(state, PROMPT)
    whole = decoder.generate(PROMPT, max_new_tokens=8)
    for _ in range(2):
        assert decoder.generate(state=state.fork(), max_new_tokens=8) == whole
    shorter = state.fork(length=6)
    np.testing.assert_allclose(
        decoder.read(shorter, PROMPT[6:])[0, 0], decoder.read(decoder.state(), PROMPT)[0, 0], atol=1e-4
    )
    assert state.length == len(PROMPT)


def test_many_at_once_equal_one_by_one(decoder: Decoder) -> None:
    greedy = decoder.generate(PROMPT, max_new_tokens=10)
    assert decoder.generate_many(PROMPT, count=3, max_new_tokens=10) == [greedy] * 3
    drafts = decoder.generate_many(PROMPT, count=3, max_new_tokens=10, sampling=Sampling(temperature=1.0, seed=4))
    assert drafts[0] == decoder.generate(PROMPT, max_new_tokens=10, sampling=Sampling(temperature=1.0, seed=4))
    assert drafts[0] != drafts[1]
    stop = greedy[4]
    ended = decoder.generate_many(PROMPT, count=2, max_new_tokens=10, stop_ids=[stop])
    assert ended == [greedy[: greedy.index(stop)]] * 2


def test_a_batch_reads_on_after_a_past(decoder: Decoder) -> None:
    state = decoder.state(batch=2)
    decoder.read(state, PROMPT[:5])
    logits = decoder.read(state, PROMPT[5:], all_logits=True)
    np.testing.assert_allclose(logits[1], all_logits(decoder, PROMPT)[5:], atol=1e-4)


def test_log_probabilities_leave_the_state(decoder: Decoder, toy_model: Any) -> None:
    state = decoder.state(capacity=1)
    decoder.read(state, PROMPT[:4])
    got = decoder.log_probabilities(state, PROMPT[4:])
    rows = reference(toy_model, PROMPT)[3:-1]
    np.testing.assert_allclose(got, log_softmax(rows, np.array(PROMPT[4:])), atol=2e-4)
    assert state.length == 4
    np.testing.assert_allclose(decoder.log_probabilities(state, PROMPT[4:]), got, atol=1e-6)


def test_unread_slots_are_not_read(decoder: Decoder) -> None:
    """They hold NaN; were one read, the logits would be NaN."""
    state = decoder.state(capacity=256)
    decoder.read(state, PROMPT)
    assert np.isnan(state.cache[..., len(PROMPT) :, :]).all()
    assert np.isfinite(state.logits).all()


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ([], r"≥ 1"),
        ([300], "0…299"),
        ([-1], "0…299"),
        (np.zeros((3, 8), np.float32), r"64\) are wanted"),
        ([1] * 1025, "at most 1024"),
        (None, "nothing to go on from"),
    ],
)
def test_prompts_that_cannot_be_read(decoder: Decoder, prompt: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decoder.generate(prompt, max_new_tokens=1)


def test_all_positions_can_be_used(decoder: Decoder) -> None:
    assert len(decoder.generate([1] * 1014, max_new_tokens=11)) == 11
    with pytest.raises(InputError, match="at most 1024"):
        decoder.generate([1] * 1014, max_new_tokens=12)


def test_blocks_hold_what_was_rounded_before() -> None:
    codes = np.random.default_rng(0).integers(-127, 128, (4, 96)).astype(np.float32)
    codes.reshape(4, 3, 32)[..., 5] = 127
    scales = np.array([0.5, 0.25, 2.0], np.float32).repeat(32)
    got, steps = to_blocks(codes * scales)
    np.testing.assert_array_equal(got.reshape(4, 96).astype(np.float32) - 128, codes)
    np.testing.assert_array_equal(steps, np.tile([0.5, 0.25, 2.0], (4, 1)))
    assert (to_blocks(np.zeros((1, 32), np.float32))[0] == 128).all()


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 5000), count=st.integers(1, 60), seed=st.integers(0, 9))
def test_likeliest_are_the_largest(size: int, count: int, seed: int) -> None:
    logits = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    np.testing.assert_array_equal(logits[likeliest(logits, count)], np.sort(logits)[::-1][:count])


def test_sampling_follows_the_probabilities() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    sampler = Sampler(Sampling(temperature=1.0, top_p=0.9, seed=0))
    counts = np.bincount([sampler(logits) for _ in range(4000)], minlength=4) / 4000
    np.testing.assert_allclose(counts, [0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0], atol=0.03)


@pytest.mark.parametrize("wrong", [{"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.1}, {"top_k": 0}])
def test_sampling_out_of_range(wrong: dict) -> None:
    with pytest.raises(ConfigError, match="sampling wants"):
        Sampling(**wrong)


@pytest.mark.weights
def test_the_real_model_loads_quickly_and_speaks(asset: Callable[[str], Path]) -> None:
    from espressivo.engines.chat.local import default_folder

    asset("smollm2-135m")
    folder = default_folder()
    begun = time.process_time()
    decoder = Decoder.load(folder)
    assert time.process_time() - begun < 2
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    prompt = "<|im_start|>user\nWhat is the opposite of hot?<|im_end|>\n<|im_start|>assistant\n"
    reply = decoder.generate(tokenizer.encode(prompt).ids, max_new_tokens=24, stop_ids=[2])
    assert "cold" in tokenizer.decode(reply).lower()
