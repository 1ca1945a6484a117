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

ROUNDS, SEED = "LOTWARDEN_CLUSTER_ROUNDS", "LOTWARDEN_CLUSTER_SEED"
"""What ``--rounds`` and ``--seed`` set. 500 rounds take one to two hours, 20 are a look."""
COUNTS = {"lost": "batches", "twice": "records", "false_receipts": "receipts", "differences": "kinds of rows"}
BACK_WITHIN_S = 30.0


@cache
def _told() -> dict[str, Any]:
    rounds, seed = os.environ.get(ROUNDS, "500"), os.environ.get(SEED, "1")
    command = [sys.executable, "-m", "tests.cluster.rounds", "--back", "--rounds", rounds, "--seed", seed]
    lines = [""]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            print(line, end="", file=sys.stderr, flush=True)
            lines.append(line)
    assert lines[-1].startswith("{"), "the rounds broke off; the lines above say why"
    return dict(json.loads(lines[-1]))


def _how() -> str:
    return f"seed {_told()['seed']}, {_told()['batches']} batches, {_told()['held']} lots held"


def _rounds() -> Figure:
    asked = float(os.environ.get(ROUNDS, "500"))
    return Figure("cluster_rounds", _told()["rounds"], "rounds", asked, at_least=True, note=_how())


def _count_of(what: str) -> Callable[[], Figure]:
    def figure() -> Figure:
        value = _told()[what]
        count = float(len(value) if isinstance(value, list) else value)
        return Figure(f"cluster_{what}", count, COUNTS[what], 0.0, note=_how())

    return figure


def _silent() -> Figure:
    return Figure("cluster_silent_s", _told()["longest_s"], "s", BACK_WITHIN_S, note="the longest without any receipt")


def _back_after(kind: str, words: str) -> Callable[[], Figure]:
    def figure() -> Figure:
        took_s = _told()[f"back_after_{kind}_s"]
        return Figure(f"cluster_back_after_{kind}_s", took_s, "s", BACK_WITHIN_S, note=words)

    return figure


FIGURES: dict[str, Callable[[], Figure]] = {
    "cluster_rounds": _rounds,
    **{f"cluster_{what}": _count_of(what) for what in COUNTS},
    "cluster_silent_s": _silent,
    "cluster_back_after_kill_s": _back_after("kill", "until the first receipt, the database that writes killed"),
    "cluster_back_after_pause_s": _back_after("pause", "the same, paused"),
}
