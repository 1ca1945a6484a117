"""A region comes back after an outage, with this build and with the baseline (``storm_run.py`` tells how)."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.bench.baseline import COMMIT, ROOT, beside, run_in
from tests.bench.figure import Figure
from tests.bench.pace import Timed, p99_of, quantile, told, undisturbed_ms, watch

GATEWAYS, FEW = 1000, 50
LOTS, READINGS, WORKERS = 20, 400, 4
HOW = f"{GATEWAYS:,} gateways, {LOTS} lots and {READINGS} readings each, {WORKERS} workers"


@cache
def _both() -> tuple[dict[str, Any], dict[str, Any]]:
    watch()
    return beside("storm_run.py", GATEWAYS, LOTS, READINGS, WORKERS)


@cache
def _few() -> dict[str, Any]:
    return run_in(ROOT, str(Path(__file__).with_name("storm_run.py")), str(FEW), str(LOTS), str(READINGS), str(WORKERS))


def storm_1000_held() -> Figure:
    """Until the last lot is held."""
    ours, theirs = _both()
    return Figure(
        "storm_1000_held_s",
        ours["seconds"],
        "s",
        0.25,
        target_is_ratio=True,
        against=theirs["seconds"],
        peer=COMMIT,
        note=HOW,
    )


def storm_1000_allocate_p99() -> Figure:
    """How long an allocation takes meanwhile."""
    ours, theirs = ([Timed(*each) for each in run["allocations"]] for run in _both())
    all_of_theirs = sorted(each.took_ms for each in theirs)  # each lasts so long that the machine was slow meanwhile
    return Figure(
        "storm_1000_allocate_p99_ms",
        p99_of(ours),
        "ms",
        50.0,
        against=quantile(all_of_theirs, 0.99),
        peer=f"{COMMIT}, all of it",
        note=f"20 a second, from the intended start; p50 {quantile(undisturbed_ms(ours), 0.5):.1f} ms; {told(ours)}",
    )


def storm_growth() -> Figure:
    """What a gateway costs among a thousand, against among fifty."""
    many, few = _both()[0]["seconds"] / GATEWAYS, _few()["seconds"] / FEW
    return Figure(
        "storm_growth",
        many * 1000,
        "ms/gateway",
        1.1,
        target_is_ratio=True,
        against=few * 1000,
        peer=f"{FEW} gateways",
        note=HOW,
    )


FIGURES: dict[str, Callable[[], Figure]] = {
    "storm_1000_held_s": storm_1000_held,
    "storm_1000_allocate_p99_ms": storm_1000_allocate_p99,
    "storm_growth": storm_growth,
}
