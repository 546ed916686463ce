"""Corpora for reading lips."""

from __future__ import annotations

from pathlib import Path

from tests.corpora.readers.trees.making import Tree, put


def grid(root: Path) -> Tree:
    put(root, "s1/bbaf2n.mpg", "s1/lgwzzs.mpg", "s1/notes.mpg", "s2/srih9p.mp4", "s1/pwbc1a.mpg")
    put(root, "s1/.hidden.mpg", "s1/._bbaf2n.mpg")
    put(root, "s1/bwix4s.mpg", text=b"")
    put(root, "align/s1/bbaf2n.align", text="0 25000 sil\n25000 30000 bin\n30000 37500 blue\n37500 74500 sil\n")
    put(root, "align/s1/lgwzzs.align", text="0 1000 sil\n1000 lay\n")
    return Tree(
        {
            "grid-s1-bbaf2n": {
                "speaker": "grid-s1",
                "text": "bin blue at f two now",
                "words": [("bin", 1.0, 1.2), ("blue", 1.2, 1.5)],
                "path": "s1/bbaf2n.mpg",
            },
            "grid-s2-srih9p": {"text": "set red in h nine please", "speaker": "grid-s2", "words": []},
        },
        [
            ("bwix4s.mpg", "empty"),
            ("lgwzzs.mpg", "start end word"),
            ("notes.mpg", "its name is not like bbaf2n"),
            ("pwbc1a.mpg", "'pwbc1a.align' cannot be read"),
        ],
    )


def lrw(root: Path) -> Tree:
    folder = "lipread_mp4/ABOUT"
    put(root, f"{folder}/train/ABOUT_00001.mp4", f"{folder}/val/ABOUT_00001.mp4", f"{folder}/test/ABOUT_00001.mp4")
    put(root, f"{folder}/odd/ABOUT_00001.mp4", "lipread_mp4/YEARS/test/YEARS_00002.mp4")
    put(
        root,
        f"{folder}/train/ABOUT_00001.txt",
        text="Disk reference: 1234\nClip start: 12.5 seconds\nDuration: 0.36 seconds\n",
    )
    put(root, "lipread_mp4/YEARS/test/YEARS_00002.txt", text="Channel: 2\n")
    return Tree(
        {
            "lrw-ABOUT-test-ABOUT_00001": {"part": "test", "words": []},
            "lrw-ABOUT-train-ABOUT_00001": {
                "part": "train",
                "text": "about",
                "words": [("about", 0.4, 0.76)],
                "speaker": None,
            },
            "lrw-ABOUT-val-ABOUT_00001": {"part": "validation"},
        },
        [("ABOUT_00001.mp4", "lies in 'odd'"), ("YEARS_00002.mp4", "tells no duration")],
    )


def lrs3(root: Path) -> Tree:
    put(root, "pretrain/0af00UcTOSc/00001.mp4", "trainval/-ab/00002.mp4", "test/zz/00001.mp4", "test/zz/00002.mp4")
    rows = "WORD START END ASDSCORE\nWE 0.11 0.23 5.1\n{NS} 0.23 0.4 1\nGO 0.40 0.66 4.5\n"
    frames = "Ref:  0af00UcTOSc\n\nFRAME X Y W H\n000001 0.1 0.2 0.3 0.3\n\n"
    put(root, "pretrain/0af00UcTOSc/00001.txt", text="Text:  WE {NS} GO\nConf:  4\n" + frames + rows)
    put(root, "trainval/-ab/00002.txt", text="Text:  AND SO\nConf:  4\n" + frames)
    put(root, "test/zz/00002.txt", text="Conf:  4\n")
    return Tree(
        {
            "lrs3-pretrain-0af00UcTOSc-00001": {
                "text": "WE GO",
                "words": [("WE", 0.11, 0.23), ("GO", 0.4, 0.66)],
                "speaker": "lrs3-0af00UcTOSc",
                "part": "pretrain",
            },
            "lrs3-trainval--ab-00002": {"text": "AND SO", "words": [], "part": "train"},
        },
        [("00001.mp4", "'00001.txt' cannot be read"), ("00002.mp4", "no text after")],
    )


def glips(root: Path) -> Tree:
    put(root, "abend/train/abend_0001.mp4", "abend/train/abend_0001.m4a", "straße/val/straße_0007.mp4")
    put(root, "abend/train/abend_0001.txt", text="Word: abend\nStart: 12.5\nEnd: 12.9\nDuration: 0.4\nFile: 0001\n")
    put(root, "abend/test/abend_0002.mp4", text=b"")
    return Tree(
        {
            "glips-abend-train-abend_0001": {
                "path": "abend/train/abend_0001.m4a",
                "face": "abend/train/abend_0001.mp4",
                "words": [("abend", 0.38, 0.78)],
                "language": "de",
                "part": "train",
            },
            "glips-straße-val-straße_0007": {"text": "straße", "face": None, "part": "validation"},
        },
        [("abend_0002.mp4", "empty")],
    )
