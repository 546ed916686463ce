"""Work in several processes: in order, a bounded number in flight, and nobody dies for another."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from espressivo import errors
from espressivo.corpora import spread as module
from espressivo.corpora.spread import LostError, cores, spread
from espressivo.errors import ConfigError, EspressivoError

from . import workers

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_order_and_errors_with_their_item(jobs: int) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        done = list(spread(workers.fussy, range(40), jobs=jobs))
    assert [one.item for one in done] == list(range(40))
    assert [one.value for one in done] == [None if n % 2 else n for n in range(40)]
    assert [str(one.error) for one in done if one.error] == [f"{n} is odd" for n in range(1, 40, 2)]
    assert [str(w.message) for w in caught] == [f"{n} is a multiple of four" for n in range(0, 40, 4)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_of_the_function_ends_the_work(jobs: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(spread(workers.buggy, range(10), jobs=jobs))


def test_a_killed_worker_costs_one_item() -> None:
    begun = time.monotonic()
    done = list(spread(workers.mortal, range(40), jobs=2))
    assert [one.value for one in done] == [None if n == 5 else n for n in range(40)]
    (error,) = [one.error for one in done if one.error is not None]
    assert isinstance(error, LostError)
    assert "at work on 5 was killed: out of memory?" in str(error)
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("state", ["idle", "asleep at work", "busy"])
def test_workers_end_when_their_parent_is_killed(state: str) -> None:
    """They all hold its standard output: that ends when the last of them has."""
    work, seconds = {"idle": ("sleepy", 0.2), "asleep at work": ("sleepy", 60), "busy": ("stubborn", 60)}[state]
    code = (
        "import time; from espressivo.corpora.spread import spread; from tests.corpora import workers\n"
        f"results = spread(workers.{work}, [{seconds}] * 2, jobs=2)\n"
        "print([next(results).value for _ in range(2)], flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        pids = [int(victim.stdout.readline()) for _ in range(2)]
        if state == "idle":
            assert victim.stdout.readline() == "[None, None]\n"
        victim.kill()
        try:
            assert victim.communicate(timeout=20)[0] == ""
        except subprocess.TimeoutExpired:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise


def test_a_pool_that_breaks_between_two_items_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    pools = []
    start = module._Pool._start

    def counted(self: module._Pool, count: int) -> object:
        pools.append(start(self, count))
        return pools[-1]

    monkeypatch.setattr(module._Pool, "_start", counted)
    work = module._Pool(workers.mortal, 1)
    with pytest.raises(BrokenProcessPool):
        work._submit(5).result()
    assert work._submit(6).result()[0] == 6
    assert len(pools) == 2
    for pool in pools:
        pool.shutdown()


def test_only_so_many_are_taken_ahead() -> None:
    taken = 0

    def source() -> Iterator[int]:
        nonlocal taken
        for n in range(1000):
            taken += 1
            yield n

    results = spread(workers.double, source(), jobs=2)
    for count, one in enumerate(results, 1):
        assert one.value == 2 * one.item
        assert taken <= count + 2 * module._AHEAD
        if count == 100:
            break
    results.close()  # type: ignore[attr-defined]


def test_memory_is_flat() -> None:
    tracemalloc.start()
    for _ in spread(workers.double, iter(range(5_000)), jobs=2):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3e6


def test_workers_share_the_processors() -> None:
    (done,) = spread(workers.whoami, [0], jobs=2)
    assert done.value is not None
    assert done.value[1] == str(max(1, cores() // 2))


def test_no_processes_are_none() -> None:
    with pytest.raises(ConfigError, match="got 0 processes"):
        spread(workers.double, [1], jobs=0)


def test_workers_that_cannot_begin_are_no_fault_of_the_items() -> None:
    """A function that only this script knows: the workers, which begin anew, do not."""
    code = (
        "from espressivo.corpora.spread import spread\nfrom espressivo.errors import ConfigError\n"
        "def mine(number):\n    return number\n"
        "try:\n    list(spread(mine, [1, 2], jobs=2))\nexcept ConfigError as error:\n    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.stdout.startswith("no worker process can begin (see above): put what the script does under")


def test_our_errors_travel_between_processes() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EspressivoError)]
    for kind in [*kinds, LostError]:
        back = pickle.loads(pickle.dumps(kind("what was got, what was wanted")))
        assert (type(back), str(back)) == (kind, "what was got, what was wanted")


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'espressivo\[ray\]'"):
        list(spread(workers.double, [1], ray="local"))


def test_the_same_on_ray() -> None:
    """In a process of its own: Ray leaves threads behind."""
    pytest.importorskip("ray")
    code = (
        "import warnings; from espressivo.corpora.spread import LostError, spread; from tests.corpora import workers\n"
        "from espressivo.errors import ConfigError\n"
        "import ray; ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level='ERROR')\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always', UserWarning)\n"
        "    done = list(spread(workers.fussy, range(20), jobs=2, ray='auto'))\n"
        "assert [one.value for one in done] == [None if n % 2 else n for n in range(20)], done\n"
        "assert str(done[3].error) == '3 is odd'\n"
        "assert '8 is a multiple of four' in [str(w.message) for w in caught]\n"
        "done = list(spread(workers.mortal, range(8), ray='auto'))\n"
        "assert [one.value for one in done] == [0, 1, 2, 3, 4, None, 6, 7], done\n"
        "assert isinstance(done[5].error, LostError)\n"
        "try:\n"
        "    list(spread(workers.buggy, range(5), ray='auto'))\n"
        "except ZeroDivisionError:\n"
        "    print('fine')\n"
        "ray.shutdown()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "fine" in ended.stdout.splitlines(), ended.stdout + ended.stderr  # among what Ray has to say


def test_no_cluster_there() -> None:
    pytest.importorskip("ray")
    with pytest.raises(ConfigError, match="no Ray cluster at 'auto'"):
        list(spread(workers.double, [1], ray="auto"))
