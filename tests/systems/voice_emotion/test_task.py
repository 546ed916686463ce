"""Training and measuring on recordings of one's own, with a made-up ear; and what is said of data that will not do."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from espressivo.assets.shipped import beside
from espressivo.corpora.data import read_data
from espressivo.corpora.skips import gathering
from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.systems.face_emotion.model import FaceEmotionNet
from espressivo.systems.speech_units.model import UnitNet
from espressivo.systems.voice_emotion import task as room
from espressivo.systems.voice_emotion.model import VoiceNet, load
from espressivo.systems.voice_emotion.recipe import VoiceRecipe
from espressivo.systems.voice_emotion.task import VoiceTask, masked_cost
from espressivo.training import Trainer, read_recipe
from espressivo.training.checkpoint import load_training
from espressivo.verbs.evaluate import evaluate
from espressivo.verbs.train import train
from tests.systems.voice_emotion.making import HERTZ, RATE, hum, recordings, table

THREE = ("neutral", "happy", "sad")


def debug(**values: object) -> VoiceRecipe:
    return read_recipe(VoiceRecipe, "debug", [f"{key}={value}" for key, value in values.items()], room.RECIPES)


@pytest.mark.parametrize("path", sorted(room.RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_valid(path: Path) -> None:
    assert read_recipe(VoiceRecipe, path).name


def test_what_no_recipe_has_is_refused_and_named() -> None:
    with pytest.raises(ConfigError, match="did you mean 'dropout'"):
        debug(dropuot=0.1)


@pytest.mark.usefixtures("ear")
def test_a_table_of_ones_own_is_learned_and_judged_by_two_commands(tmp_path: Path) -> None:
    taught, strange = recordings(tmp_path / "taught", THREE), recordings(tmp_path / "strange", THREE, speakers=2)
    strange.write_text(re.sub(r",s(\d)", r",other\1", strange.read_text()))
    settings = [f"train={taught}", f"output={tmp_path / 'mine'}", "steps=100"]
    outcome = train("voice-emotion", settings, recipe="debug")
    assert outcome.metrics["score"] > 0.9  # of three emotions, on people held out
    found = evaluate("voice-emotion", strange, tmp_path / "r.json", checkpoint=tmp_path / "mine")
    assert found.metrics["uar"] > 0.9
    assert found.notes["speakers_known"]["uar"] > 0.9
    heard = load_training(tmp_path / "mine")["speakers"]
    assert sorted(heard["train"] + heard["validation"]) == ["s0", "s1", "s2", "s3"]
    assert "my.csv" in (tmp_path / "mine" / "training.json").read_text()
    assert "27 utterances of 3 speakers" in (tmp_path / "mine" / "README.md").read_text()


@pytest.mark.usefixtures("ear")
def test_it_is_not_measured_on_those_whom_it_heard(tmp_path: Path) -> None:
    taught = recordings(tmp_path, THREE)
    train("voice-emotion", [f"train={taught}", f"output={tmp_path / 'mine'}"], recipe="debug")
    with pytest.raises(InputError, match="on both sides"):
        evaluate("voice-emotion", taught, tmp_path / "r.json", checkpoint=tmp_path / "mine")


@pytest.mark.usefixtures("ear")
def test_a_training_can_be_repeated(tmp_path: Path) -> None:
    recipe = debug(train=recordings(tmp_path, THREE))
    models = [Trainer(room.make_task(recipe), recipe).fit().model for _ in range(2)]
    for name, value in models[0].state_dict().items():
        assert torch.equal(models[1].state_dict()[name], value)


@pytest.mark.usefixtures("ear")
def test_labels_are_merged_and_left_out(tmp_path: Path) -> None:
    data = recordings(tmp_path, ("neutral", "happy", "sad", "bored"))
    recipe = debug(train=data, labels="{sad: neutral}", leave_out="[bored]")
    made = room.make_task(recipe)
    assert made.emotions == ("neutral", "happy")
    assert made.held is not None
    assert set(made.held.emotion) == {"neutral", "happy"}


@pytest.mark.usefixtures("ear")
def test_an_emotion_never_taught_is_left_out_of_the_measure_and_named(tmp_path: Path) -> None:
    recipe = debug(train=recordings(tmp_path / "a", THREE), output=tmp_path / "mine")
    Trainer(room.make_task(recipe), recipe).fit()
    found = room.evaluate(tmp_path / "mine", read_data(recordings(tmp_path / "b", ("happy", "bored"))))
    assert found.n == 12
    assert {reason for _, reason in found.skipped} == {"the model was never taught bored"}
    with pytest.raises(InputError, match="never taught bored: it knows neutral, happy, sad"):
        room.evaluate(tmp_path / "mine", read_data(recordings(tmp_path / "c", ("bored",))))


@pytest.mark.usefixtures("ear")
@pytest.mark.parametrize(
    ("emotions", "speakers", "said"),
    [(("happy",), 4, "all 12 recordings are happy"), (THREE, 1, "one speaker only")],
)
def test_data_that_teaches_nothing_is_refused(
    tmp_path: Path, emotions: tuple[str, ...], speakers: int, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        room.make_task(debug(train=recordings(tmp_path, emotions, speakers, each=4 if speakers == 4 else 3)))


@pytest.mark.usefixtures("ear")
def test_an_emotion_that_went_with_those_held_out_is_missed_by_name(tmp_path: Path) -> None:
    rows = []
    for n, feel in enumerate(("happy", "happy", "sad", "sad")):
        soundfile.write(tmp_path / f"{n}.wav", hum(HERTZ[feel], 0.1 + n / 100), RATE)
        rows.append({"path": f"{n}.wav", "speaker": f"s-{feel}", "emotion": feel})
    data = table(tmp_path, rows)
    with pytest.raises(InputError, match=r"(happy|sad) went with .* held out .*\(held_out=0\.3\): .* or held_out=0$"):
        room.make_task(debug(train=data))
    assert room.make_task(debug(train=data, held_out=0.0)).emotions == ("happy", "sad")
    blank = table(tmp_path, [{**row, "emotion": ""} for row in rows], "blank.csv")
    recipe = debug(train=data, held_out=0.0, output=tmp_path / "mine", temperature=1.0)
    Trainer(room.make_task(recipe), recipe).fit()
    with pytest.raises(InputError, match=r"the first is 0\.wav: it has no emotion"):
        room.evaluate(tmp_path / "mine", read_data(blank))


@pytest.mark.usefixtures("ear")
def test_one_speaker_will_do_where_nobody_is_held_out(tmp_path: Path) -> None:
    recipe = debug(train=recordings(tmp_path, THREE, speakers=1), held_out=0.0)
    with pytest.warns(UserWarning, match="nothing is held out to calibrate on"):
        Trainer(room.make_task(recipe), recipe.model_copy(update={"output": tmp_path / "mine"})).fit()
    assert isinstance(load(tmp_path / "mine"), VoiceNet)


@pytest.mark.usefixtures("ear")
def test_what_cannot_be_used_is_left_out_and_named(tmp_path: Path) -> None:
    data = recordings(tmp_path, THREE)
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(tmp_path / "mute.wav", hum(200), RATE)
    (tmp_path / "empty.wav").touch()
    soundfile.write(tmp_path / "nothing.wav", np.zeros(0), RATE)
    broken = "".join(f"{name}.wav,s0,happy\n" for name in ("silent", "empty", "nothing"))
    data.write_text(data.read_text() + broken + "mute.wav,s1,\n")
    with gathering() as skipped:
        made = room.make_task(debug(train=data))
    assert len(made) + len(made.held or ()) == 36
    assert {name for name, _ in skipped} == {"silent.wav", "empty.wav", "nothing.wav", "mute.wav"}


@pytest.mark.usefixtures("ear")
def test_nothing_to_train_on_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give train=DATA"):
        room.make_task(debug())
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    rows = [{"path": "silent.wav", "speaker": f"s{n}", "emotion": "happy"} for n in range(3)]
    with pytest.raises(InputError, match=r"no recording can be used: the first is silent\.wav: hardly anybody speaks$"):
        room.make_task(debug(train=table(tmp_path, rows)))


def test_an_emotion_that_a_corpus_does_not_label_is_not_held_against_its_utterances() -> None:
    labelled = torch.tensor([[True, True, False]])
    costs = [masked_cost(torch.tensor([[1.0, 0.0, z]]), torch.tensor([0]), labelled) for z in (-5.0, 9.0)]
    assert costs[0] == costs[1]


@pytest.mark.usefixtures("ear")
def test_every_emotion_is_seen_as_often_as_the_others(tmp_path: Path) -> None:
    data = recordings(tmp_path, ("happy", "happy", "happy", "sad"), each=5)
    made = room.make_task(debug(train=data))
    seen = made.table.emotion[np.concatenate([made.order(n, np.random.default_rng(n)) for n in range(40)])]
    assert (seen == "sad").mean() == pytest.approx(0.5, abs=0.06)


@pytest.mark.usefixtures("ear")
def test_a_given_temperature_is_taken(tmp_path: Path) -> None:
    recipe = debug(train=recordings(tmp_path, THREE), temperature=2.5)
    made = room.make_task(recipe)
    net = made.build()
    made.calibrate(net)
    assert (net.alone.temperature, net.known.temperature) == (2.5, 2.5)


@pytest.mark.parametrize("name", ["voice-emotion", "voice-emotion-nc"])
def test_what_ships_is_as_sure_as_corpora_never_heard_call_for(name: str) -> None:
    measured = json.loads((Path(__file__).parents[3] / "benchmarks/results/voice_emotion.json").read_text())
    recipe = read_recipe(VoiceRecipe, name, folder=room.RECIPES)
    assert recipe.temperature == round(measured["temperature"]["called for"], 1)
    net = load(beside(f"checkpoints/{name}"))
    assert float(net.alone.temperature) == float(net.known.temperature) == pytest.approx(recipe.temperature, rel=1e-3)


def test_another_models_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"system": "toy"}')
    with pytest.raises(AssetError, match="holds a toy model, not voice-emotion: give the folder of a voice-emotion"):
        load(tmp_path)
    (tmp_path / "config.json").write_text('{"name": "x", "licence": "CC0", "emotions": ["sad", "merry"], "inputs": 3}')
    with pytest.raises(AssetError, match=r"holds no voice-emotion model: config\.json: unknown emotion 'merry'"):
        load(tmp_path)


def test_the_three_rooms_tell_each_others_models_apart() -> None:
    for system, place in ROOMS.items():
        for other in set(ROOMS) - {system}:
            with pytest.raises(AssetError, match=f"{other}' holds a {other} model, not {system}: give the folder"):
                place(beside(f"checkpoints/{other}"))
        place(beside(f"checkpoints/{system}"))


ROOMS = {"voice-emotion": load, "face-emotion": FaceEmotionNet.load, "speech-units": UnitNet.load}


def test_the_task_is_one_of_the_rooms() -> None:
    from espressivo.systems.registry import room as registered

    assert registered("voice-emotion") is room
    assert issubclass(VoiceTask, room.Task)
    folder = room.shipped()
    assert folder is not None
    assert folder.name == "voice-emotion-nc"
