"""What is known of emotions on faces: which muscles move, and what a tracker sees of each.

Muscles are named as in the Facial Action Coding System: action units (AU) by number. Sources of the tables:

- Du, Tao, Martinez: Compound facial expressions of emotion. PNAS 111 (2014), table 1: how many of 230 people use which
  AU when they pose an emotion.
- Ekman, Friesen, Hager: Facial Action Coding System, Investigator's Guide (2002), table 10-2: the combinations that
  were read as an emotion; first in Ekman, Friesen (1978), table 11-1.
- Wallbott: Bodily expression of emotion. European Journal of Social Psychology 28 (1998): who is sad moves little, who
  is joyful or angry moves much.

Facts only; nothing here was measured on a corpus of faces.
"""

from __future__ import annotations

OBSERVED: dict[str, dict[str, float]] = {
    "happy": {"12": 0.95, "25": 0.9, "6": 0.51},
    "sad": {"4": 0.85, "15": 0.85, "17": 0.67, "1": 0.6, "6": 0.5, "11": 0.26},
    "angry": {"4": 0.85, "7": 0.85, "24": 0.85, "17": 0.52, "23": 0.29, "10": 0.26},
    "fearful": {"1": 0.85, "4": 0.85, "20": 0.85, "25": 0.85, "5": 0.63, "2": 0.57, "26": 0.33},
    "disgusted": {"9": 0.85, "10": 0.85, "17": 0.85, "4": 0.31, "24": 0.26},
    "surprised": {"1": 0.85, "2": 0.85, "25": 0.85, "26": 0.85, "5": 0.66},
}
"""How often an AU is seen in a posed emotion. Those in "more than 70 %" stand here as .85, happy's two a bit higher."""

READ: dict[str, tuple[str, ...]] = {
    "happy": ("6+12", "12"),
    "sad": ("1+4+11+15", "1+4+15", "6+15", "1+4+11", "1+4+15+17", "11+17", "1+4+15+64", "6+15+64"),
    "angry": ("4+5+7+10+22+23+25", "4+5+7+10+23+25", "4+5+7+23+26", "4+5+7+17+23", "4+5+7+17+24", "4+7+23"),
    "fearful": ("1+2+4+5+20+25", "1+2+4+5+20+26", "1+2+4+5+25", "1+2+4+5", "5+20+25", "1+2+4+5+20+27"),
    "disgusted": ("9", "9+16+25", "9+17", "10", "10+16+25", "10+17"),
    "surprised": ("1+2+5+26", "1+2+5+27", "1+2+5", "1+2+26", "5+26", "1+2+27"),
}
"""Combinations that are read as an emotion. 64: eyes down."""

EMOTIONS = ("neutral", *OBSERVED)

LIVELINESS: dict[str, tuple[float, float]] = {
    "sad": (0.5, 0.9),
    "neutral": (0.7, 1.2),
    "disgusted": (0.7, 1.2),
    "fearful": (0.7, 1.3),
    "surprised": (0.8, 1.4),
    "happy": (0.9, 1.5),
    "angry": (0.9, 1.5),
}
"""How much somebody moves while talking, against their habit: the range."""

EFFECTS: dict[str, dict[str, float]] = {
    "1": {"browInnerUp": 1.0, "browDown": -0.2},
    "2": {"browOuterUp": 1.0, "browInnerUp": 0.4, "browDown": -0.4, "eyeWide": 0.2},
    "4": {"browDown": 1.0, "browOuterUp": -0.3, "eyeSquint": 0.2, "eyeBlink": 0.1},
    "5": {"eyeWide": 1.0, "eyeBlink": -0.4, "eyeSquint": -0.3, "eyeLookDown": -0.2, "eyeLookUp": 0.1},
    "6": {"cheekSquint": 1.0, "eyeSquint": 0.5, "eyeBlink": 0.1},
    "7": {"eyeSquint": 0.9, "eyeBlink": 0.2, "eyeWide": -0.3},
    "9": {"noseSneer": 1.0, "browDown": 0.5, "mouthUpperUp": 0.5, "eyeSquint": 0.3},
    "10": {"mouthUpperUp": 1.0, "noseSneer": 0.3},
    "11": {"mouthUpperUp": 0.4, "noseSneer": 0.2},
    "12": {"mouthSmile": 1.0, "mouthDimple": 0.3, "mouthUpperUp": 0.3, "mouthStretch": 0.2, "mouthPucker": -0.4},
    "15": {"mouthFrown": 1.0, "mouthSmile": -0.3, "mouthShrugLower": 0.2},
    "16": {"mouthLowerDown": 1.0},
    "17": {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.6, "mouthFrown": 0.2, "mouthClose": 0.2},
    "20": {"mouthStretch": 1.0, "mouthLowerDown": 0.3, "mouthPucker": -0.3},
    "22": {"mouthFunnel": 1.0},
    "23": {"mouthRollLower": 0.4, "mouthRollUpper": 0.4, "mouthPress": 0.4, "mouthPucker": 0.3},
    "24": {"mouthPress": 1.0, "mouthRollLower": 0.4, "mouthRollUpper": 0.4, "jawOpen": -0.3},
    "25": {"mouthLowerDown": 0.5, "mouthUpperUp": 0.3, "jawOpen": 0.3, "mouthPress": -0.4, "mouthRollUpper": -0.2},
    "26": {"jawOpen": 0.8, "mouthLowerDown": 0.3, "mouthPress": -0.5, "mouthRollLower": -0.2},
    "27": {"jawOpen": 1.2, "mouthStretch": 0.2, "mouthLowerDown": 0.4, "mouthPress": -0.5},
    "64": {"eyeLookDown": 0.7, "eyeBlink": 0.4, "eyeLookUp": -0.4},
}
"""What full contraction of an AU does to ARKit's blendshapes, left and right alike, of the most it can: by their
definitions (Apple's ARFaceAnchor.BlendShapeLocation), and where one movement drags another along, by anatomy."""

TOPS: dict[str, float] = {
    **dict.fromkeys(("browInnerUp", "browOuterUp", "browDown", "eyeSquint", "mouthSmile", "jawOpen"), 0.9),
    **dict.fromkeys(("eyeBlink", "eyeLookDown", "eyeLookUp", "mouthPress", "mouthPucker"), 0.9),
    **dict.fromkeys(("mouthUpperUp", "mouthLowerDown", "mouthRollLower", "mouthRollUpper", "mouthShrugLower"), 0.6),
    **dict.fromkeys(("mouthStretch", "mouthShrugUpper", "mouthFunnel", "mouthClose"), 0.4),
    **dict.fromkeys(("mouthFrown", "mouthDimple", "eyeWide"), 0.25),
    **dict.fromkeys(("noseSneer", "cheekSquint"), 0.002),
}
"""The most that MediaPipe reports of a blendshape, about, by hand. It hardly sees cheeks, nose and widened eyes (issues
4436 and 4450 of google-ai-edge/mediapipe), and corners of the mouth drawn down only a little."""

HABITS: dict[str, float] = {
    "1+2": 0.12,
    "4": 0.08,
    "7": 0.06,
    "12": 0.06,
    "24": 0.06,
    "17": 0.04,
    "25": 0.06,
    "64": 0.08,
}
"""What faces also do while talking, whatever the feeling: how often, as a part of the clips. By hand."""
