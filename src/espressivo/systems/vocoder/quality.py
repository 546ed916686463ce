"""How much of recordings is left after copy synthesis."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soxr
import torch

from espressivo.assets import OutOfReachError
from espressivo.clip import SPEECH_RATE, Clip
from espressivo.corpora.data import Data
from espressivo.corpora.features import FeatureStore, extract
from espressivo.corpora.skips import none_left
from espressivo.errors import InputError
from espressivo.metrics.bootstrap import interval
from espressivo.metrics.quality import DNSMOS, melody_agreement
from espressivo.metrics.report import Evaluation, Interval
from espressivo.signal.harmonic_vocoder import HarmonicVocoder
from espressivo.signal.mel import MelSpectrogram
from espressivo.signal.pitch import PitchTracker
from espressivo.signal.speaker import SpeakerEncoder, speaker_encoder
from espressivo.signal.vocoder import Vocoder
from espressivo.systems.vocoder.copying import copied

JUDGED = ("log_mel_l1", "f0_correlation", "voicing_agreement", "speaker_cosine", "dnsmos", "dnsmos_original")


def judged(checkpoint: Path, data: Data) -> Evaluation:
    """Means over the recordings, with intervals by speaker, and the real-time factor.

    `dnsmos_original` is that of the recordings; where its weights are out of reach, both are missing.

    Raises:
        InputError: no recording can be used.
        AssetError: no model of this room, or the speaker encoder's weights are out of reach.
    """
    feature = Copies(HarmonicVocoder(checkpoint))
    with TemporaryDirectory() as place:  # not kept: how long it takes is measured, too
        report = extract(data, feature, place)
        store = FeatureStore(report.folder)
        items = [item for item in data if item in store]
        found = [store[item] for item in items]
    if not items:
        raise none_left(report.skipped)
    people = [item.speaker for item in items]
    metrics, intervals = _means(np.stack([one["judged"] for one in found]), people)
    seconds = np.sum([one["seconds"] for one in found], axis=0)
    return Evaluation(
        len(items),
        metrics | {"real_time_factor": float(seconds[1] / seconds[0])},
        intervals,
        speakers=len({name for name in people if name is not None}),
        skipped=tuple(report.skipped),
        notes={"seconds_of_sound": round(float(seconds[0]), 2), "torch_threads": torch.get_num_threads()},
    )


@dataclass
class Copies:
    """For `extract`: `judged` (JUDGED,) float64, NaN where unknown; `seconds` (2,), of the sound and of copying it."""

    vocoder: Vocoder
    name: str = "copies-1"
    pitch: PitchTracker = field(default_factory=PitchTracker)
    encoder: SpeakerEncoder = field(default_factory=speaker_encoder)

    def __post_init__(self) -> None:
        self.vocoder(torch.full((1, 50, self.vocoder.mel.n_mels), -5.0))  # the first time takes longer

    @cached_property
    def rating(self) -> DNSMOS | None:
        try:
            return DNSMOS()
        except OutOfReachError:
            return None

    def __call__(self, clip: Clip) -> dict[str, np.ndarray]:
        """Raises InputError where nothing is heard."""
        if clip.sound is None:
            raise InputError(f"{clip.name} has no sound")
        mel, rate, voices = MelSpectrogram(self.vocoder.mel), self.vocoder.rate, Voices(self.encoder)
        melodies, sums, seconds = [], np.zeros(3), np.zeros(2)
        for stretch in copied(clip.sound, self.vocoder):
            waves = stretch.heard, stretch.made
            one, other = (mel(torch.from_numpy(wave)[None]) for wave in waves)
            heard, made = (soxr.resample(wave, rate, SPEECH_RATE) for wave in waves)
            voices.add(heard, made)
            melodies.append([self.pitch(heard).hz, self.pitch(made).hz])
            weight = len(stretch.heard) / rate
            sums += weight * np.array([float((one - other).abs().mean()), self._rated(made), self._rated(heard)])
            seconds += weight, stretch.took
        first, second = (np.concatenate(parts) for parts in zip(*melodies, strict=True))
        distance, *ratings = sums / seconds[0]
        found = (distance, *melody_agreement(first, second), voices.cosine(), *ratings)
        return {"judged": np.array(found), "seconds": seconds}

    def _rated(self, wave: np.ndarray) -> float:
        return np.nan if self.rating is None else self.rating(wave)


class Voices:
    """The mean voices of a recording and of its copy, stretch by stretch."""

    def __init__(self, encoder: SpeakerEncoder) -> None:
        self._encoder = encoder
        self._sums = np.zeros((2, encoder.dim))
        self._why: InputError | None = None
        self._heard = False

    def add(self, heard: np.ndarray, made: np.ndarray) -> None:
        """A stretch, at 16 kHz. One where nothing is heard does not count; where only the copy is silent, it does."""
        try:
            self._sums[0] += len(heard) * self._encoder.embed(heard)
        except InputError as error:
            self._why = error
            return
        self._heard = True
        try:
            self._sums[1] += len(made) * self._encoder.embed(made)
        except InputError:  # nobody is there
            return

    def cosine(self) -> float:
        """Raises InputError where no stretch has a voice, and why."""
        if not self._heard:
            raise self._why or InputError("there is no sound")
        one, other = self._sums
        return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-9))


def _means(values: np.ndarray, people: list[str | None]) -> tuple[dict[str, float], dict[str, Interval]]:
    """Of each measure, (recordings, JUDGED), over the recordings where it is known."""
    metrics, intervals = dict[str, float](), dict[str, Interval]()
    for name, column in zip(JUDGED, values.T, strict=True):
        known = ~np.isnan(column)
        if known.any():
            rows = np.stack([column[known], np.ones(known.sum())], axis=1)
            who = [person for person, sure in zip(people, known, strict=True) if sure]
            metrics[name] = float(column[known].mean())
            intervals[name] = interval(rows, lambda sums: sums[:, 0] / sums[:, 1], who)
    return metrics, intervals
