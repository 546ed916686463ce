"""What corpora ask of the weights that learn from them."""

from pathlib import Path

import pytest

from espressivo.corpora.data import read_data, write_data
from espressivo.corpora.folder import read as read_folder
from espressivo.corpora.item import Item
from espressivo.corpora.licences import AS_RECORDED, OWN, corpus_of, objection, terms
from espressivo.corpora.readers import CORPORA
from tests.corpora.making import wav
from tests.corpora.readers.trees import TREES


@pytest.mark.parametrize(
    ("speaker", "name", "corpus"),
    [
        ("emodb-03", "x", "emodb"),
        ("crema-d-1001", "x", "crema-d"),
        (None, "dfew-00001", "dfew"),
        ("anna", "grid-s1-bbaf2n", "grid"),
        ("anna", "gridlock-1.wav", OWN),
        ("my-grid-s1", "x", OWN),
        (None, "a.wav", OWN),
        (None, "grid-1.wav", OWN),
        ("anna", "nemo-1.MP4#0-2.5", OWN),
    ],
)
def test_a_corpus_is_told_by_speaker_or_id(speaker: str | None, name: str, corpus: str) -> None:
    assert corpus_of(Item(name, Path("a.wav"), speaker=speaker)) == corpus


@pytest.mark.parametrize("name", CORPORA)
def test_what_a_corpus_asks_for_can_be_given(name: str) -> None:
    """The licence that weights must carry is not itself objected to; where there is none, every licence is."""
    weights = CORPORA[name].weights
    if weights is not None:
        assert objection(weights, [name]) is None
    else:
        assert f"weights from {name} may not be passed on" in str(objection("CC-BY-NC-SA-4.0", [name]))
    assert objection(AS_RECORDED, [name]) is None


@pytest.mark.parametrize(
    ("licence", "corpora", "says"),
    [
        ("CC-BY-4.0", ["ravdess"], "ravdess (CC BY-NC-SA 4.0) asks for no commercial use and the same licence again"),
        ("CC-BY-NC-4.0", ["nemo"], "nemo (CC BY-NC-SA 4.0) asks for the same licence again"),
        ("Apache-2.0", ["esc", "grid"], "esc (CC BY 3.0 for ESC-10 alone; CC BY-NC 3.0 otherwise) asks for no commerc"),
        ("MIT", ["mead", OWN], "weights from mead may not be passed on, as far as we know"),
        ("GPL-3.0", ["ravdess", "mead"], "weights from mead may not be passed on, as far as we know; ravdess (CC BY"),
        ("CC-BY-NC-SA-4.0", ["ravdess", "nemo", "emodb", OWN], None),
        ("for non-commercial research", ["esc"], None),
        ("CC-BY-4.0", ["grid", "librispeech", "kathleen", OWN], None),
        ("As the recordings say", ["ravdess", "mead"], None),
        ("CC-BY-4.0", [], None),
    ],
)
def test_a_licence_that_allows_too_much_is_objected_to(licence: str, corpora: list[str], says: str | None) -> None:
    found = objection(licence, corpora)
    if says is None:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(f"the licence {licence!r} allows more than the data do: ")
        assert says in found
        assert "\n" not in found


def test_the_record_names_each_corpus_and_says_of_unknown_ones_what_is_known() -> None:
    assert terms({"ravdess": 3, "mead": 2, OWN: 1}) == {
        "mead": {
            "items": 2,
            "licence": "unknown; given out for research",
            "weights": "may not be passed on, as far as we know",
        },
        "own": {"items": 1, "licence": "as the recordings say", "weights": "as the recordings say"},
        "ravdess": {"items": 3, "licence": "CC BY-NC-SA 4.0", "weights": "CC BY-NC-SA 4.0"},
    }


def test_ones_own_folder_is_of_no_corpus_whatever_it_is_called(tmp_path: Path) -> None:
    for name in ("nemo/anna/1.wav", "nemo/crema-d-1/grid-2.wav", "nemo/mead-3.wav"):
        wav(tmp_path / name)
    items = list(read_folder(tmp_path / "nemo", lambda path, why: None))
    assert {item.speaker for item in items} == {"own-nemo-anna", "own-nemo-crema-d-1", None}
    for kind in ("csv", "jsonl.gz"):
        write_data(tmp_path / f"d.{kind}", items)
        assert {corpus_of(item) for item in read_data(tmp_path / f"d.{kind}")} == {OWN}


@pytest.mark.parametrize("name", CORPORA)
def test_what_a_reader_made_is_known_by_its_corpus_after_a_table(name: str, tmp_path: Path) -> None:
    TREES[name](tmp_path / "tree")
    items = list(CORPORA[name].read(tmp_path / "tree", lambda path, why: None))
    write_data(tmp_path / "d.csv", items)
    assert {corpus_of(item) for item in (*items, *read_data(tmp_path / "d.csv"))} == {name}
    sound = wav(tmp_path / "a.wav")
    write_data(tmp_path / "d.jsonl.gz", [Item(item.id, sound, speaker=item.speaker) for item in items])
    assert {corpus_of(item) for item in read_data(tmp_path / "d.jsonl.gz")} == {name}
