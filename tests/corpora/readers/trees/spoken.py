"""Corpora of people who read or talk, and one of sounds: no feelings."""

from __future__ import annotations

from pathlib import Path

from tests.corpora.readers.trees.making import Tree, put


def librispeech(root: Path) -> Tree:
    chapter = "test-other/367/130732/367-130732"
    put(root, f"{chapter}-0000.flac", f"{chapter}-0001.flac", "train-clean-100/19/198/19-198-0003.flac")
    put(root, f"{chapter}.trans.txt", text="367-130732-0000 LOBSTERS AND LOBSTERS\n")
    put(root, "dev-clean/84/121123/intro.flac", "dev-clean/84/121123/84-121123-0000.opus", "BOOKS.TXT")
    return Tree(
        {
            "librispeech-19-198-0003": {"speaker": "librispeech-19", "text": None, "part": "train"},
            "librispeech-367-130732-0000": {
                "text": "LOBSTERS AND LOBSTERS",
                "part": "test",
                "notes": {"subset": "test-other", "chapter": "130732"},
            },
            "librispeech-84-121123-0000": {"part": "validation"},
        },
        [("367-130732-0001.flac", "has no transcript of it"), ("intro.flac", "its name is not like")],
    )


def ljspeech(root: Path) -> Tree:
    lines = [
        "LJ001-0002|in being 1st|in being first",
        'LJ001-0001|"Printing, |"Printing,',
        "LJ001-0003|gone|gone",
        "junk",
    ]
    put(root, "metadata.csv", text="\n".join(lines))
    put(root, "wavs/LJ001-0001.wav", "wavs/LJ001-0002.wav")
    return Tree(
        {
            "ljspeech-LJ001-0001": {"text": '"Printing,'},
            "ljspeech-LJ001-0002": {"text": "in being first", "speaker": "ljspeech-LJ"},
        },
        [("metadata.csv", "'LJ001-0003'"), ("metadata.csv", "'junk'")],
    )


def kathleen(root: Path) -> Tree:
    put(root, "data/arctic_a0001_15.opus", "data/arctic_a0002_16.wav", "data/arctic_b0003_17.opus")
    put(root, "data/arctic_a0001_15.txt", text="Author of the danger trail.\n")
    put(root, "data/arctic_b0003_17.txt", text=" \n")
    return Tree(
        {"kathleen-arctic_a0001_15": {"text": "Author of the danger trail.", "speaker": "kathleen-kathleen"}},
        [("arctic_a0002_16.wav", "cannot be read"), ("arctic_b0003_17.opus", "its text is empty")],
    )


def kokoro(root: Path) -> Tree:
    put(root, "af_heart/0000.flac", "bm_george/0000.flac", "bm_george/0001.flac", "notes/0000.flac")
    put(root, "af_heart/0000.txt", text="Author of the danger trail.\n")
    put(root, "bm_george/0000.txt", text="\n")
    return Tree(
        {"kokoro-af_heart-0000": {"text": "Author of the danger trail.", "speaker": "kokoro-af_heart"}},
        [("0000.flac", "its text is empty"), ("0001.flac", "cannot be read")],
    )


def esc(root: Path) -> Tree:
    head = "filename,fold,target,category,esc10,src_file,take\n"
    rows = "1-100032-A-0.wav,1,0,dog,True,100032,A\n5-9032-A-0.wav,5,1,rooster,False,9032,A\n"
    rows += "2-1-A-3.wav,2,3,cow,False,1,A\n"
    put(root, "meta/esc50.csv", text=head + rows)
    put(root, "audio/1-100032-A-0.wav", "audio/5-9032-A-0.ogg")
    return Tree(
        {
            "esc-1-100032-A-0": {"part": "fold-1", "notes": {"category": "dog", "esc10": "true"}},
            "esc-5-9032-A-0": {"part": "fold-5", "notes": {"category": "rooster", "esc10": "false"}, "speaker": None},
        },
        [("esc50.csv", "no recording '2-1-A-3'")],
    )


def vasp(root: Path) -> Tree:
    put(
        root,
        "clips.csv",
        text="path,speaker\nID1/014.mp4,vasp-ID1\nID2/017.mp4,vasp-ID2\nID10/014.mp4,vasp-ID10\nx.mp4,\n",
    )
    put(root, "ID1/014.mp4", "ID10/014.mp4")
    put(root, "ID2/017.mp4", text=b"")
    return Tree(
        {"vasp-ID1-014": {"speaker": "vasp-ID1", "path": "ID1/014.mp4"}, "vasp-ID10-014": {"speaker": "vasp-ID10"}},
        [("clips.csv", "'017.mp4' is empty"), ("clips.csv", "'x.mp4' is not like")],
    )


def voxceleb2(root: Path) -> Tree:
    put(root, "dev/aac/id00012/21Uxsk56VDQ/00001.m4a", "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4")
    put(
        root,
        "dev/aac/id00012/21Uxsk56VDQ/00002.m4a",
        "test/mp4/id00017/01dfn2spqyE/00003.mp4",
        "dev/aac/id00013/stray.m4a",
    )
    return Tree(
        {
            "voxceleb2-dev-id00012-21Uxsk56VDQ-00001": {
                "speaker": "voxceleb2-id00012",
                "face": "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4",
                "part": "train",
            },
            "voxceleb2-dev-id00012-21Uxsk56VDQ-00002": {"face": None},
            "voxceleb2-test-id00017-01dfn2spqyE-00003": {"part": "test", "speaker": "voxceleb2-id00017", "face": None},
        },
        [("stray.m4a", "does not lie in <person>/<video>/")],
    )
