"""Perceiving one turn: who is seen, where speech is, what is said, and how it feels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from espressivo.clip import SPEECH_RATE, Clip, Transcript, Video
from espressivo.engines.recognizer import Recognizer
from espressivo.engines.stretches import stretches
from espressivo.errors import ConfigError, InputError
from espressivo.media.face import track
from espressivo.media.facetrack import FaceTrack
from espressivo.signal.vad import Segment, SpeechDetector
from espressivo.systems.cascade.face_scores import FaceReader, MovementReader
from espressivo.systems.feeling import Feeling, combine, sureness
from espressivo.systems.reply import Perception
from espressivo.systems.voice_emotion.pipeline import VoiceEmotion

LONGEST_TURN = 60.0
LEAST_PRESENCE = 0.2
SENSES = {"face": ("face",), "voice": ("voice",), "both": ("face", "voice")}
UNDERSTOOD = 0.45
"""Least geometric mean probability of a token with which English words count as understood; see README.md."""

FREE_FACE = "the face was judged by weights that learned from made-up people only: they are often wrong about strangers"
NOT_FREE = "judged with weights not cleared for commercial use; --licence permissive leaves them out"

Progress = Callable[[str], None]
Faces = Callable[[Video, FaceTrack], Feeling | None]


@dataclass
class Turn:
    """What is known of one clip while it is being perceived.

    Attributes:
        samples: (samples,) float32 at 16 kHz; empty without sound.
        speech: the stretches in which someone speaks, in seconds.
    """

    clip: Clip
    tell: Progress
    samples: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    speech: list[Segment] = field(default_factory=list)
    track: FaceTrack | None = None
    heard: Transcript | None = None
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Tells that a stage begins, and adds up how long it takes."""
        self.tell(name)
        begun = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

    @property
    def understood(self) -> bool:
        """Whether the words can be relied on: English, and the recogniser is sure enough of them."""
        heard = self.heard
        return heard is not None and bool(heard.text) and heard.language == "en" and heard.confidence >= UNDERSTOOD


@dataclass
class Senses:
    """Everything that listens and looks; each part loads its weights when first needed."""

    recognizer: Recognizer = field(default_factory=Recognizer)
    detector: SpeechDetector = field(default_factory=SpeechDetector)
    faces: Faces = field(default_factory=FaceReader)
    voices: VoiceEmotion = field(default_factory=VoiceEmotion.from_pretrained)
    permissive: bool = False

    @classmethod
    def from_pretrained(cls, *, licence: str = "any") -> Senses:
        """All senses with their pinned weights; "permissive" keeps to those that allow commercial use.

        Raises:
            ConfigError: `licence` is neither "any" nor "permissive".
        """
        voices = VoiceEmotion.from_pretrained(licence=licence)
        if licence == "any":
            return cls(voices=voices)
        # The better one learned from pictures that were collected for research.
        return cls(faces=MovementReader(), voices=voices, permissive=True)

    def understand(
        self, clip: Clip, progress: Progress | None = None, on_speech: Callable[[], object] | None = None
    ) -> Perception:
        """The words and the feeling of one turn.

        Args:
            on_speech: called once it is known that there is speech, before the long work begins.

        Raises:
            InputError: no speech in the clip, or longer than 60 s.
        """
        turn = _turn(clip, progress)
        if clip.sound is None:
            raise InputError(f"{clip.name} has no sound: converse needs to hear what is said")
        self._listen(turn)
        if not turn.speech:
            raise InputError(f"no speech was heard in {clip.name}: is the microphone on, and does someone speak?")
        if on_speech is not None:
            on_speech()
        self._look(turn)
        self._hear(turn)
        return self._feel(turn, ("face", "voice"))

    def feel(self, clip: Clip, by: str = "both", progress: Progress | None = None) -> Perception:
        """The feeling alone, by "face", "voice" or "both".

        Raises:
            InputError: neither a face nor speech to go by, or longer than 60 s.
            ConfigError: `by` is not one of SENSES.
        """
        if by not in SENSES:
            raise ConfigError(f"unknown sense {by!r}: choose one of {', '.join(SENSES)}")
        turn = _turn(clip, progress)
        if "voice" in SENSES[by] and clip.sound is not None:
            self._listen(turn)
        if "face" in SENSES[by]:
            self._look(turn)
        return self._feel(turn, SENSES[by])

    def _listen(self, turn: Turn) -> None:
        assert turn.clip.sound is not None
        with turn.stage("listening"):
            turn.samples = turn.clip.sound.at(SPEECH_RATE).samples
            turn.speech = self.detector.speech_segments(turn.samples) if len(turn.samples) else []

    def _look(self, turn: Turn) -> None:
        clip = turn.clip
        if clip.video is None:
            return
        with turn.stage("looking"):
            found = track(clip.video, which="speaking" if turn.speech else "largest", sound=clip.sound)
        if found.presence < LEAST_PRESENCE:
            seen = (
                "no face was seen" if not found.present.any() else f"a face was seen in {found.presence:.0%} of it only"
            )
            turn.notes.append(f"{seen}: judged by the voice alone")
            return
        turn.track = found
        if (found.faces > 1).mean() > 0.2:
            followed = "the one that speaks" if turn.speech else "the largest"
            turn.notes.append(f"{found.faces.max()} faces were seen: {followed} was followed")

    def _hear(self, turn: Turn) -> None:
        with turn.stage("understanding"):
            parts = (
                (start, turn.samples[round(start * SPEECH_RATE) : round(end * SPEECH_RATE)])
                for start, end in stretches(turn.speech)
            )
            turn.heard = self.recognizer.pieces(parts)
        if not turn.understood:
            turn.notes.append("the words were not understood")

    def _feel(self, turn: Turn, senses: tuple[str, ...]) -> Perception:
        found: dict[str, Feeling | None] = {}
        with turn.stage("feeling"):
            if "face" in senses and turn.track is not None and turn.clip.video is not None:
                found["face"] = self.faces(turn.clip.video, turn.track)
            if "voice" in senses and turn.speech:
                found["voice"] = self.voices(turn.samples)
        read = {sense: feeling for sense, feeling in found.items() if feeling is not None}
        if not read:
            wanted = " or ".join({"face": "face", "voice": "speech"}[sense] for sense in senses)
            raise InputError(f"no {wanted} was found in {turn.clip.name}: there is nothing to judge a feeling by")
        if not self.permissive:
            turn.notes.append(NOT_FREE)
        elif "face" in read:
            turn.notes.append(FREE_FACE)
        emotion = combine(read.get("face"), read.get("voice"))
        return Perception(
            turn.clip,
            emotion,
            sureness(emotion),
            read,
            turn.heard,
            turn.understood,
            turn.track,
            tuple(turn.notes),
            turn.seconds,
        )


def _turn(clip: Clip, progress: Progress | None) -> Turn:
    if clip.duration > LONGEST_TURN:
        long = f"{clip.duration / 60:.0f} minutes" if clip.duration >= 120 else f"{clip.duration:.0f} s"
        raise InputError(
            f"{clip.name} lasts {long}, one turn at most {LONGEST_TURN:.0f} s: choose a part with --start and --end"
        )
    return Turn(clip, progress or (lambda stage: None))
