"""Every corpus' official layout in small, made on the spot: nothing of a real recording, and always something broken.

The recordings hold one byte: a reader that opened one would fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Tree:
    """What a reader must give for a tree: items by id with some of their values, and (file's name, words of reason)."""

    items: Mapping[str, Mapping[str, Any]]
    skipped: list[tuple[str, str]] = field(default_factory=list)


def put(root: Path, *names: str, text: str | bytes = b"x") -> None:
    """Files of that content, with the folders they lie in."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)


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


def iemocap(root: Path) -> Tree:
    turns = [
        ("F000", "neu", 6.29, 8.23),
        ("M001", "exc", 9.0, 10.0),
        ("M002", "xxx", 10.0, 11.0),
        ("F003", "fru", 11.0, 12.0),
    ]
    turns += [("F004", "odd", 12.0, 13.0), ("F005", "sad", 13.0, 14.0), ("F006", "sad", 14.0, 15.0)]
    labels = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    for turn, label, start, end in turns:
        labels += f"[{start:.4f} - {end:.4f}]\tSes02F_impro01_{turn}\t{label}\t[2.5000, 3.0000, 1.5000]\n"
        labels += "C-E2:\tNeutral;\t()\nA-E3:\tval 3; act 2; dom  3;\t()\n\n"
    labels += "[torn line Ses02F_impro01_F009\n"
    said = "".join(f"Ses02F_impro01_{turn} [006.2901-008.2357]: Line {turn}.\n" for turn, *_ in turns[:-1])
    put(root, "Session2/dialog/EmoEvaluation/Ses02F_impro01.txt", text=labels)
    put(root, "Session2/dialog/transcriptions/Ses02F_impro01.txt", text=said)
    wavs = [
        f"Session2/sentences/wav/Ses02F_impro01/Ses02F_impro01_{turn}.wav"
        for turn in ("F000", "M001", "M002", "F003", "F006")
    ]
    put(root, "Session3/dialog/EmoEvaluation/Ses03M_script01_1b.txt", *wavs)
    name, table = "iemocap-Ses02F_impro01", "Ses02F_impro01.txt"
    return Tree(
        {
            f"{name}_F000": {
                "speaker": "iemocap-Ses02F",
                "emotion": "neutral",
                "part": "session-2",
                "text": "Line F000.",
                "notes": {"label": "neu", "valence": "2.5000", "activation": "3.0000", "dominance": "1.5000"},
            },
            f"{name}_F003": {"emotion": None, "notes": {"label": "fru"}},
            f"{name}_M001": {"speaker": "iemocap-Ses02M", "emotion": "happy"},
            f"{name}_M002": {"emotion": None, "notes": {"label": "xxx"}},
        },
        [
            ("Ses03M_script01_1b.txt", "its dialogue is left out"),
            (table, "unknown emotion 'odd'"),
            (table, "no recording 'Ses02F_impro01_F005'"),
            (table, "no transcript of Ses02F_impro01_F006"),
            (table, "torn line"),
        ],
    )


def meld(root: Path) -> Tree:
    head = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    rows = '1,"Oh, no\x92s,\nwhy?",Chandler,sadness,negative,0,0,8,21,"00:16:16,059","00:16:21,731"\n'
    rows += '2,Gone.,Ross,joy,positive,0,1,8,21,"0","1"\n3,Odd.,Ross,glee,positive,0,2,8,21,"0","1"\n'
    put(root, "train_sent_emo.csv", text=head + rows)
    put(root, "dev_sent_emo.csv", text="Sr No.,Utterance\n1,Hello\n")
    put(root, "test_sent_emo.csv", text=head + '1,Why?,Mr. X,anger,negative,0,0,3,19,"0","1"\n')
    put(root, "train_splits/dia0_utt0.mp4", "train_splits/dia0_utt2.mp4", "output_repeated_splits_test/dia0_utt0.mp4")
    return Tree(
        {
            "meld-test-dia0_utt0": {"part": "test", "emotion": "angry", "speaker": "meld-Mr. X"},
            "meld-train-dia0_utt0": {
                "part": "train",
                "emotion": "sad",
                "text": "Oh, no’s,\nwhy?",
                "speaker": "meld-Chandler",
                "notes": {"dialogue": "0", "turn": "0"},
            },
        },
        [
            ("dev_sent_emo.csv", "has no column Speaker"),
            ("train_sent_emo.csv", "no recording 'dia0_utt1'"),
            ("train_sent_emo.csv", "unknown emotion 'glee'"),
        ],
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


def dfew(root: Path) -> Tree:
    lists = "EmoLabel_DataSplit/test(single-labeled)"
    put(root, f"{lists}/set_1.csv", text="video_name,label\n1,1\n14,6\n15,9\n404,2\n")
    put(root, f"{lists}/set_2.csv", text="video_name,label\n00002,7\n")
    put(root, f"{lists}/set_3.csv", text="clip,emotion\n3,1\n")
    put(root, "EmoLabel_DataSplit/train(single-labeled)/set_1.csv", text="video_name,label\n2,7\n")
    put(
        root,
        "Clip/original/1.mp4",
        "Clip/clip_224x224_16f/00014/1.jpg",
        "Clip/original/part_2/2.mp4",
        "Clip/original/15.mp4",
    )
    return Tree(
        {
            "dfew-00001": {"emotion": "happy", "part": "fold-1", "path": "Clip/original/1.mp4", "speaker": None},
            "dfew-00002": {"emotion": "fearful", "part": "fold-2"},
            "dfew-00014": {"emotion": "disgusted", "part": "fold-1", "path": "Clip/clip_224x224_16f/00014"},
        },
        [
            ("set_1.csv", "unknown emotion '9'"),
            ("set_1.csv", "no clip '404'"),
            ("set_3.csv", "no column video_name, label"),
        ],
    )


def ferv39k(root: Path) -> Tree:
    put(
        root, "4_setups/All_scenes/train_All.csv", text="Action/Happy/0267 Happy\nWar/Sad/0001 Sad\nWar/Sad/0002 Glum\n"
    )
    put(root, "4_setups/All_scenes/test_All.csv", text="Crime/Fear/0003 Fear\nnonsense\n")
    put(root, "2_ClipsforFaceCrop/Action/Happy/0267/0.jpg", "2_ClipsforFaceCrop/Crime/Fear/0003.mp4")
    return Tree(
        {
            "ferv39k-Action-Happy-0267": {
                "emotion": "happy",
                "part": "train",
                "path": "2_ClipsforFaceCrop/Action/Happy/0267",
                "notes": {"scene": "Action"},
            },
            "ferv39k-Crime-Fear-0003": {"emotion": "fearful", "part": "test"},
        },
        [("test_All.csv", "'nonsense'"), ("train_All.csv", "no recording '0001'"), ("train_All.csv", "emotion 'Glum'")],
    )


def mafw(root: Path) -> Tree:
    lists = "Train & Test Set/single/no_caption"
    put(root, f"{lists}/set_1/test.txt", text="00001.mp4 anger\n00002.mp4 helplessness\n00009.mp4 fear\n")
    put(root, f"{lists}/set_5/test.txt", text="00003.mp4 contempt\n00001.mp4 hunger\n")
    put(root, f"{lists}/set_1/train.txt", text="00003.mp4 contempt\n")
    put(root, "data/clips/00001.mp4", "data/clips/00002.mp4", "data/clips/00003.mp4")
    return Tree(
        {
            "mafw-00001": {"emotion": "angry", "part": "fold-1"},
            "mafw-00002": {"emotion": "sad", "notes": {"label": "helplessness"}},
            "mafw-00003": {"emotion": "contemptuous", "part": "fold-5"},
        },
        [("test.txt", "no recording '00009'"), ("test.txt", "unknown emotion 'hunger'")],
    )


def fer2013(root: Path) -> Tree:
    put(root, "train/angry/Training_3.png", "validation/disgust/PublicTest_1.webp", "test/happy/PrivateTest_2.jpg")
    put(root, "test/odd/PrivateTest_3.jpg")
    put(root, "train/angry/Training_4.png", text=b"")
    return Tree(
        {
            "fer2013-test-happy-PrivateTest_2": {"emotion": "happy", "part": "test"},
            "fer2013-train-angry-Training_3": {
                "emotion": "angry",
                "part": "train",
                "path": "train/angry/Training_3.png",
            },
            "fer2013-validation-disgust-PublicTest_1": {"emotion": "disgusted", "part": "validation"},
        },
        [("PrivateTest_3.jpg", "unknown emotion 'odd'"), ("Training_4.png", "empty")],
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


TREES: dict[str, Callable[[Path], Tree]] = {
    make.__name__.replace("_", "-"): make
    for make in (
        *(crema_d, dfew, emodb, esc, esd, fer2013, ferv39k, glips, grid, iemocap, javanese, kathleen, librispeech),
        *(ljspeech, lrs3, lrw, mafw, mead, meld, nemo, ravdess, vasp, voxceleb2),
    )
}
