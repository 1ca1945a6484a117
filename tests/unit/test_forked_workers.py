"""Workers that are forked: every test is run once, whatever happens to the worker that runs it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

TESTS = """
    import os, signal, warnings
    import pytest

    @pytest.fixture(scope="module")
    def made():
        print("made in", os.getpid())
        yield os.getpid()
        print("unmade")

    def test_that_its_worker_does_not_survive():
        os.kill(os.getpid(), signal.SIGKILL)

    def test_fails(made):
        print("what it printed")
        assert made != os.getpid()

    def test_warns():
        warnings.warn("attention")

    @pytest.mark.parametrize("number", range(45))
    def test_passes(number, made, tmp_path):
        assert made == os.getpid() != os.getppid() and not list(tmp_path.iterdir())
        (tmp_path / "used").touch()

    def test_is_skipped():
        pytest.skip("not today")
"""


def run(folder: Path, *more: str) -> tuple[int, list[str]]:
    """How it ended, and its lines."""
    file = folder / "test_any.py"
    file.write_text("\n".join(line.removeprefix("    ") for line in TESTS.splitlines()))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.support.forked_workers", "-ra"]
    done = subprocess.run(
        [*command, "--forked-workers", "2", *more, str(file), "--rootdir", str(folder), "-c", os.devnull],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines()


def test_every_test_is_run_once_and_what_came_of_it_is_told(tmp_path: Path) -> None:
    status, told = run(tmp_path)
    assert status == 1
    assert "2 failed, 46 passed, 1 skipped, 1 warning" in told[-1]
    text = "\n".join(told)
    assert "the worker that ran test_any.py::test_that_its_worker_does_not_survive ended with -9" in text
    assert told.count("what it printed") == 1 and "attention" in text and "not today" in text


def test_a_run_ends_with_the_first_failure_if_that_is_wanted(tmp_path: Path) -> None:
    status, told = run(tmp_path, "-x")
    assert status == 1
    assert "1 failed" in told[-1] and "46 passed" not in told[-1]
