"""The evaluation as a whole: what goes into the JSON, and the pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from espressivo.errors import InputError
from espressivo.metrics.calibration import reliability
from espressivo.metrics.plots import draw_confusion, draw_reliability
from espressivo.metrics.report import Evaluation, classified, picture_paths, versions

NAMES = ("happy", "sad", "angry")


def made_up(n: int = 300, skill: float = 2.0) -> Evaluation:
    random = np.random.default_rng(0)
    truth = random.integers(3, size=n)
    logits = random.standard_normal((n, 3))
    logits[np.arange(n), truth] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    speakers = [None if i % 50 == 0 else f"toy-{i % 7}" for i in range(n)]
    return classified(NAMES, [NAMES[i] for i in truth], probabilities, speakers, skipped=[("x", "no face")])


def test_every_number_lies_in_its_interval_and_goes_into_the_json() -> None:
    found = made_up()
    for name, (low, high) in found.intervals.items():
        assert low <= found.metrics[name] <= high
        assert high - low < 0.3
    told = json.loads(json.dumps(found.as_dict(system="toy", data="d.csv", versions=versions())))
    assert list(told)[:2] == ["system", "data"]
    assert (told["n"], told["speakers"]) == (300, 7)
    assert set(told["metrics"]) == {"uar", "war", "macro_f1", "ece", "ece_adaptive"}
    assert set(told["intervals"]) == {"uar", "war", "macro_f1", "ece"}
    assert set(told["per_class"]) == set(NAMES)
    assert sum(row["n"] for row in told["per_class"].values()) == 300
    assert np.sum(told["confusion"]["counts"]) == 300
    assert told["skipped"] == [{"id": "x", "reason": "no face"}]
    assert told["metrics"]["uar"] > told["baseline"]["uar"] == pytest.approx(1 / 3)
    assert set(told["versions"]) >= {"python", "torch", "espressivo"}


def test_better_guesses_give_better_numbers() -> None:
    good, bad = made_up(skill=4.0), made_up(skill=0.5)
    assert good.metrics["uar"] > bad.metrics["uar"] + 0.3
    assert good.intervals["uar"][0] > bad.intervals["uar"][1]


@pytest.mark.parametrize("probabilities", [np.ones((2, 2)), np.full((3, 3), np.nan)])
def test_what_are_no_probabilities_is_refused(probabilities: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"wanted finite probabilities of shape \(3, 3\)"):
        classified(NAMES, ["happy", "sad", "sad"], probabilities)


def test_pictures_lie_beside_the_json() -> None:
    assert picture_paths(Path("a/result.json"))["confusion"] == Path("a/result.confusion.png")


def inks(path: Path) -> tuple[tuple[int, int], float]:
    """Size, and the share of the picture that is not paper."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    return (pixels.shape[1], pixels.shape[0]), float((np.abs(pixels - pixels[0, 0]).sum(-1) > 30).mean())


@pytest.mark.parametrize("count", [1, 2, 10])
def test_the_confusion_matrix_is_drawn(tmp_path: Path, count: int) -> None:
    names = tuple(f"emotion {i} $x" for i in range(count))
    counts = np.diag(np.full(count, 50)) + 1
    draw_confusion(tmp_path / "c", names, counts, f"{'long ' * 40}\nn = {counts.sum()}")
    size, ink = inks(tmp_path / "c")
    assert 500 < size[0] < 1_600
    assert ink > 0.04


def test_the_reliability_diagram_is_drawn(tmp_path: Path) -> None:
    guesses = made_up().guesses
    assert guesses is not None
    draw_reliability(tmp_path / "r.png", reliability(guesses.truth, guesses.probabilities), "toy\nn = 300")
    size, ink = inks(tmp_path / "r.png")
    assert size == (702, 780)
    assert ink > 0.2
