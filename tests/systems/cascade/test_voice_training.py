"""Training the voice classifier: recipes, calibration, and what must not leak into it."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.systems.cascade.corpora import READERS, synthetic_table, utterances
from espressivo.systems.cascade.model import LIMIT, VoiceConfig, VoiceNet
from espressivo.systems.cascade.task import (
    RECIPES,
    Recipe,
    fit,
    held_out,
    levelled,
    loss,
    relabelled,
    temperature,
    train,
)

DEBUG = Recipe.read(RECIPES / "debug.yaml")


def test_the_debug_recipe_trains_by_its_command_and_can_be_repeated(tmp_path: Path) -> None:
    module = "espressivo.systems.cascade.task"
    recipe = str(RECIPES / "debug.yaml")
    command = [sys.executable, "-m", module, recipe, "--data", str(tmp_path), "-o", str(tmp_path / "made")]
    subprocess.run(command, check=True, timeout=120)
    made, again = VoiceNet.load(tmp_path / "made"), train(DEBUG, synthetic_table(DEBUG.seed))
    for name, value in again.state_dict().items():
        torch.testing.assert_close(made.state_dict()[name], value, rtol=1e-3, atol=1e-4)
    assert made.config == again.config


def test_it_learns_what_carries_over_to_people_it_never_heard() -> None:
    table = synthetic_table(0)
    for speaker, rows, net in held_out(DEBUG, table, "speaker"):
        assert speaker in table.speaker
        with torch.inference_mode():
            guess = np.array(net.config.emotions)[net(torch.from_numpy(table.x[rows])).argmax(dim=1)]
        assert (guess == table.emotion[rows]).mean() > 0.5  # of three


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_valid(path: Path) -> None:
    assert Recipe.read(path).name


@pytest.mark.parametrize(
    ("line", "named"),
    [("penalti: 1", "penalti"), ("penalty: -1", "penalty"), ("corpora: [grid]", "corpora"), ("steps: many", "steps")],
)
def test_what_no_recipe_has_is_refused_and_named(tmp_path: Path, line: str, named: str) -> None:
    kept = [row for row in (RECIPES / "debug.yaml").read_text().splitlines() if not row.startswith(line.split(":")[0])]
    path = tmp_path / "wrong.yaml"
    path.write_text("\n".join([*kept, line]))
    with pytest.raises(ConfigError, match=named):
        Recipe.read(path)


@pytest.mark.parametrize("content", ["", "- a list", "a: [unclosed"])
def test_what_is_no_recipe_at_all_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"wrong\.yaml"):
        Recipe.read(path)


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_calibration_finds_the_temperature_that_labels_were_drawn_with(true: float) -> None:
    torch.manual_seed(0)
    logits = 4 * torch.randn(6_000, 5)
    drawn = torch.distributions.Categorical(logits=logits / true).sample()
    assert temperature(logits, drawn) == pytest.approx(true, rel=0.1)


def test_an_emotion_that_a_corpus_does_not_label_is_not_held_against_its_utterances() -> None:
    labelled = torch.tensor([[True, True, False]])
    parts = [loss(torch.tensor([[1.0, 0.0, z]]), torch.tensor([0]), torch.ones(1), labelled) for z in (-5.0, 9.0)]
    assert parts[0] == parts[1]


def test_levelling_takes_out_what_tells_corpora_apart() -> None:
    table = synthetic_table(1)
    half = np.arange(len(table)) % 2 == 0
    shifted = replace(table, x=table.x + 7.0 * half[:, None].astype(np.float32), corpus=np.where(half, "a", "b"))
    x = levelled(shifted)
    np.testing.assert_allclose(x[half].mean(axis=0), x[~half].mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(x.mean(axis=0), shifted.x.mean(axis=0), atol=1e-3)


def test_relabelling_merges_and_leaves_out() -> None:
    table = replace(synthetic_table(0), emotion=np.resize(["calm", "neutral", "bored"], 144))
    recipe = DEBUG.model_copy(update={"labels": {"calm": "neutral"}, "leave_out": ("bored",)})
    assert set(relabelled(recipe, table).emotion) == {"neutral"}
    assert len(relabelled(recipe, table)) == 96


def test_nothing_to_calibrate_on_is_said() -> None:
    with pytest.raises(InputError, match="at least two"):
        train(DEBUG.model_copy(update={"calibrate_on": "corpus"}), synthetic_table(0))


def test_saved_is_loaded_the_same(tmp_path: Path) -> None:
    net = fit(DEBUG, synthetic_table(0))
    net.save(tmp_path / "net")
    x = torch.randn(3, net.config.inputs)
    assert torch.equal(VoiceNet.load(tmp_path / "net")(x), net(x))


def test_no_feature_pulls_harder_than_the_limit() -> None:
    net = VoiceNet(VoiceConfig("one", ("happy", "sad"), 1, "none", ()))
    net.linear.weight.data = torch.tensor([[1.0], [-1.0]])
    assert net(torch.tensor([[1e6]])).tolist() == [[LIMIT, -LIMIT]]


@pytest.mark.parametrize("spoil", ["config.json", "model.safetensors"])
def test_a_spoilt_checkpoint_is_refused(tmp_path: Path, spoil: str) -> None:
    fit(DEBUG, synthetic_table(0)).save(tmp_path)
    (tmp_path / spoil).write_bytes(b"{}")
    with pytest.raises(AssetError, match="no voice model"):
        VoiceNet.load(tmp_path)


def test_a_missing_corpus_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="official layout"):
        utterances("emodb", tmp_path)


def test_official_names_are_read(tmp_path: Path) -> None:
    for name in ("ravdess/Actor_07/03-01-06-01-02-01-07.wav", "emodb/wav/16b10Wa.wav", "nemo/samples/AO0_joy_1.wav"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "javanese").mkdir()
    (tmp_path / "javanese/clips.csv").write_text("path,speaker,emotion\n09-01-02_01.mp4,javanese-09,sad\n")
    said = {name: utterances(name, tmp_path)[0] for name in READERS}
    assert {name: u.emotion for name, u in said.items()} == {
        "ravdess": "fearful",
        "emodb": "angry",
        "nemo": "happy",
        "javanese": "sad",
    }
    assert len({u.speaker for u in said.values()}) == 4


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "emotions"), [("ravdess", 8), ("emodb", 7), ("nemo", 6), ("javanese", 6)])
def test_real_corpora_are_read_whole(corpus, name: str, emotions: int) -> None:
    said = utterances(name, corpus(name).parent)
    assert len({u.emotion for u in said}) == emotions
    assert len({u.speaker for u in said}) >= 7
    assert all(u.path.is_file() for u in said)
