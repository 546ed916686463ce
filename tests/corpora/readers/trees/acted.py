"""Corpora in which actors speak with a feeling."""

from __future__ import annotations

from pathlib import Path

from tests.corpora.readers.trees.making import Tree, put


def ravdess(root: Path) -> Tree:
    put(root, "Actor_01/03-01-06-01-02-01-01.wav", "Actor_24/03-01-08-02-01-02-24.wav", "Actor_24/readme.wav")
    put(root, "Video_Song_Actor_02/Actor_02/01-02-02-01-01-01-02.mp4", "Actor_24/03-01-09-02-01-02-24.wav")
    return Tree(
        {
            "ravdess-01-02-02-01-01-01-02": {
                "emotion": "calm",
                "notes": {"channel": "song", "modality": "sound and video"},
            },
            "ravdess-03-01-06-01-02-01-01": {
                "speaker": "ravdess-01",
                "emotion": "fearful",
                "text": "Dogs are sitting by the door.",
                "notes": {"intensity": "normal", "channel": "speech", "modality": "sound", "take": "01"},
            },
            "ravdess-03-01-08-02-01-02-24": {"emotion": "surprised", "notes": {"intensity": "strong", "take": "02"}},
        },
        [("readme.wav", "its name is not like"), ("03-01-09-02-01-02-24.wav", "unknown emotion '09'")],
    )


def emodb(root: Path) -> Tree:
    put(root, "wav/03a01Fa.wav", "wav/16b10Tb.wav", "wav/03a01Xa.wav", "wav/03c01Fa.wav", "wav/08a02Wc.wav")
    said = ["der", "la", "pen", "liegt", "auf", "dem", "(", "eis", "schrank", "."]
    put(root, "silb/03a01Fa.silb", text="".join(f"{n / 10 + 0.1:.6f}\t{label}\n" for n, label in enumerate(said)))
    put(root, "silb/16b10Tb.silb", text="0.1\tdie\n0.2\twird\n0.3\t.\n")
    put(root, "silb/08a02Wc.silb", text="")
    put(root, "lablaut/03a01Faxx.lablaut", text=LABLAUT.encode("latin-1"))
    return Tree(
        {
            "emodb-03a01Fa": {
                "speaker": "emodb-03",
                "emotion": "happy",
                "text": "Der Lappen liegt auf dem Eisschrank.",
                "words": [
                    ("Der", 0.1, 0.2),
                    ("Lappen", 0.2, 0.4),
                    ("liegt", 0.4, 0.5),
                    ("auf", 0.5, 0.6),
                    ("dem", 0.6, 0.7),
                    ("Eisschrank", 0.8, 1.0),
                ],
                "notes": {"sentence": "a01", "phones": str(root / "lablaut" / "03a01Faxx.lablaut")},
            },
            "emodb-08a02Wc": {"emotion": "angry", "words": []},
            "emodb-16b10Tb": {"speaker": "emodb-16", "emotion": "sad", "words": []},  # syllables are missing
        },
        [
            ("03a01Xa.wav", "unknown emotion 'X'"),
            ("03c01Fa.wav", "not like 03a01Fa"),
            ("08a02Wc.silb", "taken without words"),
        ],
    )


LABLAUT = """signal wochenAO
type 0
comment gef\xfcllt
separator ;
nfields 1
#
    0.100000   -1 _t
    0.150000   -1 !t\t+asp
    0.200000   -1 E6
    0.300000   -1 l   +lar  2
    0.350000   -1 \t-lar
    0.400000   -1 (
    0.600000   -1 k\t+nas
    0.650000   -1 !k
    0.670000   -1 kasp
    0.700000   -1 I+nas
    0.800000   -1 AO
    0.900000   -1 d\t-sth
    0.950000   -1 t
    1.000000   -1 .
"""


def nemo(root: Path) -> Tree:
    table = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n"
    table += 'SK1_happiness_2.wav\thappiness\t"Dobrze", mówi.\tdobrze mówi\tSK1\tfemale\t25\n'
    table += "AB0_surprised_9.wav\tsurprised\tTak.\ttak\tAB0\tmale\t31\n"
    table += "AB0_glee_9.wav\tglee\tTak.\ttak\tAB0\tmale\t31\n"
    table += "ZZ9_anger_1.wav\tanger\tNie.\tnie\tZZ9\tmale\t40\n"
    put(root, "data.tsv", text=table)
    put(root, "samples/SK1_happiness_2.wav", "samples/AB0_surprised_9.opus", "samples/AB0_glee_9.wav")
    return Tree(
        {
            "nemo-AB0_surprised_9": {
                "speaker": "nemo-AB0",
                "emotion": "surprised",
                "path": "samples/AB0_surprised_9.opus",
            },
            "nemo-SK1_happiness_2": {
                "text": '"Dobrze", mówi.',
                "emotion": "happy",
                "notes": {"gender": "female", "age": "25"},
            },
        },
        [("data.tsv", "unknown emotion 'glee'"), ("data.tsv", "no recording 'ZZ9_anger_1'")],
    )


