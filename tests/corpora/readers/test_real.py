"""The readers on the real corpora, where they are: as many items as recordings, and the ends of each can be opened."""

from pathlib import Path

import pytest

from espressivo.corpora.item import Item
from espressivo.corpora.readers import corpus as reader

pytestmark = pytest.mark.corpus


def scan(name: str, root: Path) -> tuple[list[Item], list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    return list(reader(name).read(root, lambda path, reason: told.append((path.name, reason)))), told


# Corpus, folder, where its recordings lie; recordings, speakers and texts at least (whole corpora have more), emotions.
REAL = [
    ("grid", "grid", "s1/*", 893, 1, 0, 893),
    ("javanese", "javanese", "*.mp4", 168, 7, 6, 0),
    ("vasp", "vasp", "ID*/*.mp4", 80, 16, 0, 0),
    ("ravdess", "ravdess", "Actor_*/*", 1200, 20, 8, 1200),
    ("emodb", "emodb", "wav/*", 408, 8, 7, 408),
    ("nemo", "nemo", "samples/*", 3404, 7, 6, 3404),
    ("librispeech", "librispeech", "*/*/*/*.opus", 275, 254, 0, 24),
    ("kathleen", "kathleen", "data/*.opus", 1620, 1, 0, 1620),
    ("esc", "esc10", "*/*", 400, 0, 0, 0),
]


@pytest.mark.parametrize(("name", "folder", "files", "count", "speakers", "emotions", "texts"), REAL)
def test_every_recording_becomes_an_item(corpus, name, folder, files, count, speakers, emotions, texts):
    root = corpus(folder)
    items, _ = scan(name, root)
    assert {item.path for item in items} == set(root.glob(files))
    assert len(items) >= count
    assert len({item.speaker for item in items} - {None}) >= speakers
    assert len({item.emotion for item in items} - {None}) == emotions
    assert sum(item.text is not None for item in items) >= texts


@pytest.mark.parametrize(("name", "folder"), [(name, folder) for name, folder, *_ in REAL])
def test_the_first_and_the_last_can_be_opened(corpus, name, folder):
    items, _ = scan(name, corpus(folder))
    for item in (items[0], items[-1]):
        clip = item.clip()
        assert clip.duration > 0.5
        assert clip.sound is not None
        assert (clip.video is not None) == (item.path.suffix == ".mp4")
        assert (clip.name, clip.speaker, clip.emotion, clip.text) == (item.id, item.speaker, item.emotion, item.text)


def test_the_words_of_grid_lie_within_the_clip_and_spell_its_name(corpus):
    items, told = scan("grid", corpus("grid"))
    assert not told
    for item in items:
        assert [word.text for word in item.words] == item.text.split()
        assert all(0 <= word.start < word.end <= 3.0 for word in item.words)


def test_what_is_broken_in_the_real_ones_is_told(corpus):
    _, told = scan("emodb", corpus("emodb"))
    assert "13a01Wb.silb" in [name for name, _ in told]  # an empty file
