"""The launcher as the file that it is: it starts the current release, or the package's program, and goes back."""

import subprocess
import sys
from pathlib import Path

from edge_agent.fleet import launcher
from edge_agent.fleet.releases import Releases
from tests.support.fleet_parts import TRUST, release_in


def test_it_starts_what_is_current_and_leaves_what_gets_no_receipt(tmp_path: Path) -> None:
    packaged = tmp_path / "packaged"
    packaged.write_text('#!/bin/sh\necho "packaged $1"\n')
    packaged.chmod(0o755)

    def started() -> str:
        command = [sys.executable, "-I", str(launcher.__file__), str(tmp_path), str(packaged), "run"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()

    assert started() == "packaged run", "there is no release"
    release_in(tmp_path / "stick", "0.2.0")
    Releases(tmp_path).install_from_folder(tmp_path / "stick", TRUST)
    assert [started() for _ in range(5)] == ["0.2.0"] * 3 + ["packaged run"] * 2
    assert Releases(tmp_path).standing().last == "rolled_back"
