"""SECURITY.md names a test for each line of its threat model: the files and the tests must be there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\| (?P<who>[^|]+) \| (?P<cannot>[^|]+) \| (?P<test>[^|]+) \|$", re.M)
LINES = list(LINE.finditer((ROOT / "SECURITY.md").read_text(encoding="utf-8")))[1:]  # the head of the table
FILES = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "tests").rglob("test_*.py")}


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_threat_model_has_its_lines() -> None:
    who = {found["who"] for found in LINES}
    wanted = {"a stolen gateway", "a curious owner", "a hostile operator", "a hostile administrator"}
    assert wanted <= who and any("broker" in each for each in who) and len(LINES) > 30


@pytest.mark.parametrize("line", LINES, ids=[f"{found['who']}: {found['cannot']}"[:60] for found in LINES])
def test_each_line_of_the_threat_model_names_tests_that_there_are(line: re.Match[str]) -> None:
    named = re.findall(r"`([^`]+)`", line["test"])
    files = [FILES[at] for name in named if name.endswith(".py") for at in FILES if f"/{at}".endswith(f"/{name}")]
    assert files, f"no file of tests is called {named}"
    missing = {
        name for name in named if name.endswith(".py") and not any(f"/{at}".endswith(f"/{name}") for at in FILES)
    }
    assert not missing
    known = set[str]().union(*map(functions_of, files))
    tests = {name for name in named if not name.endswith(".py")}
    assert tests <= known, f"no such test: {sorted(tests - known)}"
    assert any(name.startswith("test_") for name in known)
