"""In which order tests run: what takes long begins first and on all workers, so that none of it is left at the end."""

from collections.abc import Callable, Hashable
from typing import TypeVar

T = TypeVar("T")

LONG = (
    "tests/attack/test_any_request.py",
    "tests/attack/test_start.py",
    "tests/browser/",
    "tests/integration/cloud/commands/",
    "tests/integration/cloud/ingest/test_at_once.py",
    "tests/integration/cloud/storage/test_server_watch.py",
    "tests/integration/cloud/test_any_",
    "tests/integration/edge/buffer/test_journal_kill.py",
    "tests/integration/test_commissioning_walk.py",
    "tests/simulation/",
)
"""How the names begin of tests that start processes, or tell many stories."""


def long_first(tests: list[T], workers: int, name_of: Callable[[T], str], file_of: Callable[[T], Hashable]) -> list[T]:
    """``tests`` in an order in which each of the equal parts that ``workers`` begin with starts with long ones.

    Those of a file stay together, for they may share what is made for it.
    """
    files: dict[Hashable, list[T]] = {}
    rest: list[T] = []
    for test in tests:
        (files.setdefault(file_of(test), []) if name_of(test).startswith(LONG) else rest).append(test)
    parts: list[list[T]] = [[] for _ in range(workers)]
    for together in files.values():
        min(parts, key=len).extend(together)
    for worker, part in enumerate(parts):
        wanted = (len(tests) * (worker + 1)) // workers - (len(tests) * worker) // workers
        missing = max(wanted - len(part), 0)
        part.extend(rest[:missing])
        del rest[:missing]
    return [test for part in parts for test in part] + rest
