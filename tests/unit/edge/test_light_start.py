"""A gateway loads what its configuration needs, and no more: memory is small on small computers."""

import subprocess
import sys

import pytest

HEAVY = ("apscheduler", "biip", "bleak", "cryptography", "dbus_fast", "gpiozero", "pygments", "rich", "typer")


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The modules of a process that has loaded the agent and started nothing."""
    code = "import sys, edge_agent.__main__, edge_agent.process; print(*sys.modules)"
    return frozenset(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout.decode().split()
    )


@pytest.mark.parametrize("library", HEAVY)
def test_an_agent_without_scanners_radio_or_pins_does_not_load(loaded: frozenset[str], library: str) -> None:
    assert "edge_agent.process" in loaded
    assert library not in loaded
