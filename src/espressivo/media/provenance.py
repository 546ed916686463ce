"""Everything synthetic we write says so, twice: in the file's metadata, and inaudibly in the sound itself.

Metadata tells everything but is lost when a platform re-encodes a file; the mark in the sound tells little but stays.
`detect` asks both. Pictures will get a mark of their own beside `mark_samples`; until then a video carries its
metadata and the mark in its sound.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from espressivo import __version__
from espressivo.clip import Clip
from espressivo.media.watermark import RATE, Finding, embed, search

if TYPE_CHECKING:
    from espressivo.media.source import Origin

GENERATOR = "espressivo"
# The term of the IPTC's vocabulary for media wholly made by a trained model.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
SHORTEST = 1.5  # seconds of sound that is not silence, below which not finding a mark means nothing
_LONGEST_TAG = 100_000
_STILLS = {"image2", "gif", "apng", "webp"}  # as FFmpeg names them; out of memory they are pipes
_PICTURES = ("JPEG", "PNG", "WEBP", "GIF")


@dataclass(frozen=True)
class Mark:
    """What `detect` found.

    `synthetic` is True where a mark was found, False where none was (which does not prove that it is real), None
    where there was too little to tell. `score` is the sound mark's, to be held against `threshold`; `false_alarm` is
    at most how likely an unmarked sound scores as high; `seconds` is how much sound that is not silence was heard.
    `metadata` is what the file says about its making, None if it says nothing.
    """

    synthetic: bool | None
    reason: str
    metadata: dict[str, Any] | None
    score: float
    threshold: float
    false_alarm: float
    seconds: float

    @property
    def watermark(self) -> bool:
        """Whether the mark in the sound was found."""
        return self.score >= self.threshold

    def __str__(self) -> str:
        return self.reason


def mark_samples(samples: np.ndarray, rate: int) -> np.ndarray:
    """The same sound with the inaudible mark: float32, shape (samples,).

    Raises:
        InputError: the rate is below 8 kHz, or the samples are not finite numbers of shape (samples,).
    """
    return embed(samples, rate)


def metadata(kind: str = "synthetic speech", *, created: datetime | None = None) -> dict[str, str]:
    """The tags for a file of `kind` ("synthetic speech", "synthetic video"), for `write_sound` and `write_video`.

    One tag, "comment", which WAV, FLAC, MP3, MP4, Ogg and Matroska all keep; in it a small JSON object.
    """
    when = (created or datetime.now(UTC)).astimezone(UTC)
    facts = {
        "generator": GENERATOR,
        "version": __version__,
        "kind": kind,
        "digitalSourceType": SOURCE_TYPE,
        "created": when.isoformat(timespec="seconds"),
    }
    return {"comment": json.dumps(facts, ensure_ascii=True)}


def detect(source: Any) -> Mark:
    """Whether `source` is marked as synthetic: anything `espressivo.read` takes, sound or video, or a Clip.

    Raises:
        InputError: it cannot be read as sound or video.
    """
    from espressivo.media.read import read

    clip = read(source)
    said = _said(_tags(clip))
    finding = Finding(0.0, 0, 0.0) if clip.sound is None else search(clip.sound.at(RATE).blocks())
    synthetic, reason = _verdict(said, finding, clip.sound is not None)
    return Mark(synthetic, reason, said, finding.score, finding.threshold, finding.false_alarm, finding.heard)


def _verdict(said: Mapping[str, Any] | None, finding: Finding, has_sound: bool) -> tuple[bool | None, str]:
    ours = said is not None and said.get("generator") == GENERATOR
    if finding.found:
        if ours:
            return True, "marked as synthetic by espressivo (metadata and watermark)"
        return True, "watermark found, metadata gone: made with espressivo"
    if ours:
        return True, "marked as synthetic by espressivo (metadata; no watermark found)"
    if said is not None:
        return True, "marked as synthetic by another tool (metadata)"
    if not has_sound:
        return None, "no metadata, and no sound that could carry a watermark: cannot tell"
    if finding.heard < SHORTEST:
        return None, f"too short to tell: {finding.heard:.1f} s of sound, {SHORTEST:g} s are needed"
    return False, "no mark found (this does not prove that it is real)"


def _said(tags: Iterator[str]) -> dict[str, Any] | None:
    """What the tags say about a synthetic origin: our own JSON if there is one, else another tool's."""
    other = None
    for text in tags:
        facts = _json(text)
        if facts.get("generator") == GENERATOR:
            return facts
        # Also holds compositeWithTrainedAlgorithmicMedia, in which a part is synthetic.
        if "trainedalgorithmicmedia" in text.lower():
            other = facts or {"text": text}
    return other


def _json(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _tags(clip: Clip) -> Iterator[str]:
    """The texts of all tags of the file or files behind `clip`; arrays have none."""
    from espressivo.media.source import opened

    sources = (part.source for part in (clip.sound, clip.video) if part is not None)
    for origin in dict.fromkeys(getattr(source, "origin", None) for source in sources):
        if origin is None:
            continue
        with opened(origin) as container:
            for holder in (container, *container.streams):
                yield from (str(text)[:_LONGEST_TAG] for text in holder.metadata.values())
            still = container.format.name in _STILLS or container.format.name.endswith("_pipe")
        if still:
            yield from _picture_tags(origin)


def _picture_tags(origin: Origin) -> Iterator[str]:
    """The comment, texts and XMP of a JPEG, PNG, WebP or GIF, which FFmpeg passes over."""
    from PIL import Image

    from espressivo.media.source import raw

    with raw(origin) as file:
        try:
            with Image.open(file, formats=_PICTURES) as image:
                texts = list(image.info.values())
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return
    for text in texts:
        if isinstance(text, (str, bytes)):
            cut = text[:_LONGEST_TAG]
            yield cut.decode("utf-8", "replace") if isinstance(cut, bytes) else cut
