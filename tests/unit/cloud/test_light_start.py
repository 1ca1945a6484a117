"""A command loads what it needs, and not the HTTP face of the ledger: it answers at once on a small computer, too."""

import subprocess
import sys

import pytest


def loaded_by(module: str) -> frozenset[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    return frozenset(subprocess.check_output([sys.executable, "-c", code], text=True).split())


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The modules of a process that could run any command and has run none."""
    return loaded_by("cloud_sync.__main__")


@pytest.mark.parametrize(
    "library",
    ["alembic", "cloud_sync.app", "fastapi", "fpdf", "fontTools", "jinja2", "sqlalchemy", "typst", "uvicorn", "zint"],
)
def test_a_command_other_than_serve_does_not_load(loaded: frozenset[str], library: str) -> None:
    assert "cloud_sync.commands.tokens" in loaded
    assert library not in loaded


def test_a_ledger_that_starts_does_not_load_what_few_of_its_requests_need() -> None:
    loaded = loaded_by("cloud_sync.commands.serving")
    assert "cloud_sync.app" in loaded
    assert loaded.isdisjoint({"apprise", "fontTools", "fpdf", "openpyxl", "typst"})
