"""A command loads what it needs, and not the HTTP face of the ledger: it answers at once on a small computer, too."""

import subprocess
import sys
from importlib import import_module

import pytest

from cloud_sync.commands.late_commands import COMMANDS


def loaded_by(*modules: str) -> frozenset[str]:
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    return frozenset(subprocess.check_output([sys.executable, "-c", code], text=True).split())


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The modules of a process that has loaded every command and has run none."""
    return loaded_by(
        "cloud_sync.__main__", *(f"cloud_sync.commands.{where.split('.')[0]}" for where in COMMANDS.values())
    )


@pytest.mark.parametrize(
    "library",
    ["alembic", "cloud_sync.app", "fastapi", "fpdf", "fontTools", "jinja2", "sqlalchemy", "typst", "uvicorn", "zint"],
)
def test_a_command_other_than_serve_does_not_load(loaded: frozenset[str], library: str) -> None:
    assert "cloud_sync.commands.tokens" in loaded
    assert library not in loaded


def test_no_command_waits_for_what_another_one_needs() -> None:
    loaded = loaded_by("cloud_sync.__main__")
    assert "cloud_sync.commands.late_commands" in loaded
    assert loaded.isdisjoint({"cloud_sync.commands.tokens", "cloud_sync.config", "psycopg", "pydantic"})


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_it_is_looked_for(name: str) -> None:
    module, attribute = COMMANDS[name].split(".")
    assert callable(getattr(import_module(f"cloud_sync.commands.{module}"), attribute))


def test_a_ledger_that_starts_does_not_load_what_few_of_its_requests_need() -> None:
    loaded = loaded_by("cloud_sync.commands.serving")
    assert "cloud_sync.app" in loaded
    assert loaded.isdisjoint({"apprise", "fontTools", "fpdf", "openpyxl", "typst"})
