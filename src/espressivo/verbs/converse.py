"""Talk to it: a clip of someone speaking in, a spoken reply out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from espressivo.clip import Clip
from espressivo.errors import OutputError
from espressivo.media.read import read
from espressivo.systems.cascade.pipeline import Cascade
from espressivo.systems.reply import Reply


def converse(
    clip: Clip | Any,
    *,
    chat: str = "local",
    voice: str = "hibari",
    licence: str = "any",
    pipeline: Cascade | None = None,
    progress: Callable[[str], None] | None = None,
) -> Reply:
    """Answers a clip of one person speaking: hears the words, feels the mood, replies aloud.

    Args:
        clip: a Clip, or anything `read` takes (path, bytes, file object, arrays).
        chat: who writes the reply: "local", an OpenAI-compatible endpoint or a Hugging Face model (see `chat_model`).
        voice: who reads it: "hibari" or "kokoro:NAME".
        licence: "permissive" keeps to weights that allow commercial use.
        pipeline: a loaded system to use again; spares loading the models at every call.
        progress: called with the name of each stage as it begins.

    Raises:
        InputError: the clip cannot be used: no speech in it, too long, not media …
        AssetError: pinned weights are missing and out of reach.
    """
    system = pipeline or Cascade.from_pretrained(chat=chat, voice=voice, licence=licence)
    return system(clip if isinstance(clip, Clip) else read(clip), progress=progress)


FILES = ("reply.wav", "reply.json", "reply.png")


def check_place(folder: Path | str, clip: Path | str) -> None:
    """Finds out before the work, not after it, that `save` could not write there, or would write over the clip.

    Raises:
        OutputError: either of the two.
    """
    from espressivo.media.files import check_folder

    check_folder(folder)
    if Path(clip).resolve() in {(Path(folder) / name).resolve() for name in FILES}:
        raise OutputError(f"the reply would overwrite {str(clip)!r} itself: choose another folder")


def save(reply: Reply, folder: Path | str) -> list[Path]:
    """Writes reply.wav, reply.json and reply.png into `folder`: all of them, or none.

    Raises:
        OutputError: the folder cannot be written.
    """
    from espressivo.media.files import writing_folder
    from espressivo.systems.picture import draw

    sound, facts, picture = FILES
    with writing_folder(folder) as place:
        reply.speech.save(place / sound)
        text = json.dumps(reply.as_dict(), indent=2, ensure_ascii=False)
        (place / facts).write_text(text + "\n", encoding="utf-8")
        draw(reply, place / picture)
    return [Path(folder) / name for name in FILES]
