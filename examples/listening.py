"""Makes the page to listen to, docs/listening.md and docs/sounds/: synthetic voices before and after `convert`.

    python examples/listening.py

Nobody real is heard: the sentences are read by Kokoro's voices. Every sound is marked as synthetic.
"""

from __future__ import annotations

from pathlib import Path

from espressivo.engines.voice import make_voice
from espressivo.media.read import from_arrays
from espressivo.media.speech import Speech
from espressivo.systems.prosody2vec.pipeline import Prosody

DOCS = Path(__file__).resolve().parents[1] / "docs"
VOICES = {"af_heart": "a woman's voice", "am_michael": "a man's voice"}
SENTENCES = ("The door is open, and they are waiting for us.", "I told her about it yesterday evening.")
HALF = "sad"
HEAD = """# Listening

Sentences read by synthetic voices, and what `espressivo convert` makes of them with the weights that allow any use
(`--licence permissive`) and with those under CC BY-NC-SA. Made by `python examples/listening.py`; every sound is marked
as synthetic.
"""


def saved(speech: Speech, name: str) -> str:
    """Writes a sound; gives the element that plays it."""
    path = DOCS / "sounds" / f"{name}.mp3"
    speech.save(path)
    return f'<audio controls preload="none" src="../sounds/{path.name}"></audio>'


def table(pipeline: Prosody, kind: str, voice: str, number: int) -> list[str]:
    """The rows of one sentence in one voice."""
    plain = make_voice(f"kokoro:{voice}").say(SENTENCES[number])
    sound = from_arrays(sound=(plain.samples, plain.rate)).sound
    assert sound is not None
    stem = f"{kind}-{voice}-{number}"
    rows = [f"| as read | {saved(plain, f'plain-{voice}-{number}')} |"]
    for emotion in pipeline.emotions:
        made = pipeline.convert(sound, emotion=emotion)
        rows.append(f"| {emotion} | {saved(made, f'{stem}-{emotion}')} |")
    half = pipeline.convert(sound, emotion=HALF, intensity=0.5)
    return [*rows, f"| {HALF}, half | {saved(half, f'{stem}-{HALF}-half')} |"]


def main() -> None:
    (DOCS / "sounds").mkdir(exist_ok=True)
    lines = [HEAD]
    for licence, title in (("permissive", "Weights for any use"), ("any", "Weights under CC BY-NC-SA 4.0")):
        pipeline = Prosody.from_pretrained(licence=licence)
        lines.append(f"## {title}\n")
        for number, (voice, said) in enumerate(VOICES.items()):
            lines += [f"“{SENTENCES[number]}”, {said} (`{voice}`)\n", "| | |", "|---|---|"]
            lines += [*table(pipeline, licence, voice, number), ""]
    (DOCS / "listening.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
