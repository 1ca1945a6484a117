"""A gateway loads what its configuration needs, and no more: memory is small on small computers."""

import subprocess
import sys

import pytest

HEAVY = ("apscheduler", "biip", "bleak", "cryptography", "dbus_fast", "gpiozero", "pygments", "rich", "typer")


@pytest.mark.parametrize("library", HEAVY)
def test_an_agent_without_scanners_radio_or_pins_does_not_load(library: str) -> None:
    code = f"import sys, edge_agent.__main__, edge_agent.process; sys.exit({library!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
