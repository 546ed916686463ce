"""Recipes: strict, with a hint for what was meant, and settings on top."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from espressivo.errors import ConfigError
from espressivo.training import Recipe, read_recipe
from espressivo.training.recipe import check_same, write_recipe


class Encoder(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    width: int = 8
    kernels: tuple[int, ...] = (3, 3)


class Whole(Recipe):
    encoder: Encoder = Encoder()
    corpora: tuple[str, ...] = ()


SOUND = "name: one\nlicence: MIT\nsteps: 10\nbatch_size: 4\nlearning_rate: 1e-3\n"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.yaml"
    path.write_text(SOUND)
    return path


def test_values_are_taken_as_people_write_them(sound: Path) -> None:
    sound.write_text(SOUND + "corpora: [emodb, nemo]\ntrain: data/train.csv\nencoder: {kernels: [5, 7]}\n")
    recipe = read_recipe(Whole, sound, ["weight_decay=5e-2", "encoder.width=16", "validation=null", "name=two"])
    assert recipe.learning_rate == 0.001
    assert recipe.weight_decay == 0.05
    assert recipe.corpora == ("emodb", "nemo")
    assert recipe.train == Path("data/train.csv")
    assert recipe.encoder == Encoder(width=16, kernels=(5, 7))
    assert recipe.name == "two"


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("learning_rat=1", "unknown key 'learning_rat': did you mean 'learning_rate'?"),
        ("zzz=1", "unknown key 'zzz': known are name, licence, seed"),
        ("encoder.widht=1", "unknown key 'encoder.widht': did you mean 'width'?"),
        ("steps=0", "got 'steps=0': steps: input should be greater than 0"),
        ("steps=ten", "steps: input should be a valid integer"),
        ("steps=1.5", "steps: "),
        ("steps=true", "steps: "),
        ("learning_rate=.nan", "learning_rate: "),
        ("precision=fp8", "got 'precision=fp8': precision: input should be 'fp32' or 'bf16'"),
        ("encoder=3", "got 'encoder=3': encoder: "),
        ("encoder.kernels=[3, x]", "got 'encoder.kernels=[3, x]': encoder.kernels.1: "),
        ("name.first=a", "got 'name.first=a': name: input should be a valid string"),
        ("steps", "give KEY=VALUE"),
        ("=3", "give KEY=VALUE"),
        ("steps=[1", "got 'steps=[1' as a setting"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(sound: Path, setting: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_recipe(Whole, sound, [setting])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert setting in str(caught.value)
    assert str(sound) not in str(caught.value)


def test_what_was_typed_is_blamed_for_what_was_typed_and_the_file_for_the_rest(sound: Path) -> None:
    sound.write_text(SOUND + "stepz: 3\n")
    with pytest.raises(ConfigError, match=r"^.*sound\.yaml: unknown key 'stepz': did you mean 'steps'\?$"):
        read_recipe(Whole, sound, ["seed=3"])
    with pytest.raises(ConfigError, match=r"^got 'seedz=3': unknown key 'seedz': did you mean 'seed'\?$"):
        read_recipe(Whole, sound, ["steps=3", "seedz=3"])
    sound.write_text(SOUND.replace("steps: 10", "steps: 0"))
    with pytest.raises(ConfigError, match=r"^.*sound\.yaml: steps: input should be greater than 0, got 0$"):
        read_recipe(Whole, sound, ["seed=3"])
    with pytest.raises(ConfigError, match=r"^got 'steps=-1': steps: "):
        read_recipe(Whole, sound, ["steps=5", "steps=-1"])  # the last one counts
    assert read_recipe(Whole, sound, ["steps=-1", "steps=5"]).steps == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "wanted lines of 'key: value'"),
        ("- a list", "wanted lines of 'key: value'"),
        ("a: [unclosed", "is not a recipe"),
        (SOUND + "steps: 20\n", "'steps' is there twice"),
        ("name: one\n", "'licence' is missing"),
    ],
)
def test_what_is_no_recipe_is_refused_in_one_line(sound: Path, text: str, says: str) -> None:
    sound.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_recipe(Whole, sound)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_is_looked_for_among_the_rooms_recipes(sound: Path) -> None:
    assert read_recipe(Whole, "sound", folder=sound.parent).name == "one"
    with pytest.raises(ConfigError, match="unknown recipe 'noise': choose one of sound"):
        read_recipe(Whole, "noise", folder=sound.parent)
    with pytest.raises(ConfigError, match="no recipe at"):
        read_recipe(Whole, "missing.yaml", folder=sound.parent)


def test_a_recipe_cannot_be_changed(sound: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_recipe(Whole, sound).steps = 3  # type: ignore[misc]


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-9, 1e3), st.integers(1, 10**9), st.text(min_size=1), st.integers(0, 9))
def test_written_is_read_the_same(rate: float, steps: int, name: str, width: int) -> None:
    numbers = {"steps": steps, "batch_size": 1, "learning_rate": rate}
    recipe = Whole(name=name, licence="MIT", output=Path("a/b"), encoder=Encoder(width=width), **numbers)
    with TemporaryDirectory() as folder:
        write_recipe(Path(folder) / "written.yaml", recipe)
        assert read_recipe(Whole, Path(folder) / "written.yaml") == recipe


def test_what_differs_from_before_is_said_as_it_is_written(sound: Path) -> None:
    before, now = (read_recipe(Recipe, sound, [f"train={name}.csv"]) for name in "ab")
    check_same(before, before)
    with pytest.raises(ConfigError, match=r"^cannot resume with train='b\.csv': it began with 'a\.csv'; give"):
        check_same(now, before)
