"""The whole model: what of it is learned and kept, what it says, and what cannot be built or loaded."""

import json
from dataclasses import replace
from shutil import copytree

import pytest
import torch

from espressivo.assets.model import CONFIG, WEIGHTS
from espressivo.errors import AssetError, ConfigError
from espressivo.systems.avlm import language
from espressivo.systems.avlm.fusions import FUSIONS
from espressivo.systems.avlm.heads import SENSES, widths
from espressivo.systems.avlm.model import Avlm
from espressivo.training.checkpoint import save_model
from tests.systems.avlm.making import DIM, TEXT, WORDS, config, lively, packed, read, row, seen
from tests.systems.vocoder.making import random_folder


def rows(fusion="prefix"):
    return [row(0.6, seen(15), fusion), row(1.2, None, fusion, 1)]


def saved(net, folder):
    save_model(folder, net, net.config, "# Made")
    return folder


# What is learned


def test_the_text_model_is_neither_learned_nor_kept(lm):
    net = lively(lm)
    frozen = {id(p) for name, p in net.lm.named_parameters() if "added" not in name}
    assert len(frozen) == len(list(language.load(lm).parameters()))
    assert not frozen & {id(p) for p in net.parameters()}
    assert all(p.requires_grad for p in net.parameters())
    assert {name.split(".")[0] for name in net.state_dict()} == {"speech", "adapter", "manner", "eye", "fusion"}


def test_all_that_is_learned_is_learned(lm):
    net = lively(lm)
    batch = packed(rows())
    said, _ = net.surprise(net(batch), batch.targets)
    said.mean().backward()
    for name, weight in net.named_parameters():
        if not name.endswith("keys.bias"):
            assert weight.grad is not None, name
            assert name == "eye.nobody" or weight.grad.abs().sum() > 0, name


def test_what_is_frozen_keeps_its_precision(lm):
    net = lively(lm).to(torch.float64)
    assert all(p.dtype == torch.float64 for p in net.parameters())
    assert {p.dtype for name, p in net.lm.named_parameters() if "added" not in name} == {torch.float32}
    assert {p.dtype for p in Avlm(config(lm), torch.bfloat16).lm.parameters()} == {torch.bfloat16, torch.float32}


def test_it_reads_with_a_text_model_in_half_precision(lm):
    exact = lively(lm)
    rough = Avlm(exact.config, torch.bfloat16).eval()
    rough.load_state_dict(exact.state_dict())
    for one, other in zip(read(exact, rows()), read(rough, rows()), strict=True):
        assert (one - other.float()).square().mean() < 0.02 * one.square().mean()


# What it reads


def test_ids_of_both_kinds_have_vectors(lm):
    net = lively(lm)
    found = net.embedded(torch.tensor([[0, TEXT - 1], [TEXT, WORDS.face]]))
    assert torch.equal(found[0], net.lm.get_input_embeddings().weight[[0, -1]])
    assert torch.equal(found[1], net.speech[[0, -1]])
    assert net.vocabulary == WORDS


def test_manner_says_nothing_at_first_and_something_later(lm):
    given = row(1.2, None)
    other = row(1.2, None)
    other.manner[:] = -other.manner
    for net, same in (
        (Avlm(config(lm)).eval(), True),
        (lively(lm), False),
        (lively(lm, manner=False), True),
    ):
        assert torch.equal(read(net, [given])[0], read(net, [other])[0]) == same


def test_what_comes_later_changes_nothing_before(lm):
    net = lively(lm)
    one, other = (read(net, [row(1.0, seen(25), text=text)])[0] for text in (b"what?", b"how is that?"))
    torch.testing.assert_close(one[:-5], other[: len(one) - 5], atol=1e-5, rtol=1e-4)


# What it says


def test_logits_are_of_one_kind_of_ids(lm):
    net = lively(lm)
    hidden = net(packed(rows()))
    assert net.speech_logits(hidden).shape == (len(hidden), WORDS.added)
    assert net.text_logits(hidden).shape == (len(hidden), TEXT)


