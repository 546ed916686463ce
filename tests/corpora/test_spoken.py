"""The synthetic corpus, read by a voice that hums: so much of each voice, going on where it was stopped."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from espressivo.corpora import spoken
from espressivo.corpora.readers import corpus
from espressivo.corpora.spoken import english_voices, main, read_aloud
from espressivo.errors import InputError
from espressivo.media.speech import Speech

SENTENCES = ["one", "two two", "three three three", "four"]


class Hummer:
    """A tenth of a second for each letter; what holds a "?" it cannot read."""

    said: list[tuple[str, str, float]] = []

    def __init__(self, name: str) -> None:
        self.name = name

    def say(self, text: str, *, speed: float) -> Speech:
        if "?" in text:
            raise InputError("there is nothing to read aloud")
        self.said.append((self.name, text, speed))
        time = np.arange(round(0.1 * len(text) / speed * 24_000)) / 24_000
        return Speech((0.1 * np.sin(2 * np.pi * 200 * time)).astype(np.float32), 24_000)


@pytest.fixture(autouse=True)
def hummer(monkeypatch: pytest.MonkeyPatch) -> type[Hummer]:
    monkeypatch.setattr(spoken, "KokoroVoice", Hummer)
    monkeypatch.setattr(Hummer, "said", [])
    return Hummer


def seconds(folder: Path) -> float:
    return sum(soundfile.info(path).duration for path in folder.glob("*.flac"))


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_there_is_as_much_as_was_asked_for(tmp_path, hummer):
    made = list(read_aloud(SENTENCES, "af_heart", tmp_path, 5))
    longest = 0.1 * 17 / 0.8
    assert 5 <= seconds(tmp_path / "af_heart") < 5 + longest
    assert [path.with_suffix(".txt").read_text().strip() for path in made] == [text for _, text, _ in hummer.said]
    assert {text for _, text, _ in hummer.said} <= set(SENTENCES)
    assert all(0.8 <= speed <= 1.25 for _, _, speed in hummer.said)
    assert len({speed for _, _, speed in hummer.said}) == len(made)
    assert soundfile.info(made[0]).samplerate == 24_000


def test_the_same_seed_says_the_same_and_every_voice_something_else(tmp_path, hummer):
    for folder, voice, seed in (("a", "af_heart", 0), ("b", "af_heart", 0), ("a", "bm_lewis", 0), ("c", "af_heart", 1)):
        list(read_aloud(SENTENCES, voice, tmp_path / folder, 4, seed))
    assert content(tmp_path / "a" / "af_heart") == content(tmp_path / "b" / "af_heart")
    said = [[(text, speed) for name, text, speed in hummer.said if name == voice] for voice in ("af_heart", "bm_lewis")]
    assert said[0][0] != said[1][0]
    assert content(tmp_path / "a" / "af_heart") != content(tmp_path / "c" / "af_heart")


def test_it_goes_on_where_it_was_stopped(tmp_path, hummer):
    begun = read_aloud(SENTENCES, "af_heart", tmp_path / "stopped", 6)
    next(begun), next(begun)
    begun.close()
    (tmp_path / "stopped" / "af_heart" / "0002.txt").write_text("a text whose sound was not written any more")
    hummer.said.clear()
    rest = list(read_aloud(SENTENCES, "af_heart", tmp_path / "stopped", 6))
    assert rest[0].name == "0002.flac"
    assert len(hummer.said) == len(rest)
    list(read_aloud(SENTENCES, "af_heart", tmp_path / "whole", 6))
    assert content(tmp_path / "stopped" / "af_heart") == content(tmp_path / "whole" / "af_heart")
    assert list(read_aloud(SENTENCES, "af_heart", tmp_path / "whole", 6)) == []


def test_what_cannot_be_read_aloud_is_passed_over(tmp_path, hummer):
    list(read_aloud(["?", *SENTENCES, "??"], "af_heart", tmp_path, 3))
    assert "?" not in "".join(text for _, text, _ in hummer.said)
    texts = {path.stem for path in (tmp_path / "af_heart").glob("*.txt")}
    assert texts == {path.stem for path in (tmp_path / "af_heart").glob("*.flac")}


def test_where_nothing_can_be_read_aloud_it_says_so(tmp_path):
    with pytest.raises(InputError, match="none of 2 sentences can be read aloud"):
        list(read_aloud(["?", "??"], "af_heart", tmp_path, 3))


def test_what_it_wrote_is_read_as_a_corpus(tmp_path):
    for voice in ("af_heart", "bm_lewis"):
        list(read_aloud(SENTENCES, voice, tmp_path, 2))
    items = list(corpus("kokoro").read(tmp_path, lambda path, why: pytest.fail(f"{path}: {why}")))
    assert {item.speaker for item in items} == {"kokoro-af_heart", "kokoro-bm_lewis"}
    assert {item.text for item in items} <= set(SENTENCES)
    assert items[0].clip().duration > 0.2


def test_the_command_reads_every_english_voice(tmp_path, monkeypatch, capsys):
    (tmp_path / "voices" / "v1").mkdir(parents=True)
    for name in ("bm_lewis", "af_heart", "ff_siwis", "jm_kumo"):
        (tmp_path / "voices" / "v1" / f"{name}.bin").touch()
    monkeypatch.setattr(spoken, "fetch", lambda name: tmp_path / "voices")
    assert english_voices() == ["af_heart", "bm_lewis"]
    (tmp_path / "sentences.txt").write_text("one\n\n  two two \n")
    order = ["spoken", str(tmp_path / "sentences.txt"), "-o", str(tmp_path / "out"), "--seconds", "1"]
    monkeypatch.setattr("sys.argv", order)
    main()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["af_heart", "bm_lewis"]
    assert "af_heart: " in capsys.readouterr().out
    texts = {path.read_text().strip() for path in (tmp_path / "out").rglob("*.txt")}
    assert texts <= {"one", "two two"}
