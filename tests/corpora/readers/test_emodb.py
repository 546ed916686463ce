"""EmoDB's hand-made labels: words out of syllables, phones out of narrow transcription."""

from itertools import pairwise

import pytest

from espressivo.corpora.readers import corpus, emodb
from espressivo.errors import InputError
from tests.corpora.readers.trees import LABLAUT, put


def phones(tmp_path, *labels: str) -> list[str]:
    """The phones of labels a tenth of a second apart."""
    lines = [f"    {0.1 * place:.6f}   -1 {label}" for place, label in enumerate([*labels, "."], start=1)]
    put(tmp_path, "x.lablaut", text="signal x\n#\n" + "\n".join(lines) + "\n")
    return [phone for _, _, phone in emodb.phones(tmp_path / "x.lablaut")]


def test_a_label_lasts_from_its_time_to_the_next(tmp_path):
    put(tmp_path, "x.lablaut", text=LABLAUT.encode("latin-1"))
    assert emodb.phones(tmp_path / "x.lablaut") == [
        (0.1, 0.2, "t"),  # closure and release
        (0.2, 0.3, "E6"),
        (0.3, 0.4, "l"),  # with its second, modal half
        (0.6, 0.7, "k"),  # closure, release, aspiration; before it a pause
        (0.7, 0.8, "I"),
        (0.8, 0.9, "aU"),
        (0.9, 0.95, "d"),
        (0.95, 1.0, "t"),
    ]


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (["t", "!t", "tasp"], ["t"]),
        (["t", "tasp\t+sth"], ["t"]),
        (["_d", "!d", "dsap"], ["d"]),
        (["t", "t"], ["t", "t"]),  # two closures are two plosives
        (["d", "!t"], ["d", "t"]),
        (["d\t-sth", "!d+nas"], ["d"]),
        (["k", "!"], ["k"]),
        (["a\t+lar\t2", "\t-lar", "+hoe", "hoe", "-sth,-beh", "[+eng"], ["a"]),
        (["a", "(", "+hoe", "m"], ["a", "m"]),  # nothing goes on after a pause
        (["!b", "a"], ["b", "a"]),
        (["(gef", "a [+eng,+hoe"], ["a"]),
        (["NN", "mm", "H", "AO", "9", "4", "@6"], ["N", "m", "h", "aU", "9", "4", "@6"]),
    ],
)
def test_what_labels_stand_for(tmp_path, labels, wanted):
    assert phones(tmp_path, *labels) == wanted


@pytest.mark.parametrize("text", ["", "signal x\n#\n", "signal x\n#\n 0.1 -1 .\n 0.2 -1 .\n"])
def test_no_phones_is_an_error(tmp_path, text):
    put(tmp_path, "x.lablaut", text=text)
    with pytest.raises(InputError, match="holds no phones"):
        emodb.phones(tmp_path / "x.lablaut")


def test_missing_labels_are_an_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        emodb.phones(tmp_path / "gone.lablaut")


@pytest.mark.corpus
def test_the_times_are_where_labels_begin(corpus, data_root):
    """Hiss lies after the marks of "s", not before them: seen in how much the sound crosses zero."""
    import numpy as np

    from espressivo.corpora.readers import corpus as reader

    items = list(reader("emodb").read(corpus("emodb"), lambda path, reason: None))[::40]
    crossings: dict[bool, list[float]] = {True: [], False: []}
    for item in items:
        samples = item.clip().sound.samples
        for start, end, phone in emodb.phones(data_root / item.notes["phones"]):
            piece = samples[round(16_000 * start) : round(16_000 * end)]
            if len(piece) > 320:
                crossings[phone == "s"].append(float(np.mean(np.diff(np.sign(piece)) != 0)))
    assert len(crossings[True]) > 10
    assert np.median(crossings[True]) > 2 * np.median(crossings[False])


@pytest.mark.corpus
def test_nearly_all_real_labels_are_understood(data_root):
    items = list(corpus("emodb").read(data_root / "emodb", lambda path, reason: None))
    assert sum(bool(item.words) for item in items) >= 0.99 * len(items)
    for item in items:
        assert all(word.start < word.end for word in item.words)
    inventory = set()
    for item in items[::8]:
        found = emodb.phones(data_root / item.notes["phones"])
        assert all(before[1] <= after[0] for before, after in pairwise(found))
        inventory |= {phone for _, _, phone in found}
    assert 35 < len(inventory) < 60