def test_surprise_is_of_each_target(lm):
    net, batch = lively(lm), packed(rows())
    batch.targets[-2:] = torch.tensor([3, TEXT - 1])
    hidden = net(batch)
    said, written = net.surprise(hidden, batch.targets)
    places = torch.nonzero(batch.targets >= TEXT)[:, 0]
    chances = net.speech_logits(hidden[places]).log_softmax(1)
    wanted = -chances[torch.arange(len(places)), batch.targets[places] - TEXT]
    torch.testing.assert_close(said, wanted)
    torch.testing.assert_close(written[1], -net.text_logits(hidden[-1:]).log_softmax(1)[0, TEXT - 1])


def test_it_has_a_head_for_each_sense_once_it_knows_emotions(lm):
    assert len(Avlm(config(lm)).heads) == 0
    net = Avlm(config(lm, emotions=("neutral", "happy", "sad")))
    for sense in SENSES:
        for known in (False, True):
            assert net.head(sense, known).weight.shape == (3, widths(DIM)[sense])


# On disk


@pytest.mark.parametrize("fusion", FUSIONS)
def test_it_comes_back_as_it_was(lm, fusion, tmp_path):
    net = lively(lm, fusion=fusion, emotions=("neutral", "sad"), labels={"calm": "neutral"})
    again = Avlm.load(saved(net, tmp_path))
    assert again.config == net.config
    assert not again.training
    for before, after in zip(read(net, rows(fusion)), read(again, rows(fusion)), strict=True):
        assert torch.equal(before, after)


def test_folders_of_something_else(lm, tmp_path):
    with pytest.raises(AssetError, match="is not a model's folder"):
        Avlm.load(tmp_path / "nowhere")
    with pytest.raises(AssetError, match="holds a vocoder model, not avlm"):
        Avlm.load(random_folder(tmp_path / "vocoder"))


def test_a_damaged_folder(lm, tmp_path):
    whole = saved(lively(lm), tmp_path / "whole")
    cut = copytree(whole, tmp_path / "cut")
    (cut / WEIGHTS).write_bytes((cut / WEIGHTS).read_bytes()[:-100])
    wider = copytree(whole, tmp_path / "wider")
    facts = json.loads((wider / CONFIG).read_text())
    (wider / CONFIG).write_text(json.dumps(facts | {"width": 32}))
    for folder in (cut, wider):
        with pytest.raises(AssetError, match="does not hold this model's weights") as caught:
            Avlm.load(folder)
        assert "\n" not in str(caught.value)
    (wider / CONFIG).write_text(json.dumps(facts | {"width": "32"}))
    with pytest.raises(AssetError, match=r"config\.json: width"):
        Avlm.load(wider)


# What cannot be built


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"fusion": "addition"},
            "^unknown fusion 'addition': choose one of none, concatenation, prefix, infill",
        ),
        ({"encoders": ("gaze",)}, "^got the encoders gaze: choose from"),
        (
            {"lm": "/no/such/model"},
            "unknown language model '/no/such/model': give smollm2-135m, hf:ORG/NAME or a f",
        ),
    ],
)
def test_a_config_that_describes_no_model(lm, changes, says):
    with pytest.raises(ConfigError, match=says) as caught:
        Avlm(replace(config(lm), **changes))
    assert "\n" not in str(caught.value)


def test_an_unknown_language_model_is_named_once():
    for asked in (language.load, language.tokenizer, language.size):
        with pytest.raises(ConfigError, match=r"^unknown language model 'nobody'"):
            asked("nobody")


def test_a_width_that_the_heads_of_attention_cannot_share(lm):
    with pytest.raises(ConfigError, match="width"):
        Avlm(config(lm, width=18))


def test_a_folder_that_holds_no_language_model(lm, tmp_path):
    with pytest.raises(ConfigError, match=r"^no language model .* could be loaded") as caught:
        language.load(str(tmp_path))
    assert "\n" not in str(caught.value)
    damaged = copytree(lm, tmp_path / "damaged")
    (damaged / WEIGHTS).write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=r"^no language model .* could be loaded"):
        language.load(str(damaged))


def test_the_size_of_the_vocabulary_is_known_without_the_weights(lm):
    assert language.size(lm) == TEXT
    assert language.tokenizer(lm)("Emotion: sad", add_special_tokens=False)["input_ids"][8:] != []
