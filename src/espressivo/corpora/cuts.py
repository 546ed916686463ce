"""Items as Lhotse's cuts, one JSON object a line: the manifest that the speech field's tools read and write.

The lines are made and read here without Lhotse, whose import brings PyTorch along and takes seconds in each process;
Lhotse itself reads what is written (its `CutSet.from_file`) and the tests hold us to that.

A cut's recording describes the sound. Lhotse knows no recording without sound, so a silent video is one of as many
samples as it would have at 16 kHz, with its `video` filled in and `silent` among the cut's custom fields. The emotion
is a custom field of the supervision, the times of words its alignment `word`; face, part and notes are custom fields
of the cut. Format: https://lhotse.readthedocs.io/en/latest/cuts.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from espressivo.clip import Word
from espressivo.corpora.item import Item
from espressivo.corpora.recorded import Medium, Picture, Recorded, examine, seconds_of
from espressivo.errors import ConfigError, InputError

_DIGITS = 8  # of times, as Lhotse rounds them


def cut_of(item: Item) -> dict[str, Any]:
    """The cut of `item`, ready for JSON; opens the recording if it has not been looked at.

    Raises:
        InputError: as `examine`.
    """
    seen = item if isinstance(item, Recorded) else examine(item)
    medium, channels = seen.medium, list(range(max(1, seen.medium.channels)))
    duration = round((seconds_of(seen) or 0.0), _DIGITS)
    channel: int | list[int] = channels if len(channels) > 1 else 0
    custom: dict[str, Any] = {"part": seen.part, "face": None if seen.face is None else os.path.abspath(seen.face)}
    custom |= {"notes": dict(seen.notes) or None, "silent": None if medium.channels else True}
    if seen.end is not None and seen.end > medium.duration:
        custom["end"] = seen.end  # pictures that go on after the sound
    return {
        "id": seen.id,
        "start": round(seen.start, _DIGITS),
        "duration": duration,
        "channel": channel,
        "supervisions": [_supervision(seen, duration, channel)],
        "recording": _recording(os.path.abspath(seen.path), medium, channels),
        "custom": _known(custom),
        "type": "MonoCut" if channel == 0 else "MultiCut",
    }


def item_of(cut: Mapping[str, Any], folder: Path) -> Recorded:
    """The item of a cut that we or anyone else wrote; `folder` is where its manifest lies.

    Raises:
        InputError: not one recording in a file, several speakers at once, or an emotion that we do not know.
    """
    if cut.get("type") not in ("MonoCut", "MultiCut", "Cut") or not cut.get("recording"):
        raise InputError(f"{cut.get('type', 'what it holds')!r} is no cut of one recording: give a CutSet of such")
    recording, custom = cut["recording"], cut.get("custom") or {}
    said = _said(cut.get("supervisions") or [])
    own, whole = said.get("custom") or {}, float(recording["duration"])
    start = float(cut["start"])
    end = round(start + float(cut["duration"]), _DIGITS)
    face, emotion = custom.get("face"), own.get("emotion", custom.get("emotion"))
    try:
        return Recorded(
            id=str(cut["id"]),
            path=_place(_source(recording), folder),
            start=start,
            end=custom.get("end", None if abs(end - whole) < 1e-6 else end),
            speaker=said.get("speaker"),
            text=said.get("text"),
            language=said.get("language"),
            emotion=emotion,
            face=None if face is None else _place(face, folder),
            part=custom.get("part"),
            words=tuple(_words(said)),
            notes=custom.get("notes") or {},
            medium=_medium_of(recording, silent=bool(custom.get("silent"))),
        )
    except ConfigError as error:
        raise InputError(str(error)) from None


def read_cuts(lines: Iterable[str], path: Path) -> Iterator[tuple[int, Recorded]]:
    """The items of the cuts in `lines`, one at a time, each with its line; `path` is the manifest they come from.

    Raises:
        InputError: with the number of the line.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{str(path)!r} line {number}"
        try:
            yield number, item_of(json.loads(line), path.parent)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise InputError(f"{where} is not a cut ({type(error).__name__}: {error}): give a CutSet") from None


def _recording(path: str, medium: Medium, channels: list[int]) -> dict[str, Any]:
    source: dict[str, Any] = {"type": "file", "channels": channels, "source": path}
    if medium.picture is not None:
        source["video"] = dict(vars(medium.picture))
    return {
        "id": path,
        "sources": [source],
        "sampling_rate": medium.rate,
        "num_samples": medium.samples,
        "duration": medium.duration,
        "channel_ids": channels,
    }


def _supervision(item: Item, duration: float, channel: int | list[int]) -> dict[str, Any]:
    said = {
        "id": item.id,
        "recording_id": os.path.abspath(item.path),
        "start": 0.0,
        "duration": duration,
        "channel": channel,
        "text": item.text,
        "language": item.language,
        "speaker": item.speaker,
    }
    if item.emotion is not None:
        said["custom"] = {"emotion": item.emotion}
    if item.words:
        word = [[w.text, w.start, round(w.end - w.start, _DIGITS), w.probability] for w in item.words]
        said["alignment"] = {"word": word}
    return _known(said)


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _said(supervisions: list[dict[str, Any]]) -> dict[str, Any]:
    """The one supervision of a cut; several of one speaker become one, their texts in order."""
    if len(supervisions) < 2:
        return supervisions[0] if supervisions else {}
    if len({said.get("speaker") for said in supervisions}) > 1:
        raise InputError("several people speak in this cut: cut it up with Lhotse's trim_to_supervisions()")
    ordered = sorted(supervisions, key=lambda said: said["start"])
    return {**ordered[0], "text": " ".join(said["text"] for said in ordered if said.get("text")) or None}


def _words(said: Mapping[str, Any]) -> Iterator[Word]:
    for text, start, duration, *score in (said.get("alignment") or {}).get("word", ()):
        sure = score[0] if score and score[0] is not None else 1.0
        yield Word(text, start, round(start + duration, _DIGITS), sure)


def _source(recording: Mapping[str, Any]) -> str:
    sources = recording["sources"]
    if len(sources) != 1 or sources[0]["type"] != "file" or recording.get("transforms"):
        kinds = ", ".join(sorted({source["type"] for source in sources}))
        raise InputError(f"its recording is not one untouched file ({len(sources)} of {kinds}): save it as one")
    return str(sources[0]["source"])


def _place(given: str, folder: Path) -> Path:
    """Lhotse takes a relative path as seen from where the program was started; beside the manifest is likelier."""
    beside = folder / given
    return beside if os.path.isabs(given) or beside.exists() else Path(given)


def _medium_of(recording: Mapping[str, Any], *, silent: bool) -> Medium:
    seen = recording["sources"][0].get("video")
    return Medium(
        float(recording["duration"]),
        int(recording["sampling_rate"]),
        int(recording["num_samples"]),
        0 if silent else len(recording["sources"][0]["channels"]),
        None if seen is None else Picture(seen["fps"], seen["num_frames"], seen["height"], seen["width"]),
    )