def crema_d(root: Path) -> Tree:
    put(root, "AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1002_IEO_HAP_HI.wav", "AudioWAV/1040_ITH_SAD_X.wav")
    put(root, "VideoFlash/1001_DFA_ANG_XX.flv", "AudioWAV/1001_DFA_JOY_XX.wav", "AudioWAV/intro.wav")
    return Tree(
        {
            "crema-d-1001_DFA_ANG_XX": {
                "speaker": "crema-d-1001",
                "emotion": "angry",
                "text": "Don't forget a jacket.",
                "face": "VideoFlash/1001_DFA_ANG_XX.flv",
                "notes": {"intensity": "unspecified"},
            },
            "crema-d-1002_IEO_HAP_HI": {"emotion": "happy", "face": None, "notes": {"intensity": "high"}},
            "crema-d-1040_ITH_SAD_X": {"emotion": "sad"},
        },
        [("1001_DFA_JOY_XX.wav", "unknown emotion 'JOY'"), ("intro.wav", "its name is not like")],
    )


def esd(root: Path) -> Tree:
    put(root, "0011/Angry/0011_000351.wav", "0011/Angry/test/0011_000371.wav", "0011/Happy/train/0011_000751.wav")
    put(root, "0011/Sad/0011_001051.wav", "0011/Glum/0011_001100.wav", "0001/Surprise/0001_001750.wav")
    put(
        root,
        "0011/0011.txt",
        text="0011_000351\tThe nine.\tAngry\n0011_000371\tTen.\tAngry\n0011_000751\tSix.\tHappy\n",
    )
    put(root, "0001/0001.txt", text="0001_001750\t打远一看\t惊喜\n".encode("gbk"))
    put(root, "0002/Neutral/0002_000001.wav")
    return Tree(
        {
            "esd-0001_001750": {"language": "zh", "text": "打远一看", "emotion": "surprised", "part": "train"},
            "esd-0002_000001": {"text": None, "emotion": "neutral", "part": "validation"},
            "esd-0011_000351": {"language": "en", "text": "The nine.", "part": "validation", "speaker": "esd-0011"},
            "esd-0011_000371": {"emotion": "angry", "part": "test"},
            "esd-0011_000751": {"emotion": "happy", "part": "train"},
        },
        [
            ("0002.txt", "taken without text"),
            ("0011_001051.wav", "no transcript of it"),
            ("0011_001100.wav", "no transcript of it"),
        ],
    )


def mead(root: Path) -> Tree:
    put(root, "M003/audio/contempt/level_3/012.m4a", "M003/video/front/contempt/level_3/012.mp4")
    put(root, "M003/video/left_30/contempt/level_3/012.mp4", "M003/audio/jolly/level_1/001.m4a", "M003/audio/001.m4a")
    put(root, "W009/video/front/neutral/level_1/002.mp4")
    return Tree(
        {
            "mead-M003-contempt-level_3-012": {
                "speaker": "mead-M003",
                "emotion": "contemptuous",
                "face": "M003/video/front/contempt/level_3/012.mp4",
                "notes": {"intensity": "3", "take": "012"},
            },
            "mead-W009-neutral-level_1-002": {"path": "W009/video/front/neutral/level_1/002.mp4", "face": None},
        },
        [("001.m4a", "unknown emotion 'jolly'"), ("001.m4a", "does not lie in")],
    )


def javanese(root: Path) -> Tree:
    rows = "01-02-06_01.mp4,javanese-01,angry\n01-02-05_01.mp4,javanese-01,fear\nodd.mp4,javanese-01,sad\n"
    put(root, "clips.csv", text="path,speaker,emotion\n" + rows + "02-01-01_01.mp4,javanese-02,glad\n")
    put(root, "01-02-06_01.mp4", "odd.mp4", "02-01-01_01.mp4")
    return Tree(
        {"javanese-01-02-06_01": {"speaker": "javanese-01", "emotion": "angry", "notes": {"sentence": "02"}}},
        [
            ("clips.csv", "no recording '01-02-05_01'"),
            ("clips.csv", "not like 01-01-01_01"),
            ("clips.csv", "emotion 'glad'"),
        ],
    )
