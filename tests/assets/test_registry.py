"""The registry that ships: complete, well-formed, and helpful when a name is wrong."""

import re
from pathlib import Path

import pytest

from espressivo import assets
from espressivo.assets.shipped import Shipped
from espressivo.errors import AssetError

NAMES = {
    "face-landmarker", "wakehubert-tiny", "hifigan-universal", "smollm2-135m", "whisper-tiny-en", "whisper-base",
    "minilm", "hibari", "kokoro-82m", "kokoro-voices", "piper-joe", "resemblyzer", "wespeaker-resnet34", "fer",
    "dnsmos", "distill-mos", "silero-vad", "swift-f0", "perth", "random-face",
}  # fmt: skip


def test_every_promised_name_is_there() -> None:
    assert {entry.name for entry in assets.entries()} == NAMES


@pytest.mark.parametrize("entry", assets.entries(), ids=lambda entry: entry.name)
def test_every_entry_says_what_it_must(entry: assets.Entry) -> None:
    assert entry.what
    assert entry.used_for
    assert entry.upstream
    assert entry.licence in {"Apache-2.0", "MIT", "CC-BY-4.0"}, "an SPDX licence that somebody has read"
    names = [file.name for file in entry.files]
    assert names
    assert len(set(names)) == len(names)
    assert entry.main is None or entry.main in names
    for file in entry.files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.bytes > 0
        assert file.parts
        assert "/" not in file.name
        assert not file.name.startswith(".")
        assert file.hub is None or re.fullmatch(r"[0-9a-f]{40}", file.hub.revision)
    for archive in entry.archives:
        assert re.fullmatch(r"[0-9a-f]{64}", archive.sha256)
        assert archive.bytes > 0
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", archive.package), "named as the index pages are"
        assert archive.file.endswith((f"-{archive.version}-py3-none-any.whl", f"-{archive.version}.tar.gz"))


def test_what_has_strings_attached_says_so_and_can_be_left_out() -> None:
    attached = {entry.name for entry in assets.entries(permissive=False)}
    assert attached == {"fer", "random-face"}
    assert all(entry.note for entry in assets.entries(permissive=False))
    assert {row.name for row in assets.describe(permissive=True) if row.kind == "pinned"} == NAMES - attached


def test_what_ships_with_the_package_is_listed_too() -> None:
    rows = {row.name: row for row in assets.describe() if row.kind == "shipped"}
    assert rows.keys() >= {"voice-emotion", "voice-emotion-nc"}
    assert all(row.here and row.what for row in rows.values())
    assert rows["voice-emotion"].what == rows["voice-emotion-nc"].what == "Reads a feeling off a voice"
    assert (rows["voice-emotion-nc"].permissive, rows["voice-emotion-nc"].licence) == (False, "CC-BY-NC-SA-4.0")
    assert rows["voice-emotion"].permissive
    assert "not confirmed" in rows["voice-emotion"].note
    permissive = {row.name for row in assets.describe(permissive=True) if row.kind == "shipped"}
    assert permissive == rows.keys() - {"voice-emotion-nc", "prosody2vec-nc"}


@pytest.mark.parametrize(
    ("licence", "permissive"),
    [("MIT", True), ("Apache-2.0", True), ("CC BY 4.0", True), ("CC-BY-NC-4.0", False), ("CC BY-ND 4.0", False),
     ("MIT, for research only", False), ("unknown", False), ("", False)],
)  # fmt: skip
def test_in_doubt_a_licence_is_not_permissive(licence: str, permissive: bool) -> None:
    assert Shipped(Path(), "", licence).permissive == permissive


@pytest.mark.parametrize(
    ("wrong", "right"), [("smollm2", "smollm2-135m"), ("whisper", "whisper-"), ("dns-mos", "dnsmos")]
)
def test_an_unknown_name_gets_a_suggestion(wrong: str, right: str) -> None:
    with pytest.raises(AssetError, match=f"no pinned weights are called '{wrong}'; did you mean '{right}"):
        assets.fetch(wrong)


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(AssetError, match="known: face-landmarker, "):
        assets.entry("zzzzzzzz")
