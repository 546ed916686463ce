"""train and evaluate as a user meets them, on a toy system."""

import json
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from espressivo.corpora.data import read_data
from espressivo.corpora.skips import leave_out
from espressivo.errors import InputError
from espressivo.metrics.report import Evaluation
from espressivo.systems.registry import SYSTEMS
from espressivo.training import Recipe, origin
from espressivo.training.checkpoint import fingerprint
from tests.training import room

from .conftest import Run

EMOTIONS = ("happy", "sad", "angry")


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A system of the tests, and an empty folder to work in."""
    monkeypatch.setitem(SYSTEMS, "toy", "tests.training.room")
    monkeypatch.chdir(tmp_path)


def data(name: str, speakers: str, emotions: tuple[str, ...] = EMOTIONS, each: int = 6) -> Path:
    rows = [f"{who}-{feel}-{n}.wav,{who},{feel}" for who in speakers for feel in emotions for n in range(each)]
    Path(name).write_text("\n".join(["path,speaker,emotion", *rows]) + "\n")
    return Path(name)


@pytest.fixture
def trained(run: Run) -> Path:
    data("train.csv", "abcd"), data("validation.csv", "ef")
    ended = run("train", "toy", "train=train.csv", "validation=validation.csv", "output=model")
    assert ended.code == 0, ended
    assert "score: " in ended.out
    assert "to model" in ended.out
    return Path("model")


def test_from_data_to_an_evaluated_model(run: Run, trained: Path) -> None:
    ended = run("evaluate", "toy", "--data", data("test.csv", "gh"), "--checkpoint", trained, "--json", "result.json")
    assert ended.code == 0, ended
    assert ended.err == ""
    for word in ("36 clips of 2 speakers", "uar", "95 % interval", "wrote result.json, result.confusion.png"):
        assert word in ended.out
    told = json.loads(Path("result.json").read_text())
    assert set(told) >= {
        "system",
        "data",
        "checkpoint",
        "n",
        "metrics",
        "intervals",
        "per_class",
        "seconds",
        "versions",
    }
    assert (told["system"], told["data"], told["checkpoint"], told["n"]) == ("toy", "test.csv", "model", 36)
    assert told["metrics"]["uar"] > 0.7
    assert Path("result.confusion.png").stat().st_size > 5_000
    assert Path("result.reliability.png").stat().st_size > 5_000


def test_the_default_output_is_named_for_system_and_recipe(run: Run) -> None:
    ended = run("train", "toy", f"train={data('train.csv', 'ab')}", "steps=3")
    assert ended.code == 0, ended
    assert json.loads(Path("runs/toy-default/training.json").read_text())["speakers"]["train"] == ["a", "b"]
    refused = run("train", "toy", "train=train.csv", "steps=3").complaint
    assert "'runs/toy-default' is in use: add --resume" in refused
    assert run("train", "toy", "train=train.csv", "steps=3", "--resume").code == 0


def test_a_training_that_failed_at_once_can_be_begun_anew(run: Run) -> None:
    call = ("train", "toy", f"train={data('train.csv', 'ab')}", "steps=3", "output=model", "clip=0")
    assert "at step " in run(*call, "learning_rate=1e30").complaint
    assert Path("model/recipe.yaml").is_file()
    assert run(*call).code == 0
    assert "is in use" in run(*call).complaint


def test_a_finished_runs_recipe_trains_again_with_another_output(run: Run, trained: Path) -> None:
    again = ("train", "toy", "--recipe", trained / "recipe.yaml")
    told = run(*again).complaint
    assert "'model/recipe.yaml' names the output of its own run, 'model': give output=NEW to train again" in told
    assert run(*again, "output=new").code == 0
    assert Path("new/model.safetensors").read_bytes() == Path("model/model.safetensors").read_bytes()
    assert "'model' is in use: add --resume" in run("train", "toy", "train=train.csv", "output=model").complaint


def test_data_that_changed_are_refused_before_work(run: Run, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = ("train", "toy", "train=train.csv", "validation=validation.csv", "output=model", "--resume")
    assert run(*call).code == 0
    data("validation.csv", "ef", each=7)
    monkeypatch.setattr("tests.training.room.make_task", lambda recipe: pytest.fail("work was begun"))
    assert "cannot resume: the data validation='validation.csv' are not those it began with" in run(*call).complaint


def test_an_id_twice_is_refused_with_both_lines(run: Run, trained: Path) -> None:
    data("ab.csv", "ab")
    lines = Path("ab.csv").read_text().splitlines()
    Path("twice.csv").write_text("\n".join([*lines, lines[3]]))
    told = "'twice.csv': line 4 and line 38 have the same id 'a-happy-2.wav': leave one out"
    assert told in run("train", "toy", "train=twice.csv").complaint
    assert told in run("train", "toy", f"train={data('cd.csv', 'cd')}", "validation=twice.csv").complaint
    judged = ("evaluate", "toy", "--checkpoint", "model", "--json", "r.json", "--data", "twice.csv")
    assert told in run(*judged).complaint
    assert not Path("r.json").exists()
    assert not Path("runs").exists()


def test_what_corpora_ask_of_the_weights_is_written_and_said(run: Run) -> None:
    rows = [f"{who}-{feel}-{n}.wav,{who},{feel}" for who in ("ravdess-01", "me") for feel in EMOTIONS for n in range(4)]
    Path("train.csv").write_text("\n".join(["path,speaker,emotion", *rows]) + "\n")
    ended = run("train", "toy", "train=train.csv", "steps=3", "licence=CC-BY-4.0", "output=a")
    assert ended.code == 0
    (line,) = (line for line in ended.err.splitlines() if "licence" in line)
    assert "espressivo: the licence 'CC-BY-4.0' allows more than the data do: ravdess (CC BY-NC-SA 4.0)" in line
    told = json.loads(Path("a/training.json").read_text())["corpora"]
    assert {name: (terms["items"], terms["weights"]) for name, terms in told.items()} == {
        "own": (12, "as the recordings say"),
        "ravdess": (12, "CC BY-NC-SA 4.0"),
    }
    for licence in ("CC-BY-NC-SA-4.0", "as the recordings say"):
        assert "licence" not in run("train", "toy", "train=train.csv", "steps=3", f"licence={licence}").err
        shutil.rmtree("runs")


def test_what_is_left_out_is_counted_and_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def left_out(recipe: Recipe) -> object:
        leave_out([(f"x{n}.wav", "it is empty") for n in range(3)])
        return make_task(recipe)

    make_task = room.make_task
    monkeypatch.setattr(room, "make_task", left_out)
    call = ("train", "toy", f"train={data('train.csv', 'ab')}", "steps=3", "output=model", "clip=0")
    told = "espressivo: 3 recordings left out, listed in model/skipped.txt; the first is x0.wav: it is empty"
    assert "at step " in run(*call, "learning_rate=1e30").err
    assert Path("model/skipped.txt").is_file()
    ended = run(*call)  # the list alone does not make an output used
    assert (ended.code, ended.err.splitlines().count(told)) == (0, 1)
    lines = Path("model/skipped.txt").read_text().splitlines()
    assert lines == [f"skipped: x{n}.wav: it is empty" for n in range(3)]
    monkeypatch.setattr(room, "make_task", make_task)
    assert "left out" not in run(*call, "--resume").err
    assert not Path("model/skipped.txt").exists()


def test_where_all_is_left_out_it_is_said_why_and_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(recipe: Recipe) -> object:
        leave_out([(f"x{n}.wav", f"'x{n}.wav': it is empty") for n in range(12)])
        raise InputError("got 0 clips to learn from: give more")

    monkeypatch.setattr(room, "make_task", nothing)
    call = ("train", "toy", f"train={data('train.csv', 'ab')}", "steps=3", "output=model")
    told = "got 0 clips to learn from: give more; 12 recordings were left out, the first: x0.wav: it is empty"
    for _ in range(2):  # the list alone does not make an output used
        assert run(*call).complaint == f"espressivo: {told}"
        assert len(Path("model/skipped.txt").read_text().splitlines()) == 12


def test_what_a_room_says_itself_is_not_said_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(recipe: Recipe) -> object:
        leave_out([("x.wav", "it is empty"), ("y.wav", "it is too")])
        raise InputError("no recording can be used: the first is x.wav: it is empty")

    monkeypatch.setattr(room, "make_task", nothing)
    ended = run("train", "toy", f"train={data('train.csv', 'ab')}", "steps=3", "output=model")
    assert ended.complaint == "espressivo: no recording can be used: the first is x.wav: it is empty"
    assert len(Path("model/skipped.txt").read_text().splitlines()) == 2


def test_where_nothing_could_be_judged_the_first_reason_is_said(
    run: Run, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped = [(f"x{n}.wav", f"reason {n}") for n in range(99)]
    monkeypatch.setattr(room, "evaluate", lambda checkpoint, data: Evaluation(0, {}, skipped=skipped))
    call = ("evaluate", "toy", "--data", data("test.csv", "gh"), "--checkpoint", trained, "--json", "r.json")
    told = "nothing in 'test.csv' could be judged: 99 recordings were left out, the first: x0.wav: reason 0"
    assert run(*call).complaint == f"espressivo: {told}"
    skipped.clear()
    assert run(*call).complaint.endswith("could be judged: no clips")


def contents() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_results_take_the_place_of_nothing_but_results(run: Run, trained: Path) -> None:
    data("test.csv", "gh"), data("pictured.confusion.png", "gh")
    Path("other.json").write_text('{"system": "mine"}')
    Path("notes.txt").write_text("mine")
    Path("photo.reliability.png").write_bytes(b"mine")
    Path("link.json").symlink_to("test.csv")
    Path("way-in").symlink_to(trained)
    refused = {
        "test.csv": "'test.csv' would be written over the data 'test.csv': give another --json",
        "./way-in/../test.csv": "would be written over the data",
        "link.json": "would be written over the data",
        "model/training.json": "would be written into the checkpoint 'model'",
        "model/new.json": "would be written into the checkpoint",
        "way-in/state/new.json": "would be written into the checkpoint",
        "other.json": "'other.json' is there already, and 'evaluate' did not write it: give another --json",
        "notes.txt": "is there already",
        "photo.json": "'photo.reliability.png' is there already",
    }
    before = contents()
    call = ("evaluate", "toy", "--checkpoint", trained, "--data")
    for json_path, told in refused.items():
        assert told in run(*call, "test.csv", "--json", json_path).complaint, json_path
    pictured = run(*call, "pictured.confusion.png", "--json", "pictured.json").complaint
    assert "'pictured.confusion.png' would be written over the data" in pictured
    assert contents() == before
    Path("r.json").touch()  # nothing is lost with it
    for _ in range(2):
        assert run(*call, "test.csv", "--json", "r.json").code == 0


@pytest.mark.parametrize("speakers", [["a"], None, 5, {"train": 5}, {"train": [5]}])
def test_speakers_of_the_wrong_shape_are_refused(run: Run, trained: Path, speakers: object) -> None:
    facts = json.loads((trained / "training.json").read_text())
    (trained / "training.json").write_text(json.dumps(facts | {"speakers": speakers}))
    call = ("evaluate", "toy", "--data", data("test.csv", "gh"), "--checkpoint", trained, "--json", "r.json")
    assert "'model' is not a model's folder: training.json: speakers" in run(*call).complaint
    assert not Path("r.json").exists()


def test_recordings_that_vanished_are_missed_on_resume(
    run: Run, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fewer(recipe: Recipe) -> room.Points:
        task = make_task(recipe)
        kept = [n for n, item in enumerate(read_data("train.csv")) if item.speaker != "d"]
        task.x, task.y, task.heard = task.x[kept], task.y[kept], {**task.heard, "train": {"a", "b", "c"}}
        return task

    make_task = room.make_task
    monkeypatch.setattr(room, "make_task", fewer)
    before = Path("model/training.json").read_bytes()
    call = ("train", "toy", "train=train.csv", "validation=validation.csv", "output=model", "--resume")
    told = "cannot resume: 72 examples when it began, 54 now; speakers missing: d: give all recordings as they were"
    assert told in run(*call).complaint
    assert Path("model/training.json").read_bytes() == before
    monkeypatch.setattr(room, "make_task", make_task)
    assert run(*call).code == 0


def test_data_are_hashed_once(run: Run, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    monkeypatch.setattr(origin, "fingerprint", lambda path: hashed.append(path) or fingerprint(path))
    call = ("train", "toy", "train=train.csv", "validation=validation.csv", "output=model", "--resume")
    assert run(*call).code == 0
    assert hashed == [Path("train.csv"), Path("validation.csv")]


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, trained: Path) -> Path:
    """A checkpoint of the toy system as if it came with the package."""
    folder = Path("checkpoints/toy-nc").absolute()
    shutil.copytree(trained, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"licence": "CC-BY-NC-4.0"}))
    monkeypatch.setattr(room, "shipped", lambda: folder)
    monkeypatch.setattr("espressivo.assets.shipped.beside", lambda name: Path(name).absolute())
    return folder


def test_which_weights_are_measured_is_said_where_nobody_named_them(run: Run, shipped: Path) -> None:
    call = ("evaluate", "toy", "--data", data("test.csv", "gh"), "--json", "r.json")
    line = "espressivo: measured toy-nc, which we ship (licence: CC-BY-NC-4.0)\n"
    for named, said in (((), line), (("--checkpoint", "toy-nc"), "")):
        ended = run(*call, *named)
        assert (ended.code, ended.err) == (0, said)
        told = json.loads(Path("r.json").read_text())
        assert (told["checkpoint"], told["licence"]) == ("toy-nc", "CC-BY-NC-4.0")
    assert run(*call, "--checkpoint", "model").err == ""
    assert json.loads(Path("r.json").read_text())["licence"] is None
    assert "no data at" in run("evaluate", "toy", "--data", "none.csv", "--json", "r.json").complaint  # that line alone
    shutil.copytree("model", "toy-nc")  # a folder comes before a name
    assert run(*call, "--checkpoint", "toy-nc").err == ""
    assert "'toy' is not a model's folder: give one that 'espressivo train' wrote, or a name: toy-nc" in (
        run(*call, "--checkpoint", "toy").complaint
    )


REFUSED = {
    ("train", "toys"): "unknown system 'toys': choose one of ",
    ("train", "toy"): "nothing to train on: give train=DATA",
    ("train", "toy", "train=none.csv"): "no data at 'none.csv'",
    ("train", "toy", "train=empty.csv"): "empty.csv",
    ("train", "toy", "train=odd.csv"): "unknown emotion 'merry'",
    ("train", "toy", "train=ab.csv", "stepz=3"): ": got 'stepz=3': unknown key 'stepz': did you mean 'steps'?",
    ("train", "toy", "train=ab.csv", "learning_rate=fast"): "learning_rate: ",
    ("train", "toy", "train=ab.csv", "--recipe", "slow"): "unknown recipe 'slow': choose one of default, long",
    ("train", "toy", "train=ab.csv", "output=ab.csv/x"): "cannot write",
    ("train", "toy", "train=ab.csv", "output=new", "--resume"): "nothing to resume in 'new'",
    ("train", "toy", "train=ab.csv", "validation=bc.csv"): "a speaker is on both sides (train and validation): b",
    ("train", "toy", "train=ab.csv", "learning_rate=1e30", "clip=0", "output=x"): "at step ",
    ("evaluate", "toys", "--data", "ab.csv", "--json", "r.json"): "unknown system 'toys'",
    ("evaluate", "toy", "--data", "ab.csv", "--json", "r.json"): "no checkpoint of toy comes with espressivo",
    ("evaluate", "toy", "--data", "ab.csv", "--json", "r.json", "--checkpoint", "no"): "'no' is not a model's folder",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_what_cannot_be_done_is_said_in_one_line(run: Run, arguments: tuple[str, ...]) -> None:
    data("ab.csv", "ab"), data("bc.csv", "bc"), data("odd.csv", "ab", ("merry",))
    Path("empty.csv").write_text("path,speaker,emotion\n")
    assert REFUSED[arguments] in run(*arguments).complaint
    assert not Path("r.json").exists()


def test_evaluate_refuses_what_it_cannot_judge(run: Run, trained: Path) -> None:
    def complaint(name: str, out: str = "r.json", checkpoint: Path = trained) -> str:
        return run("evaluate", "toy", "--data", name, "--checkpoint", checkpoint, "--json", out).complaint

    data("heard.csv", "ag"), data("bored.csv", "gh", ("happy", "bored")), data("test.csv", "gh")
    Path("blank.csv").write_text("path,speaker,emotion\nx.wav,g,\n")
    assert "a speaker is on both sides (the training of model and heard.csv): a" in complaint("heard.csv")
    assert "never taught 'bored' (12 clips): it knows happy, sad, angry" in complaint("bored.csv")
    assert "1 of 1 clips have no emotion" in complaint("blank.csv")
    assert "no data at" in complaint("none.csv")
    assert "does not exist" in complaint("test.csv", "nowhere/r.json")
    assert not Path("r.json").exists()
    weights = trained / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    assert "does not hold this model's weights" in complaint("test.csv")
    (trained / "training.json").write_text("{")
    assert "'model' is not a model's folder: training.json" in complaint("test.csv")


def test_shared_speakers_can_be_allowed_and_are_named(run: Run, trained: Path) -> None:
    allow = "--allow-shared-speakers"
    data("heard.csv", "ag")
    ended = run("evaluate", "toy", "--data", "heard.csv", "--checkpoint", trained, "--json", "r.json", allow)
    assert ended.code == 0, ended
    assert "a speaker is on both sides" in ended.err
    both = ("train=train.csv", "validation=train.csv", "steps=3")
    assert run("train", "toy", *both, "output=a", allow).code == 0
    assert run("train", "toy", *both, "output=b", "allow_shared_speakers=true").code == 0


def press_ctrl_c_when(path: Path) -> None:
    """As soon as something is written there."""
    until = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size):
        if time.monotonic() > until:
            return
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_saves_and_says_how_to_go_on(run: Run) -> None:
    call = ("train", "toy", f"train={data('train.csv', 'ab')}", "--recipe", "long")
    threading.Thread(target=press_ctrl_c_when, args=(Path("runs/toy-long/log.jsonl").absolute(),), daemon=True).start()
    ended = run(*call)
    assert ended.code == 130, ended
    assert "go on with the same command and --resume" in ended.err.splitlines()[-1]
    last = max(Path("runs/toy-long/state").iterdir())
    step = int(last.name.removeprefix("step-"))
    again = run(*call, f"steps={step + 5}", "--resume")
    assert again.code == 0, again
    assert f"(of {step + 5})" in again.out
