"""The order of the tests: none is lost, and each worker begins with long ones."""

from tests.support.long_first import LONG, long_first
from tests.support.paths import ROOT


def file_of(name: str) -> str:
    return name.split("::")[0]


def test_each_worker_begins_with_long_tests_and_none_is_lost() -> None:
    short = [f"tests/unit/test_{number}.py::test" for number in range(100)]
    long = [f"{LONG[4]}::test_{number}" for number in range(2)] + [
        f"tests/simulation/test_{n}.py::test" for n in range(3)
    ]
    ordered = long_first(short + long, 3, str, file_of)
    assert sorted(ordered) == sorted(short + long)
    assert ordered.index(long[1]) == ordered.index(long[0]) + 1, "those of a file stay together"
    for worker in range(3):
        assert ordered[worker * 35].startswith(LONG)


def test_one_worker_or_few_tests_are_no_trouble() -> None:
    assert long_first(["tests/unit/a.py::t", "tests/simulation/b.py::t"], 1, str, file_of) == [
        "tests/simulation/b.py::t", "tests/unit/a.py::t",
    ]  # fmt: skip
    assert long_first([], 4, str, file_of) == []
    assert sorted(long_first(["tests/simulation/b.py::t"], 4, str, file_of)) == ["tests/simulation/b.py::t"]


def test_long_tests_are_of_files_that_there_are() -> None:
    there = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")]
    for begins in LONG:
        assert any(name.startswith(begins) for name in there), begins
