"""What is said of recordings that were left out."""

import pytest

from espressivo.corpora.skips import left_out


@pytest.mark.parametrize(
    ("skipped", "told"),
    [
        ([], ""),
        ([("a.wav", "it is\nempty")], "1 recording was left out, the first: a.wav: it is empty"),
        ([("a.wav", "'a.wav': no sound"), ("b", "c")], "2 recordings were left out, the first: a.wav: no sound"),
    ],
)
def test_the_count_and_the_first_reason_are_said(skipped: list[tuple[str, str]], told: str) -> None:
    assert left_out(skipped) == told
