"""`spread` on a Ray cluster. https://docs.ray.io/en/latest/ray-core/tasks.html"""

from __future__ import annotations

import logging
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from espressivo.corpora.spread import Done, attempt, lost, told
from espressivo.errors import ConfigError

Given = TypeVar("Given")
Made = TypeVar("Made")

_AHEAD = 4  # tasks in flight for each processor of the cluster


def on_ray(
    function: Callable[[Given], Made], items: Iterable[Given], *, jobs: int, address: str
) -> Iterator[Done[Given, Made]]:
    """`function` of each item, in order; see `spread`.

    Raises:
        ConfigError: Ray is not installed, or there is no cluster at `address`.
    """
    try:
        import ray
    except ImportError:
        raise ConfigError("Ray is not installed: pip install 'espressivo[ray]', or leave --ray out") from None
    with _cluster(ray, address, jobs):
        work: Any = ray.remote(max_retries=1)(_work)
        shared, token = [ray.put(function)], secrets.token_hex(8)  # in a list, or each task would unpack it anew
        most = _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        flying: deque[tuple[Given, Any]] = deque()
        for item in items:
            flying.append((item, work.remote(shared, token, item)))
            if len(flying) >= most:
                yield _land(ray, *flying.popleft())
        while flying:
            yield _land(ray, *flying.popleft())


_functions: dict[str, Callable[[Any], Any]] = {}
"""In a worker: what it does, unpacked once, so that a model which it loads at the first item serves all others."""


def _work(shared: list[Any], token: str, item: object) -> tuple[Any, Any, list[str]]:
    import ray

    if token not in _functions:
        _functions[token] = ray.get(shared[0])
    return attempt(_functions[token], item)


def _land(ray: Any, item: Given, task: Any) -> Done[Given, Any]:
    """The result of a task. Ray itself tried it once more if its worker was killed."""
    try:
        return told(item, ray.get(task))
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError):
        return Done(item, error=lost(item))
    except ray.exceptions.RayTaskError as error:
        raise error.as_instanceof_cause() from None


@contextmanager
def _cluster(ray: Any, address: str, jobs: int) -> Iterator[None]:
    """Connected to the cluster at `address`; what was connected before stays so."""
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no reports home
    local: dict[str, Any] = {"num_cpus": jobs, "include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local)
    except (ConnectionError, ValueError, RuntimeError) as error:
        why = " ".join(str(error).split())
        raise ConfigError(f"no Ray cluster at {address!r} ({why:.200}): start one, or give --ray local") from None
    try:
        yield
    finally:
        ray.shutdown()
