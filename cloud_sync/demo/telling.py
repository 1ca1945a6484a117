"""How the story looks in a terminal."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.tree import Tree

console = Console(highlight=False)


def act(number: int, title: str, *lines: str) -> None:
    """The heading of an act, and what it is about."""
    console.print()
    console.rule(f"[bold]{number}. {title}", align="left")
    for line in lines:
        console.print(line)


def note(text: str) -> None:
    """Something that happened."""
    console.print(f"  {text}")


def proved(text: str) -> None:
    """Something that was checked against the ledger, not only said."""
    console.print(f"  [green]✓[/green] {text}")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A small table."""
    shown = Table(*headings, box=None, padding=(0, 2), header_style="dim")
    for row in rows:
        shown.add_row(*map(str, row))
    console.print(Padding(shown, (0, 0, 0, 2)))


def opening(title: str, text: str) -> None:
    """The first lines of the story."""
    console.print(Panel(text, title=f"[bold]{title}", border_style="cyan", padding=(1, 2)))


def trace_tree(trace: dict[str, Any]) -> Tree:
    """A trace, both ways, as a tree: where a lot came from above, where it went below."""
    lot = trace["lot"]
    tree = Tree(f"[bold]{lot['item']} lot {lot['lot_number']}[/bold], expires {lot['expires_on']}")
    came = tree.add("[cyan]backward: where it came from")
    for end in trace["backward"]["ends"]:
        came.add(f"{end['quantity']} from {end['from_place']} to {end['to_place']} at {_clock(end['first_at'])}")
    went = tree.add("[cyan]forward: where it went")
    nodes = {node["key"]: node for node in trace["forward"]["nodes"]}
    edges = sorted(trace["forward"]["edges"], key=lambda edge: str(edge["first_at"]))
    branches: dict[str, Tree] = {}
    for edge in edges:
        source, target = nodes[edge["source"]], nodes[edge["target"]]
        branch = branches.get(source["key"], went)
        text = f"{edge['quantity']} from {source['place']} to {target['place']} at {_clock(edge['first_at'])}"
        branches[target["key"]] = branch.add(text + (" [dim](recipient)" if target["place_kind"] == "ward" else ""))
    harmed = tree.add("[cyan]excursions on the way")
    for exposure in trace["excursions"]:
        harmed.add(f"[red]{exposure['rule']} in {exposure['place']}, worst {exposure['worst']:.1f} °C")
    if not trace["excursions"]:
        harmed.add("[green]none")
    return tree


def _clock(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone():%H:%M:%S}"
