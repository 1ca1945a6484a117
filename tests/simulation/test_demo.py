"""The demonstration is a test: every act of it ends with a check against the ledger."""

import os
import signal
import subprocess
import sys

import httpx

from tests.support.paths import ROOT

DEMO = [sys.executable, "-m", "cloud_sync.demo"]
ENVIRONMENT = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}


def test_the_story_is_true_and_told_within_a_minute() -> None:
    told = subprocess.run(DEMO, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=180)
    assert told.returncode == 0, told.stdout + told.stderr
    for line in (
        "line noise instead of a code: bad beep, nothing booked",
        "LOT-STAYS is held; what left A in time, and what was in B, is not",
        "LOT-LEAVES is the first-expiring lot that may be issued",
        "the 2 vials dispensed while the network was down are in the trace",
        "The story is true.",
    ):
        assert line in told.stdout


def test_staying_leaves_the_api_docs_open_until_it_is_stopped() -> None:
    with subprocess.Popen([*DEMO, "--stay"], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        docs = next(line.split()[3] for line in demo.stdout if "/docs" in line)
        answered = httpx.get(docs, timeout=10)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=60) == 0
    assert answered.status_code == 200
    assert "Lotwarden" in answered.text
