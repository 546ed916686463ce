"""How somebody feels, by voice, by face and by both: `AvlmReader`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from espressivo.assets.shipped import by_licence
from espressivo.clip import VIDEO_RATE, Clip
from espressivo.emotion import EmotionScores
from espressivo.errors import ConfigError, InputError
from espressivo.media.face import track
from espressivo.media.facetrack import FaceTrack
from espressivo.systems.avlm.asking import senses
from espressivo.systems.avlm.feel import LEAST
from espressivo.systems.avlm.model import Avlm
from espressivo.systems.avlm.seen import Seen, glance, look
from espressivo.systems.avlm.spoken import LONGEST, Ear, Spoken
from espressivo.systems.voice_emotion.inputs import Habit

CHECKPOINTS = {"permissive": "avlm", "any": "avlm-nc"}


def check_length(clip: Clip) -> None:
    """Raises InputError: more than one turn of a conversation."""
    if clip.duration > LONGEST:
        told = f"{clip.name} lasts {clip.duration:.0f} s, one turn at most {LONGEST:.0f} s"
        raise InputError(f"{told}: choose a part with start and end")


@dataclass(frozen=True)
class Felt:
    """What each sense says of a clip, and both together; None where there is no such sense."""

    voice: EmotionScores | None
    face: EmotionScores | None
    both: EmotionScores | None

    @property
    def best(self) -> EmotionScores:
        """By all that there is."""
        found = self.both or self.voice or self.face
        assert found is not None
        return found


class AvlmReader:
    """Reads feelings off clips; the models load on first use.

    Args:
        folder: of a trained model that knows emotions.
        habits: how the one who is seen and heard usually is, by sense, see `adapt`.
    """

    def __init__(self, folder: Path, habits: Mapping[str, Habit] | None = None) -> None:
        self.folder, self.habits = Path(folder), dict(habits or {})

    @classmethod
    def from_pretrained(cls, *, licence: str = "any", folder: Path | None = None) -> AvlmReader:
        """With weights that come with the package, or with those in `folder`, as `train` writes them.

        Args:
            licence: "permissive" for weights that may be used commercially, "any" for those under CC BY-NC-SA 4.0.

        Raises:
            ConfigError: `licence` is neither. AssetError: the weights are missing.
        """
        return cls(by_licence(CHECKPOINTS, licence) if folder is None else folder)

    @cached_property
    def net(self) -> Avlm:
        net = Avlm.load(self.folder)
        if not net.config.emotions:
            raise ConfigError(f"the model in {str(self.folder)!r} was taught no emotions: give one that was")
        return net

    @cached_property
    def _ear(self) -> Ear:
        return Ear(self.net.config.ear)

    def __call__(self, clip: Clip, found: FaceTrack | None = None) -> Felt:
        """The feeling in a clip of one person.

        Args:
            found: the face's track, if it was followed already.

        Raises:
            InputError: neither speech nor a face to go by; or more than a minute of sound.
        """
        spoken, seen = self.perceive(clip, found)
        x = senses(self.net, [(spoken, seen)])
        there = {"voice": spoken is not None, "face": seen is not None, "both": None not in (spoken, seen)}
        return Felt(**{sense: self._scores(sense, x[sense]) if there[sense] else None for sense in there})

    def perceive(self, clip: Clip, found: FaceTrack | None = None) -> tuple[Spoken | None, Seen | None]:
        """Voice and face of a clip. Raises as calling does."""
        spoken, seen = self._found(clip, found)
        if spoken is None and seen is None:
            raise InputError(f"neither speech nor a face was found in {clip.name}: give a clip with one of them")
        return spoken, seen

    def _found(self, clip: Clip, found: FaceTrack | None = None) -> tuple[Spoken | None, Seen | None]:
        check_length(clip)
        spoken = None
        if clip.sound is not None:
            with suppress(InputError):  # silent, or less than half a second
                spoken = self._ear(clip.sound)
        seen = self._look(clip, found) if clip.video is not None and self.net.config.parts else None
        return spoken, seen if seen is None or spoken is None else seen.cut(len(spoken))

    def _look(self, clip: Clip, found: FaceTrack | None) -> Seen | None:
        assert clip.video is not None
        pictures = {"mouth", "face"} & set(self.net.config.parts)
        try:
            if found is not None and not pictures:
                return glance(found)
            video = clip.video.at(VIDEO_RATE)
            return look(video, track(video) if found is None or found.fps != VIDEO_RATE else found)
        except InputError:
            return None

    def adapt(self, clips: Iterable[Clip]) -> AvlmReader:
        """A reader that knows the one in `clips`, and judges how they differ from their usual.

        Args:
            clips: of one person, without labels: in all their moods, or the commonest passes for neutral.

        Raises:
            InputError: fewer than LEAST of them hold all that the model goes by: speech, and a face if it looks.
            ConfigError: a model that learned from nobody of whom it had as many clips.
        """
        if not self.net.head("voice", known=True).learned:
            raise ConfigError(f"the model in {str(self.folder)!r} has learned nobody's habits: it judges strangers")
        both = [pair for pair in map(self._found, clips) if pair[0] is not None and (pair[1] or not self.net.looks)]
        if len(both) < LEAST:
            what = "speech and a face" if self.net.looks else "speech"
            raise InputError(f"got {len(both)} clips with {what}: give at least {LEAST} to know somebody by")
        x = senses(self.net, both)
        habits = {sense: Habit.of(x[sense].numpy(), self.net.head(sense, True).usual.numpy()) for sense in x}
        known = AvlmReader(self.folder, habits)
        known.net, known._ear = self.net, self._ear  # loaded once
        return known

    @torch.inference_mode()
    def _scores(self, sense: str, x: torch.Tensor) -> EmotionScores:
        habit = self.habits.get(sense)
        if habit is not None:
            x = torch.from_numpy(habit.relative(x.numpy()))
        p: np.ndarray = self.net.head(sense, habit is not None)(x).softmax(dim=1)[0].numpy()
        return EmotionScores(dict(zip(self.net.config.emotions, p.tolist(), strict=True)))
