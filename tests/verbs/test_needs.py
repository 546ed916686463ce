"""What is fetched ahead is what the registry knows, and all that the verbs load."""

import pytest

from espressivo.assets import entries
from espressivo.verbs.needs import NEEDS


@pytest.mark.parametrize("job", NEEDS)
def test_every_need_is_in_the_registry_once(job: str) -> None:
    known = {entry.name for entry in entries()}
    assert set(NEEDS[job]) <= known
    assert len(set(NEEDS[job])) == len(NEEDS[job])


def test_tests_need_all_that_the_verbs_need() -> None:
    assert all(set(needs) <= set(NEEDS["tests"]) for needs in NEEDS.values())
