"""Every corpus on a small tree in its official layout: what is there is read, what is broken is named and skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from espressivo.corpora.item import Item
from espressivo.corpora.readers import CORPORA, corpus
from espressivo.emotion import EMOTIONS
from espressivo.errors import ConfigError, InputError
from tests.corpora.readers.trees import TREES, Tree, put


def scan(name: str, root: Path) -> tuple[dict[str, Item], list[tuple[str, str]]]:
    """The items by id, and what was skipped; the order and the ids are checked on the way."""
    told: list[tuple[str, str]] = []
    items = list(corpus(name).read(root, lambda path, reason: told.append((path.name, reason))))
    ids = [item.id for item in items]
    assert ids == sorted(set(ids))
    return dict(zip(ids, items, strict=True)), told


def check(items: dict[str, Item], tree: Tree, root: Path) -> None:
    assert set(items) == set(tree.items)
    for name, wanted in tree.items.items():
        for key, value in wanted.items():
            check_value(getattr(items[name], key), key, value, root)


def check_value(got: object, key: str, wanted: object, root: Path) -> None:
    if key == "words":
        assert [word.text for word in got] == [text for text, _, _ in wanted]
        times = [(word.start, word.end) for word in got]
        assert times == [pytest.approx(span) for _, *span in wanted]
    elif key == "notes":
        assert {name: got.get(name) for name in wanted} == wanted
    elif key in ("path", "face") and wanted is not None:
        assert got == root / wanted
    else:
        assert got == wanted, key


def test_every_corpus_has_a_tree_here():
    assert set(TREES) == set(CORPORA)
    assert len(CORPORA) == 24


@pytest.mark.parametrize("name", CORPORA)
def test_its_official_layout_is_read(name, tmp_path):
    tree = TREES[name](tmp_path)
    items, told = scan(name, tmp_path)
    check(items, tree, tmp_path)
    missing = [(file, why) for file, why in tree.skipped if not any(file == f and why in reason for f, reason in told)]
    assert not missing, told
    assert len(told) == len(tree.skipped), told
    assert all("\n" not in reason for _, reason in told)


@pytest.mark.parametrize("name", CORPORA)
def test_a_folder_around_it_will_do(name, tmp_path):
    tree = TREES[name](tmp_path / "unpacked")
    items, _ = scan(name, tmp_path)
    check(items, tree, tmp_path / "unpacked")


@pytest.mark.parametrize("name", CORPORA)
def test_items_know_what_their_corpus_says(name, tmp_path):
    TREES[name](tmp_path)
    known = corpus(name)
    for item in scan(name, tmp_path)[0].values():
        assert item.id.startswith(f"{name}-")
        assert item.speaker is None or item.speaker.startswith(f"{name}-")
        assert item.language in known.languages or (item.language is None and not known.languages)
        assert item.emotion is None or item.emotion in known.emotions.values()
        assert item.path.exists()


@pytest.mark.parametrize("name", CORPORA)
def test_no_corpus_there_is_one_line_that_says_what_was_expected(name, tmp_path):
    (tmp_path / "file").write_text("x")
    for root in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(InputError) as caught:
            list(corpus(name).read(root, lambda path, reason: None))
        message = str(caught.value)
        assert str(root) in message
        assert "give the folder that holds" in message
        assert "\n" not in message


@pytest.mark.parametrize("name", CORPORA)
def test_what_a_corpus_says_of_itself(name):
    known = corpus(name)
    assert known.name == name
    assert known.title
    assert known.licence
    assert known.source
    assert known.weights is None or known.weights
    assert set(known.emotions.values()) <= set(EMOTIONS)
    assert all(len(language) == 2 for language in known.languages)


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff\xfe\x81" * 50, b'"' * 9, b"[1 2\n0\t" * 9, b"a" * 300 + b"|b|c", b"," * 99]
)
@pytest.mark.parametrize("name", CORPORA)
def test_spoilt_lists_and_transcripts_are_told_or_one_line(name, tmp_path, content):
    """Whatever a text file holds: items, or words to `skip`, or one line; never another error."""
    TREES[name](tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.read_bytes() != b"x":
            path.write_bytes(content)
    message = ""
    try:
        scan(name, tmp_path)
    except InputError as error:
        message = str(error)
    assert "\n" not in message


def test_nothing_that_can_be_used_is_an_error_too(tmp_path):
    put(tmp_path, "Actor_01/03-01-06-01-02-01-01.wav", text=b"")
    with pytest.raises(InputError, match=r"no recording of RAVDESS in .* can be used \(1 skipped\)"):
        list(corpus("ravdess").read(tmp_path, lambda path, reason: None))


def test_of_two_recordings_with_one_name_the_second_is_told(tmp_path):
    put(tmp_path, "Actor_01/03-01-06-01-02-01-01.wav", "Video_Speech_Actor_01/Actor_01/03-01-06-01-02-01-01.wav")
    items, told = scan("ravdess", tmp_path)
    assert [item.path.parts[-3] for item in items.values()] == [tmp_path.name]
    assert told == [("03-01-06-01-02-01-01.wav", told[0][1])]
    assert "a second recording" in told[0][1]


def test_of_two_formats_the_video_is_taken(tmp_path):
    put(tmp_path, "s1/bbaf2n.wav", "s1/bbaf2n.mp4", "s1/bbaf2n.opus")
    items, told = scan("grid", tmp_path)
    assert [item.path.name for item in items.values()] == ["bbaf2n.mp4"]
    assert not told


def test_a_link_to_nowhere_is_told(tmp_path):
    put(tmp_path, "s1/bbaf2n.mp4")
    (tmp_path / "s1" / "bbaf3n.mp4").symlink_to(tmp_path / "gone.mp4")
    items, told = scan("grid", tmp_path)
    assert list(items) == ["grid-s1-bbaf2n"]
    assert told == [("bbaf3n.mp4", "cannot be read: No such file or directory")]


def test_esc10_in_folders_is_read(tmp_path):
    put(tmp_path, "001 - Dog bark/1-100032-A.ogg", "010 - Fire crackling/5-2-B.ogg", "001 - Dog bark/odd.ogg")
    items, told = scan("esc", tmp_path)
    assert {name: (item.part, item.notes["category"]) for name, item in items.items()} == {
        "esc-1-100032-A": ("fold-1", "dog"),
        "esc-5-2-B": ("fold-5", "crackling_fire"),
    }
    assert told[0][0] == "odd.ogg"


def test_the_biggest_corpora_are_not_held_in_memory(tmp_path):
    """The first item comes before the last folder is looked into."""
    for person in range(3):
        put(tmp_path, f"dev/aac/id0000{person}/video/00001.m4a")
    items = corpus("voxceleb2").read(tmp_path, lambda path, reason: None)
    assert next(items).speaker == "voxceleb2-id00000"
    put(tmp_path, "dev/aac/id00002/video/00002.m4a")
    assert len(list(items)) == 3


@pytest.mark.parametrize("name", ["RAVDESS", "crema_d", " Crema-D "])
def test_names_are_taken_as_people_write_them(name):
    assert corpus(name).name in ("ravdess", "crema-d")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"unknown corpus 'timit': choose one of crema-d, .*voxceleb2"):
        corpus("timit")


def test_asking_for_one_corpus_imports_no_other():
    import subprocess
    import sys

    code = (
        "import sys; from espressivo.corpora.readers import corpus; corpus('grid'); "
        "print([m for m in ('espressivo.corpora.readers.emodb', 'torch', 'lhotse', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
