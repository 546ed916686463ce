"""Talk to it: a clip of someone speaking in, a spoken reply out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from espressivo.clip import Clip
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


def save(reply: Reply, folder: Path | str) -> list[Path]:
    """Writes reply.wav, reply.json and reply.png into `folder`: all of them, or none.

    Raises:
        OutputError: the folder cannot be written.
    """
    import json

    from espressivo.media.files import writing_folder
    from espressivo.systems.picture import draw

    with writing_folder(folder) as place:
        reply.speech.save(place / "reply.wav")
        text = json.dumps(reply.as_dict(), indent=2, ensure_ascii=False)
        (place / "reply.json").write_text(text + "\n", encoding="utf-8")
        draw(reply, place / "reply.png")
    return [Path(folder) / name for name in ("reply.wav", "reply.json", "reply.png")]
