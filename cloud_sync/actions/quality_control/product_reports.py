"""Reports of what was compounded for stock in a period, as data: asked for twice a year (FD&C Act 503B(b)(2)).

Which days a period has is said by whoever reports; what is missing for the report is named beside each product.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.domain.compounding import MasterFormulationRecord
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

PERIOD_DAYS_MAX = 366


def preview(database: Database, *, since: date, until: date) -> dict[str, Any]:
    """What a report of the days from ``since`` to before ``until`` would say. Raises ``Invalid``."""
    _check_period(since, until)
    with database.transaction() as connection:
        return _body(connection, since, until)


def make_report(database: Database, *, since: date, until: date, at: datetime, actor: str) -> dict[str, Any]:
    """Keep a report as it is now. Raises ``Invalid``, and ``Conflict`` where days are left out since the last one."""
    _check_period(since, until)
    if until > at.date() + timedelta(days=1):
        raise Invalid(f"the period ends on {until}, which is not over", "Report what was made, up to today.")
    with database.transaction() as connection:
        last: date | None = queries("quality_control").last_report_until(connection)
        if last is not None and since > last:
            raise Conflict(f"the days from {last} on are not reported", f"Begin this report on {last}.")
        body = _body(connection, since, until)
        sha256 = hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        report_id: int = queries("quality_control").add_product_report(
            connection, since=since, until=until, body=Jsonb(body), sha256=sha256, actor=actor, at=at
        )
        data = {"since": since.isoformat(), "until": until.isoformat(), "sha256": sha256}
        add_event(connection, actor=actor, kind="products_reported", subject=f"product_report:{report_id}", data=data)
        return _report(connection, report_id)


def list_reports(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Reports that were made, the newest first, with ``body``."""
    with database.transaction() as connection:
        return list(
            queries("quality_control").product_reports(
                connection, report_id=None, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def report_of(database: Database, report_id: int) -> Row:
    """A report as it was made. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _report(connection, report_id)


def _report(connection: Connection, report_id: int) -> Row:
    rows = list(queries("quality_control").product_reports(connection, report_id=report_id, rows_max=1, rows_skipped=0))
    if not rows:
        raise NotFound(f"there is no product report {report_id}", "See GET /v1/product-reports for those there are.")
    row: Row = rows[0]
    return row


def _check_period(since: date, until: date) -> None:
    if not since < until <= since + timedelta(days=PERIOD_DAYS_MAX):
        raise Invalid(
            f"{since} to {until} is no period",
            f"Give two days, the second later, at most {PERIOD_DAYS_MAX} days apart.",
        )


def _body(connection: Connection, since: date, until: date) -> dict[str, Any]:
    made = list(queries("quality_control").made_in(connection, since=since, until=until))
    went_in: dict[int, list[Row]] = {row["place_id"]: [] for row in made}
    for row in queries("quality_control").ingredients_of(connection, place_ids=sorted(went_in)):
        went_in[row["to_place"]].append(row)
    products: dict[tuple[str, str, int], list[Row]] = {}
    for row in made:
        products.setdefault((row["item"], row["master_formulation_record"], row["version"]), []).append(row)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "products": [_product(rows, [each for row in rows for each in went_in[row["place_id"]]])
                     for _, rows in sorted(products.items())],
    }  # fmt: skip


def _product(rows: Sequence[Row], ingredients: Sequence[Row]) -> dict[str, Any]:
    first = rows[0]
    record = MasterFormulationRecord.model_validate(first["body"])
    sources: dict[str, dict[str, Any]] = {}
    for each in ingredients:
        known = sources.setdefault(
            each["item"],
            {"item": each["item"], "title": each["title"], "codes": each["gtins"], "lots": set(), "suppliers": set()},
        )
        known["lots"].add(each["lot_number"])
        known["suppliers"].update(each["suppliers"])
    shown = [
        {**each, "lots": sorted(each["lots"]), "suppliers": sorted(each["suppliers"])}
        for _, each in sorted(sources.items())
    ]
    product = {
        "item": first["item"],
        "title": first["title"],
        "strength": record.label.strength,
        "package": record.label.contents,
        "codes": first["gtins"],
        "unit": first["base_unit"],
        "units_made": sum(int(row["made"]) for row in rows),
        "units_released": sum(int(row["made"]) for row in rows if row["decision"] == "released"),
        "batches": [row["batch"] for row in rows],
        "master_formulation_record": f"{first['master_formulation_record']} version {first['version']}",
        "ingredients": shown,
    }
    return {**product, "missing": _missing(product)}


_ASKED = {"title": "its name", "strength": "its strength", "package": "the package", "codes": "a code (NDC or GTIN)"}


def _missing(product: dict[str, Any]) -> list[str]:
    found = [told for name, told in _ASKED.items() if not product[name]]
    for each in product["ingredients"]:
        found += [f"a code of {each['item']}"] if not each["codes"] else []
        found += [f"who supplied {each['item']}"] if not each["suppliers"] else []
    return found
