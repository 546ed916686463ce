"""The room as a whole, on synthetic speech."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from espressivo.assets.cache import cache_dir
from espressivo.corpora.data import read_data
from espressivo.corpora.item import Item
from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.media.speech import Speech
from espressivo.systems.speech_units import task
from espressivo.systems.speech_units.frames import Frames
from espressivo.systems.speech_units.model import UnitConfig, UnitNet, stacked
from espressivo.systems.speech_units.pipeline import SpeechUnits
from espressivo.systems.speech_units.quality import PAUSE, phone_row
from espressivo.training import Trainer, read_recipe
from espressivo.training.checkpoint import save_model
from espressivo.training.interrupt import Stopped

CONFIG = UnitConfig("toy", "CC0", inputs=6, hidden=8, width=4, phones=3, counts=(5, 2))
TEXTS = ("A cat sat on the mat.", "We were away a year ago.", "She sells sea shells by the shore.")


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    net = UnitNet(CONFIG)
    for count in CONFIG.counts:
        net.codebook(count).normal_()
    save_model(tmp_path / "toy", net, CONFIG, "# toy")
    return tmp_path / "toy"


def test_a_unit_is_the_nearest_code(toy):
    net = UnitNet.load(toy)
    x = torch.randn(40, 12)
    distance = torch.cdist(net.embed(x), net.codebook(5))
    assert torch.equal(net.units(x, 5), distance.argmin(dim=1))


def test_saved_units_are_the_same(toy):
    torch.manual_seed(0)
    first = UnitNet(CONFIG).eval()
    x = torch.randn(9, 12)
    torch.testing.assert_close(UnitNet.load(toy)(x), first(x))
    assert UnitNet.load(toy).config == CONFIG


def test_damaged_units_are_refused(toy):
    config = json.loads((toy / "config.json").read_text())
    (toy / "config.json").write_text(json.dumps(config | {"colour": "red"}))
    with pytest.raises(AssetError, match=r"holds no speech-units model: .*unknown key 'colour'"):
        UnitNet.load(toy)


def test_frames_are_paired_and_their_level_dropped():
    features = torch.randn(7, 6)
    pairs = stacked(features)
    assert pairs.shape == (3, 12)
    torch.testing.assert_close(stacked(5 * features + 2), pairs, rtol=1e-3, atol=1e-3)


def test_phones_of_emodb_lie_at_the_middle_of_their_frames(tmp_path):
    path = tmp_path / "a.lablaut"
    path.write_text("#\n0.08 -1 s\n0.16 -1 i\n0.24 -1 .\n")
    row = phone_row(path, 8, 0.0)
    assert row.tolist() == [PAUSE, PAUSE, "s", "s", "i", "i", PAUSE, PAUSE]
    assert phone_row(path, 8, 0.04).tolist()[3:5] == ["s", "s"]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], np.ndarray]) -> Path:
    folder = tmp_path_factory.mktemp("spoken")
    rows = ["path,speaker,text"]
    for i, text in enumerate(TEXTS):
        Speech(say(text), 16_000).save(folder / f"{i}.wav")
        rows.append(f"{i}.wav,voice,{text}")
    (folder / "data.csv").write_text("\n".join(rows) + "\n")
    return folder / "data.csv"


@pytest.mark.weights
def test_trains_and_resembles_itself(spoken, tmp_path, asset, say, monkeypatch):
    asset("whisper-tiny-en")
    assets = cache_dir() / "assets"
    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    os.symlink(assets, tmp_path / "home" / "assets")
    recipe = read_recipe(task.RECIPE, "debug", [f"train={spoken}", f"output={tmp_path / 'out'}"], task.RECIPES)
    made = task.make_task(recipe)
    assert (made.frames.phone >= 0).mean() > 0.9
    Trainer(made, recipe).fit()
    weights = load_file(tmp_path / "out" / "model.safetensors")
    assert weights["codebook_20"].shape == (20, 8)
    assert weights["codebook_20"].unique(dim=0).shape[0] == 20
    assert "voice" in json.loads((tmp_path / "out" / "training.json").read_text())["speakers"]["train"]
    units = SpeechUnits.from_pretrained(tmp_path / "out", count=5)
    row = units(say(TEXTS[0]))
    assert len(row) == len(say(TEXTS[0])) // 640
    assert set(row.tolist()) <= set(range(5))


@pytest.mark.weights
def test_text_in_another_language_teaches_nothing(spoken, asset):
    asset("whisper-tiny-en")
    recipe = read_recipe(task.RECIPE, "debug", [f"train={spoken}"], task.RECIPES)
    items = [replace(item, text="", language="de") for item in read_data(spoken)]
    texts = task.Texts(transcribe=False)
    assert [texts(item) for item in items] == ["", "", ""]
    assert texts(replace(items[0], text="Guten Tag")) == ""
    assert recipe.transcribe is False


def test_a_text_of_unknown_language_is_english_if_its_letters_can_be():
    item, texts = Item("a", Path("a.wav")), task.Texts(transcribe=False)
    assert texts(replace(item, text="A naïve plan, he said.")) == "A naïve plan, he said."
    assert texts(replace(item, text="Привет")) == ""
    assert texts(replace(item, text="Hello", language="en-GB")) == "Hello"
    assert texts.taken == 1
    assert texts(item) == ""


def test_frames_of_many_recordings_lie_on_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path))
    parts = [Frames(np.full((n, 6), n, np.float16), np.full(n, n)) for n in (3, 1, 4)]
    joined = Frames.joined(iter(parts))
    assert isinstance(joined.x, np.memmap)
    np.testing.assert_array_equal(joined.x[:, 5], [3, 3, 3, 1, 4, 4, 4, 4])
    np.testing.assert_array_equal(joined.phone, joined.x[:, 0])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_more_units_than_frames_are_refused_before_the_training(monkeypatch):
    recipe = read_recipe(task.RECIPE, "debug", [], task.RECIPES)

    def made(frames: int) -> task.UnitTask:
        few = Frames(np.zeros((frames, 12), np.float16), np.arange(frames) % 3)
        return task.UnitTask(recipe, CONFIG, few, set())

    assert len(made(5)) == 5
    with pytest.raises(InputError, match=r"4 frames to cluster are too few for 5 units: .* set counts lower"):
        made(4)
    monkeypatch.setattr(task, "MOST_CLUSTERED", 6)  # of 11 frames every second one is clustered, of 8 that is 4
    assert len(made(11)) == 11
    with pytest.raises(InputError, match="4 frames to cluster"):
        made(8)


def test_an_aligner_can_be_kept_like_any_network(tmp_path):
    recipe = read_recipe(task.RECIPE, "debug", ["steps=2", f"output={tmp_path / 'aligner'}"], task.RECIPES)
    frames = Frames(np.random.default_rng(0).standard_normal((9, 12)).astype(np.float16), np.arange(9) % 3)
    learned = Trainer(task.PhoneTask(recipe, CONFIG, frames), recipe).fit().model
    x = torch.randn(3, 12)
    torch.testing.assert_close(UnitNet.load(tmp_path / "aligner")(x), learned(x), rtol=1e-2, atol=1e-2)


def test_stopping_the_aligner_says_what_is_lost(monkeypatch):
    def stopped(self, resume=False):
        raise Stopped("stopped after step 3")

    monkeypatch.setattr(Trainer, "fit", stopped)
    recipe = read_recipe(task.RECIPE, "debug", [], task.RECIPES)
    frames = Frames(np.zeros((4, 12), np.float16), np.arange(4) % 3)
    with pytest.raises(Stopped, match="give the same command again"):
        task.aligner_of(recipe, CONFIG, frames)


def test_without_data_it_says_what_is_needed():
    recipe = read_recipe(task.RECIPE, "debug", [], task.RECIPES)
    with pytest.raises(ConfigError, match="give train=DATA"):
        task.make_task(recipe)


@pytest.mark.weights
def test_the_units_that_ship(asset, say):
    asset("whisper-base")
    units = SpeechUnits.from_pretrained()
    assert units.count == 500
    tokens = units.tokens(say(TEXTS[0]))
    assert len(tokens) == len(say(TEXTS[0])) // 640
    assert 70 < tokens.register < 350
    assert len(set(tokens.units.tolist())) > 8
    hundred = SpeechUnits.from_pretrained(count=100)(say(TEXTS[0]))
    assert hundred.max() < 100
    with pytest.raises(ConfigError, match="choose one of 500, 100"):
        SpeechUnits.from_pretrained(count=7)
    with pytest.raises(InputError, match=r"0\.1 s"):
        units(np.zeros(100, np.float32))


@pytest.mark.weights
def test_the_same_words_at_another_pitch_give_much_the_same_units(asset, say):
    """A tape run 6 % faster is higher and quicker; most of its units stay, those of other words do not."""
    asset("whisper-base")
    units = SpeechUnits.from_pretrained()
    wave = say(TEXTS[2])
    faster = np.interp(np.arange(0, len(wave) - 1, 1.06), np.arange(len(wave)), wave).astype(np.float32)
    row, other, else_said = units(wave), units(faster), units(say(TEXTS[1]))

    def alike(one: np.ndarray, two: np.ndarray) -> float:
        return len(set(one.tolist()) & set(two.tolist())) / len(set(one.tolist()))

    assert alike(row, other) > alike(row, else_said) + 0.2


@pytest.mark.corpus
@pytest.mark.weights
def test_units_are_measured_on_hand_labels(corpus, asset, tmp_path):
    asset("whisper-base")
    from espressivo.corpora.readers import corpus as reader

    items = list(reader("emodb").read(corpus("emodb"), lambda path, why: None))[::20]
    from espressivo.corpora.data import write_data
    from espressivo.systems.speech_units.task import evaluate, shipped

    data = tmp_path / "few.jsonl.gz"
    write_data(data, items)
    folder = shipped()
    assert folder is not None
    found = evaluate(folder, read_data(data))
    assert found.n >= 15
    assert found.metrics["purity_500"] > found.metrics["purity_100"] > 0.4
    assert 100 < found.metrics["bits_per_second_500"] < 25 * np.log2(500)
