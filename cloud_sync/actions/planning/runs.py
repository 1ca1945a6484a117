"""Planning runs: every item and place planned as of now, stored with what it was made of, and made again to compare."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from cloud_sync.actions.planning.inputs import collect, input_of, inputs_json, weeks_of_lines
from cloud_sync.errors import NotFound
from cloud_sync.planning.plan import RULES, plan, reasons
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def make_run(database: Database, *, worth: float | None = None, at: datetime, actor: str) -> Row:
    """Plan everything as of ``at`` and keep it; gives the run. It suggests, and orders nothing.

    ``worth``: what it is worth, in money, that an item does not run out in an order cycle; service levels and order
    cycles go by the value of the goods then (``planning/economy``).
    """
    with database.transaction() as connection:
        mark = queries("planning").newest_movement(connection)
        lines = sorted(
            collect(connection, at, mark, worth=worth), key=lambda line: (line.row["item"], line.row["place"])
        )
        inputs = [_canonical(inputs_json(line)) for line in lines]
        results = [_canonical(plan(line.said).as_json()) for line in lines]
        run_id = queries("planning").add_run(
            connection, as_of=at, movement_mark=mark, line_count=len(lines), inputs_sha256=_digest(inputs),
            results_sha256=_digest(results), made_by=actor, made_at=at,
        )  # fmt: skip
        if lines:
            queries("planning").add_lines(
                connection, run_id=run_id, item_ids=[line.pair[0] for line in lines],
                place_ids=[line.pair[1] for line in lines], inputs=inputs, results=results,
            )  # fmt: skip
        data = {"lines": len(lines), "movement_mark": mark, "worth": worth, "results_sha256": _digest(results)}
        add_event(connection, actor=actor, kind="planned", subject=f"planning_run:{run_id}", data=data)
        return _run(connection, run_id)


def list_runs(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Runs, the newest first."""
    with database.transaction() as connection:
        return list(queries("planning").runs(connection, rows_max=rows_max, rows_skipped=rows_skipped))


def run(database: Database, run_id: int) -> Row:
    """One run. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _run(connection, run_id)


def newest_run(database: Database) -> Row | None:
    """The newest run, if there is any."""
    with database.transaction() as connection:
        row: Row | None = queries("planning").newest_run(connection)
        return row


def suggestions(database: Database, run_id: int, *, only_to_order: bool = False) -> list[Row]:
    """The lines of a run as people read them, those with something to order first. Raises ``NotFound``."""
    with database.transaction() as connection:
        _run(connection, run_id)
        return [told(row) for row in lines_of(connection, run_id, only_to_order=only_to_order)]


def suggestion(database: Database, run_id: int, item: str, place: str) -> Row:
    """One line of a run with its reasons and what else could be done. Raises ``NotFound``."""
    with database.transaction() as connection:
        _run(connection, run_id)
        rows = lines_of(connection, run_id, item=item, place=place)
        if not rows:
            raise NotFound(
                f"run {run_id} has no line of {item} at {place}", "See the lines of the run for those it has."
            )
        said = input_of(rows[0]["inputs"])
        steps = [asdict(reason) for reason in reasons(said, plan(said))]
        return {
            **told(rows[0]), "used": list(said.used), "censored": list(said.censored), "reasons": steps,
            "terms": rows[0]["inputs"]["terms"],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a run is what its inputs make, and whether the log still says the same. ``changed``: lines whose demand
    is another by now, because movements that were known then were corrected since. ``rules_same``: it was made by the
    rules of this version; else its results are only held against what was kept of them."""

    rules_same: bool
    results_same: bool
    inputs_same: bool
    changed: tuple[tuple[str, str], ...]


def check_run(database: Database, run_id: int) -> Checked:
    """Make a run again: from its stored inputs, and its demand from the movement log up to its mark. Raises
    ``NotFound``."""
    with database.transaction() as connection:
        head = _run(connection, run_id)
        rows = sorted(lines_of(connection, run_id), key=lambda row: (row["item"], row["place"]))
        inputs = [_canonical(row["inputs"]) for row in rows]
        rules_same = all(row["result"].get("rules") == RULES for row in rows)
        made = (plan(input_of(row["inputs"])).as_json() if rules_same else row["result"] for row in rows)
        results = [_canonical(each) for each in made]
        weeks = weeks_of_lines(connection, rows, head["as_of"], head["movement_mark"])
        changed = tuple(
            (row["item"], row["place"])
            for row in rows
            if list(weeks[row["item_id"], row["place_id"]].used) != row["inputs"]["used"]
        )
    return Checked(
        rules_same, _digest(results) == head["results_sha256"], _digest(inputs) == head["inputs_sha256"], changed
    )  # fmt: skip


def lines_of(
    connection: Connection,
    run_id: int,
    *,
    item: str | None = None,
    place: str | None = None,
    only_to_order: bool = False,
) -> list[Row]:
    """Lines of a run as they are stored."""
    return list(queries("planning").lines(
        connection, run_id=run_id, item=item, place=place, only_to_order=only_to_order))  # fmt: skip


def told(row: Row) -> Row:
    """A line as people read it."""
    inputs, result = row["inputs"], row["result"]
    levels = inputs["levels"]
    return {
        **{key: row[key] for key in ("item", "item_title", "base_unit", "place", "place_title")},
        "supplier": inputs["supplier"],
        "reorder_point": result["reorder_point"], "par_level": result["par_level"],
        "order_quantity": result["order_quantity"], "position": round(result["position"], 1),
        "rate": round(result["rate"], 3), "left_unused": result["left_unused"], "method": result["method"],
        "usable": sum(units for units, _ in inputs["lots"]), "held": sum(units for units, _ in inputs["held"]),
        "on_order": inputs["on_order"], "notes": result["notes"], "service_level": inputs["terms"]["service_level"],
        "reorder_point_now": levels[0], "par_level_now": levels[1],
    }  # fmt: skip


def _run(connection: Connection, run_id: int) -> Row:
    row: Row | None = queries("planning").run_by_id(connection, id=run_id)
    if row is None:
        raise NotFound(f"there is no planning run {run_id}", "See GET /v1/planning/runs for those there are.")
    return row


def run_in(connection: Connection, run_id: int) -> Row:
    """:func:`run` in the caller's transaction."""
    return _run(connection, run_id)


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _digest(texts: Iterable[str]) -> str:
    return sha256("\n".join(texts).encode()).hexdigest()
