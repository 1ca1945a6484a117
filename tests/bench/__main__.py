"""``./dev bench``: every figure of the README, measured side by side with what it is compared to."""

import fnmatch
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import tests.bench
from tests.bench.cluster import FIGURES as OF_ROUNDS
from tests.bench.cluster import ROUNDS, SEED
from tests.bench.figure import Figure

NOT_FIGURES = {
    "__main__", "baseline", "console_viewers", "figure", "http_client", "ingest_run", "ledger_data", "pace",
    "plan_peer", "plan_policies", "plan_simulation", "storm_run",
}  # fmt: skip
WIDTH = 180
"""Of the table where no terminal says how wide it is."""
console = Console(width=None if sys.stdout.isatty() else WIDTH)


def main(
    only: Annotated[list[str] | None, typer.Option(help="Measure this figure, or those of a pattern, alone.")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Of kills, pauses and cut links, for cluster_*.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of these rounds: the same gives the same.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file as well.")] = None,
) -> None:
    """Measure, print a table, and say which targets hold. Missing a target is a figure, not a failure."""
    os.environ.update({name: str(value) for name, value in ((ROUNDS, rounds), (SEED, seed)) if value is not None})
    known = all_figures()
    unknown = sorted(wanted for wanted in only or [] if not fnmatch.filter(known, wanted))
    if unknown:
        console.print(f"No such figure: {', '.join(unknown)}. There are: {', '.join(sorted(known))}")
        raise typer.Exit(2)
    figures = []
    for name in _chosen(known, only):
        with console.status(f"measuring {name} ..."):
            figures.append(known[name]())
        console.print(f"{name}: {figures[-1].value:.4g} {figures[-1].unit}")
    console.print(table_of(figures))
    if json_file:
        json_file.write_text(json.dumps([figure.as_json() for figure in figures], indent=2) + "\n", encoding="utf-8")


def _chosen(known: dict[str, Callable[[], Figure]], only: list[str] | None) -> list[str]:
    if only is None:
        console.print("Rounds of faults in a cluster need root and hours: ./dev bench --only 'cluster_*' --rounds N")
        return [name for name in known if name not in OF_ROUNDS]
    return [name for name in known if any(fnmatch.fnmatch(name, each) for each in only)]


def all_figures() -> dict[str, Callable[[], Figure]]:
    """Every figure of every module of this folder, by name."""
    figures: dict[str, Callable[[], Figure]] = {}
    for module in sorted(pkgutil.iter_modules(tests.bench.__path__), key=lambda m: m.name):
        if module.name not in NOT_FIGURES:
            figures |= getattr(importlib.import_module(f"tests.bench.{module.name}"), "FIGURES", {})
    return figures


def table_of(figures: list[Figure]) -> Table:
    """The figures as people read them."""
    table = Table(title="Lotwarden, measured")
    for heading in ("figure", "ours", "theirs", "ratio", "target", "holds", "how"):
        table.add_column(heading, justify="right" if heading in {"ours", "theirs", "ratio", "target"} else "left")
    for figure in figures:
        side = ">=" if figure.at_least else "<="
        of_ratio = "x" if figure.target_is_ratio else f" {figure.unit}"
        table.add_row(
            figure.name,
            f"{figure.value:.4g} {figure.unit}",
            "" if figure.against is None else f"{figure.against:.4g} ({figure.peer})",
            "" if figure.ratio is None else f"{figure.ratio:.3g}",
            "" if figure.target is None else f"{side} {figure.target:g}{of_ratio}",
            {True: "yes", False: "NO", None: ""}[figure.holds],
            figure.note,
        )
    return table


if __name__ == "__main__":
    typer.run(main)
