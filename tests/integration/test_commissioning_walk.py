"""The walk of firmware_notes/commissioning.md, word for word: from an empty folder to a test lot in quarantine."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.support.paths import ROOT

PAGE = ROOT / "firmware_notes" / "commissioning.md"
DEADLINE_S = 400


def walk() -> str:
    (between,) = re.findall(r"<!-- walk begins -->(.*?)<!-- walk ends -->", PAGE.read_text(), re.DOTALL)
    return "\n".join(re.findall(r"```sh\n(.*?)```", between, re.DOTALL))


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_who_walks_the_page_literally_ends_with_a_quarantined_lot(tmp_path: Path) -> None:
    script = walk().replace("8443", str(free_port())).replace("5020", str(free_port()))
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": commands, "PYTHONUNBUFFERED": "1"}
    log = tmp_path / "log"
    with log.open("w") as said:
        walker = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", f"{script}\nkill $(jobs -p)\nwait || true"],
            cwd=tmp_path, env=environment, stdout=said, stderr=said, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            status = walker.wait(DEADLINE_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(walker.pid, signal.SIGTERM)
    told = log.read_text()
    assert status == 0, told
    assert "NOT JUDGED yet: no data from the ledger. Proposed location: fridge-a" in told
    assert "temp_c of fridge-a/probe-1 measures in fridge-a" in told.replace("rh_pct, ", "")
    assert '"code": "held"' in told and "TEST-1" in told and "exposed since" in told
