"""One output, one training at a time; the next one may have it as soon as the first is over, however that ended."""

from pathlib import Path

import pytest

from espressivo.errors import OutputError
from espressivo.training.claim import claimed


def test_a_second_one_is_refused_until_the_first_is_over(tmp_path: Path) -> None:
    with claimed(tmp_path / "out"):
        with pytest.raises(OutputError, match="another training writes to"), claimed(tmp_path / "x" / ".." / "out"):
            pass
        with claimed(tmp_path / "other"):
            pass
    with claimed(tmp_path / "out"):
        pass


def test_it_is_let_go_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), claimed(tmp_path / "out"):
        raise ValueError("broken")
    with claimed(tmp_path / "out"):
        pass
