"""Rounds of kills, pauses and cut links over three brokers, ledgers and databases (``tests/cluster/rounds.py``)."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.bench.figure import Figure
from tests.support.paths import ROOT

ROUNDS = int(os.environ.get("LOTWARDEN_CLUSTER_ROUNDS", "500"))
"""500 take an hour. LOTWARDEN_CLUSTER_ROUNDS=20 ./dev bench --only 'cluster_*' is a look."""
SEED = int(os.environ.get("LOTWARDEN_CLUSTER_SEED", "1"))
COUNTS = {"lost": "batches", "twice": "records", "false_receipts": "receipts", "differences": "kinds of rows"}


@cache
def _told() -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.cluster.rounds", "--rounds", str(ROUNDS), "--seed", str(SEED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    last = (done.stdout.splitlines() or [""])[-1]
    assert last.startswith("{"), f"the rounds broke off:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return dict(json.loads(last))


def _how() -> str:
    return f"{_told()['rounds']} rounds, {_told()['batches']} batches, {_told()['held']} lots held"


def _count_of(what: str) -> Callable[[], Figure]:
    def figure() -> Figure:
        value = _told()[what]
        return Figure(
            f"cluster_{what}", float(len(value) if isinstance(value, list) else value), COUNTS[what], 0.0, note=_how()
        )

    return figure


def _back() -> Figure:
    return Figure("cluster_back_s", _told()["longest_s"], "s", 30.0, note="the longest without any receipt")


FIGURES: dict[str, Callable[[], Figure]] = {
    **{f"cluster_{what}": _count_of(what) for what in COUNTS},
    "cluster_back_s": _back,
}
