"""What is compiled ahead is what pytest takes."""

import subprocess
import sys
from pathlib import Path

from tests.support.compile_ahead import compile_ahead

TEST = "def test_it() -> None:\n    two = 2\n    assert two == 3\n"


def kept(folder: Path) -> dict[str, int]:
    """The files that hold compiled code; one that is written again is another file."""
    return {file.name: file.stat().st_ino for file in folder.rglob("*-pytest-*.pyc")}


def test_pytest_takes_what_was_rewritten_ahead_and_tells_what_differs(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_two.py").write_text(TEST)
    assert compile_ahead(tmp_path) == 1
    ahead = kept(tmp_path)
    assert len(ahead) == 1
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "assert 2 == 3" in told.stdout, told.stdout + told.stderr
    assert kept(tmp_path) == ahead
    assert compile_ahead(tmp_path) == 0
    (tmp_path / "tests/test_two.py").write_text(TEST.replace("3", "4"))
    assert compile_ahead(tmp_path) == 1
