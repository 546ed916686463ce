"""Corpora of feelings in conversations and in the wild: dialogues, films, pictures."""

from __future__ import annotations

from pathlib import Path

from tests.corpora.readers.trees.making import Tree, put


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
