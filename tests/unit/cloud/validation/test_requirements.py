"""Each requirement has a test that there is, and the trace matrix is made of them."""

import ast
from functools import cache

import pytest

from cloud_sync.validation.requirements import Requirement, requirements, trace_matrix
from tests.support.paths import ROOT


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )  # fmt: skip


def fault_of(requirement: Requirement) -> str:
    """What is wrong with how a requirement is traced, '' if nothing is."""
    if not requirement.tests:
        return f"{requirement.id} has no test"
    for each in requirement.tests:
        path, _, name = each.partition("::")
        if not (ROOT / path).is_file() or name not in names_in(path):
            return f"{requirement.id} names {each}, which is no test"
    return ""


def test_each_requirement_has_tests_that_there_are() -> None:
    assert [fault for each in requirements() if (fault := fault_of(each))] == []
    numbers = [each.id for each in requirements()]
    assert numbers == [f"URS-{number:02}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize(
    "tests", [(), ("tests/unit/test_house.py::test_of_nothing",), ("tests/no_such_file.py::test_the_domain_is_pure",)]
)
def test_a_requirement_without_a_test_would_be_seen(tests: tuple[str, ...]) -> None:
    assert fault_of(Requirement("URS-99", "text", "high", "", (), tests))
    assert not fault_of(
        Requirement("URS-99", "text", "high", "", (), ("tests/unit/test_house.py::test_the_domain_is_pure",))
    )


def test_the_trace_matrix_tells_how_each_check_ended() -> None:
    rows = {row["id"]: row for row in trace_matrix({"OQ-01": "passed"})}
    assert "OQ-01 passed" in rows["URS-01"]["checks"]
    assert any("not done" in row["checks"] for row in rows.values())
