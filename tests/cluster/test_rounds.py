"""Rounds of kills, pauses and cut links: as many as ``./dev test-cluster --rounds N --seed S`` says."""

import json
import os
import subprocess
import sys

import pytest

from tests.cluster.patroni_cluster import MISSING
from tests.support.paths import ROOT

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        bool(MISSING), reason=f"NOT TRIED, for {', '.join(MISSING)} are not here: ./dev test-cluster installs them"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="NOT TRIED: only root may make network namespaces"),
]


def test_whatever_is_killed_paused_or_cut_off_nothing_is_lost_or_twice_and_no_receipt_is_false(
    request: pytest.FixtureRequest,
) -> None:
    rounds, seed = request.config.getoption("--rounds"), request.config.getoption("--seed")
    command = [sys.executable, "-m", "tests.cluster.rounds", "--rounds", str(rounds), "--seed", str(seed)]
    lines = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    assert running.returncode == 0
    told = json.loads(lines[-1])
    assert (told["rounds"], told["lost"], told["twice"], told["false_receipts"]) == (rounds, 0, 0, 0)
    assert told["differences"] == [] and told["batches"] > 0
