"""Which pinned weights each job needs: what `espressivo assets fetch --for JOB` gets."""

from __future__ import annotations

CONVERSE = ("silero-vad", "face-landmarker", "fer", "wakehubert-tiny", "whisper-base", "smollm2-135m", "minilm")

NEEDS: dict[str, tuple[str, ...]] = {
    "recognize": ("silero-vad", "face-landmarker", "fer", "wakehubert-tiny"),
    "transcribe": ("silero-vad", "whisper-base"),
    "converse": CONVERSE,
    "tests": (
        *CONVERSE,
        *("hifigan-universal", "wespeaker-resnet34", "resemblyzer", "kokoro-voices"),
        *("whisper-tiny-en", "distill-mos", "perth"),
    ),
}
