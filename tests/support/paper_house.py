"""A pharmacy with one record of every kind of which there is a paper: by forms, API calls and signed batches alone."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud_sync.actions.papers.papers import PaperName
from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from cloud_sync.validation.protocol import keep_run
from cloud_sync.validation.results import Deviation, Step, execute
from edge_agent.domain.wire.records import Notice, NoticeKind, Reading
from tests.support.builders import COLD, GatewayWithKey, reading, stamp
from tests.support.console import Console
from tests.support.dscsa_parts import information, line
from tests.support.ledger_api import NOW, Api
from tests.support.people import PASSWORD, opened_account

WHY = {"reason": "as agreed"}
FIRST = datetime(2026, 5, 20, tzinfo=UTC)
WARM = datetime(2026, 6, 1, 6, tzinfo=UTC)
EVERY = timedelta(minutes=10)


def furnished(api: Api) -> dict[PaperName, str]:
    """By kind of paper, the id of one. It is 1 June 2026, noon UTC, in Chicago 7 in the morning."""
    console = Console(api)
    _house(api)
    gateway = GatewayWithKey("gw-1")
    _monitor(api, gateway)
    lot, held = _receive(api)
    _measure(api.database, gateway)
    opened_account(api.database, "vera", Role.QUALITY)
    opened_account(api.database, "quinn", Role.QUALITY)
    excursion = _decide(api, console, lot)
    purchase = _buy(api)
    requisition = _pick(api)
    shipped = _ship(api)
    recall = _recall(api, console)
    destruction = _destroy(api)
    api.operator.ok("POST", "/v1/counts", json={"place": "fridge-b", "number": "C-1"})
    batch = _compound(api, console)
    inventory = _inventory(api)
    return {
        PaperName.EXCURSION: str(excursion), PaperName.HISTORY: str(lot), PaperName.PASSPORT: str(held),
        PaperName.RECALL: recall, PaperName.BATCH: batch, PaperName.RELEASE: batch, PaperName.DISCREPANCY: purchase,
        PaperName.CONTROLLED: inventory,
        PaperName.COUNT: "C-1", PaperName.PICK: requisition, PaperName.PACKING: shipped,
        PaperName.ROOM: "fridge-a:2026-05", PaperName.DESTRUCTION: destruction, PaperName.AUDIT: f"lot:{lot}",
        PaperName.CALIBRATION: "main", PaperName.MONTH: "main:2026-05",
        PaperName.PEDIGREE: str(lot), PaperName.THEFT: _suspicious(api),
        PaperName.DOWNTIME: "main", PaperName.VALIDATION: _validated(api),
        PaperName.TRACING: _asked_by_a_regulator(api),
    }  # fmt: skip


def _inventory(api: Api) -> str:
    """Everything controlled at another site is counted and inventoried."""
    api.place("clinic", "site", title="Hilltop Clinic", zone="America/Chicago")
    api.place("safe", parent="clinic", title="Safe")
    item = {
        "title": "Morphine 10 mg/mL",
        "base_unit": "ampoule",
        "ndc": "00641-6125-25",
        "controlled_schedule": "II",
        **WHY,
    }
    api.administrator.ok("PUT", "/v1/items/morphine", json=item)
    api.receive("MO-1", 25, item="morphine", place="safe")
    api.operator.ok("POST", "/v1/counts", json={"place": "safe", "number": "C-2"})
    found = [{"item": "morphine", "lot_number": "MO-1", "quantity": 25, "place": "safe"}]
    body = {"client_id": str(uuid.uuid4()), "counted_at": NOW.isoformat(), "found": found}
    api.operator.ok("POST", "/v1/counts/C-2/findings", json=body)
    api.quality.ok("POST", "/v1/counts/C-2/approve", json=WHY)
    said = {"site": "clinic", "taken_on": NOW.date().isoformat(), "taken_when": "close", "counts": ["C-2"]}
    return str(api.quality.ok("POST", "/v1/controlled-inventories", json=said)["id"])


def _asked_by_a_regulator(api: Api) -> str:
    """What a supplier told of a lot, and what the FDA asks about it."""
    gtin = "00312345678906"
    told = line("AB12-0O", 30, ("s-1", "s-2"), gtin=gtin, ndc="0002-8215-01")
    api.operator.ok("POST", "/v1/dscsa/partners/acme/transactions", json=information("ASN-77", told))
    asked = {"asked_by": "FDA, J. Doe", "reference": "2026-114", "gtin": gtin, "lot_number": "AB12-0O"}
    return str(api.reader.ok("POST", "/v1/dscsa/requests", json=asked)["id"])


def _house(api: Api) -> None:
    api.administrator.ok("POST", "/v1/policies", json=COLD.model_dump(mode="json") | {"silence_accepted": "a test"})
    api.place("acme", "supplier", title="ACME Pharma, Inc.")
    api.place("main", "site", title="Lakeside Hospital Pharmacy", zone="America/Chicago")
    api.place("fridge-a", parent="main", title="Refrigerator A", policy="cold")
    api.place("fridge-b", parent="main", title="Refrigerator B", policy="cold")
    api.place("suite", parent="main", title="Compounding suite")
    api.place("st-mary", "customer", title="St. Mary Clinic")
    items = (
        "name,title,base_unit,gtins,ndc\n"
        '"insulin","Insulin glargine 100 IU/mL, vial 10 mL",vial,00312345678906=1,0002-8215-01\n'
    )
    done = api.administrator.ok(
        "POST", "/v1/imports/items", params={"reason": "first filling", "dry_run": False}, content=items.encode()
    )
    assert not done["faults"], done


def _monitor(api: Api, gateway: GatewayWithKey) -> None:
    with api.database.transaction() as connection:
        connection.execute(
            "INSERT INTO gateway (name, public_key, registered_at, place_id)"
            " SELECT %s, %s, %s, id FROM place WHERE name = 'main'",
            (gateway.name, gateway.public_key, FIRST),
        )
        for device, place in (("probe-a", "fridge-a"), ("probe-b", "fridge-b")):
            connection.execute(
                "INSERT INTO channel (gateway_id, device, metric, place_id)"
                " SELECT g.id, %s, 'temp_c', p.id FROM gateway g, place p WHERE g.name = %s AND p.name = %s",
                (device, gateway.name, place),
            )


def _measure(database: Database, gateway: GatewayWithKey) -> None:
    """Refrigerator A from 20 May on: cold, but warm on 1 June from 6:00 to 7:30 UTC; silent on 25 May from noon on."""
    steps = int((NOW - FIRST) / EVERY)
    readings: list[Reading] = []
    for step in range(steps):
        at = FIRST + step * EVERY
        since = (at - WARM).total_seconds() / 60
        warmth = max(0.0, 6.5 - abs(since - 45) / 9) if -20 < since < 110 else 0.0
        if at.day != 25 or at.month != 5 or at.hour < 12:
            readings.append(reading(at, round(4.6 + 0.4 * ((step * 7) % 5 - 2) / 2 + warmth, 2)))
    units = [gateway.batch(*readings[first : first + 400]) for first in range(0, len(readings), 400)]
    due = Notice(stamp(NOW), NoticeKind.CALIBRATION_DUE, "probe-a", "calibration is due", {"due": "2026-06-20"})
    units.append(gateway.batch(due))
    assert {receipt.outcome for receipt in store_batches(database, units)} == {BatchOutcome.STORED}


def _suspicious(api: Api) -> str:
    """A unit that was stolen and comes in all the same; gives the number of the case."""
    lost = {"item": "insulin", "serial": "S-77", "why": "stolen", "description": "The van was broken into"}
    api.quality.ok("POST", "/v1/lost-serials", json={**lost, "lost_at": (NOW - timedelta(days=9)).isoformat()})
    api.receive("ST01", 1, serial="S-77", place="suite")
    (signal,) = api.reader.rows("/v1/theft-signals")
    return str(signal["id"])


def _receive(api: Api) -> tuple[int, int]:
    lot = api.receive("AB12-0O", 20)
    return lot, api.receive("CD34", 12, expires_on="2026-08-31")


def _decide(api: Api, console: Console, lot: int) -> int:
    (excursion,) = (row for row in api.reader.rows("/v1/excursions") if row["rule"] == "too-warm")
    page = f"/quarantine/{excursion['id']}"
    console.sign_in_person("vera")
    console.does(
        page,
        page,
        lot=[str(lot)],
        decision="release",
        password=PASSWORD,
        reason="Within the manufacturer's stability data (letter 2026-114): 12 h up to 25 °C are covered.",
    )
    return int(excursion["id"])


def _buy(api: Api) -> str:
    order = _order(api, "purchase", "acme", "fridge-b", [{"item": "insulin", "quantity": 30}], note="weekly")
    path = f"/v1/orders/{order}"
    api.quality.ok("POST", f"{path}/approve", json=WHY)
    api.operator.ok("POST", f"{path}/place", json=WHY)
    came = {"item": "insulin", "lot_number": "EF56", "quantity": 33, "expires_on": "2027-05-31"}
    when = {"client_id": str(uuid.uuid4()), "occurred_at": (NOW - timedelta(hours=2)).isoformat()}
    api.operator.ok("POST", f"{path}/receive", json={**when, "to_place": "fridge-b", "lines": [came]})
    return order


def _pick(api: Api) -> str:
    order = _order(api, "requisition", "main", "st-mary", [{"item": "insulin", "quantity": 12}], note="before noon")
    api.operator.ok("POST", f"/v1/orders/{order}/allocate", json={"client_id": str(uuid.uuid4())})
    return order


def _ship(api: Api) -> str:
    order = _order(api, "requisition", "main", "st-mary", [{"item": "insulin", "quantity": 5}])
    made = api.operator.ok("POST", f"/v1/orders/{order}/allocate", json={"client_id": str(uuid.uuid4())})
    ids = [row["id"] for row in api.reader.rows("/v1/reservations", demand=order)]
    assert ids, made
    api.operator.ok("POST", f"/v1/orders/{order}/issue", json={"reservations": ids, "action": "ship"})
    return order


def _recall(api: Api, console: Console) -> str:
    console.sign_in(api.quality)
    said = {
        "title": "ACME recalls lot EF56",
        "reason": "Visible particles were found in a retained sample.",
        "lots": "insulin, EF56",
    }
    page = console.does("/new-recall", "/recalls", **said)
    return page.rpartition("/")[2]


def _destroy(api: Api) -> str:
    api.receive("GH78", 4, expires_on="2026-05-31")
    assert api.destroy("fridge-a", "GH78", 4).status_code == 200
    return next(str(row["number"]) for row in api.reader.rows("/v1/orders") if row["kind"] == "destruction")


def _compound(api: Api, console: Console) -> str:
    for item in ("syringe", "saline"):
        api.item(item, title={"syringe": "Saline flush syringe 10 mL", "saline": "Sodium chloride 0.9 %"}[item])
    api.administrator.ok("PUT", "/v1/items/syringe/compounding", json={"kind": "503B"})
    api.receive("SAL-1", 100, item="saline", place="suite")
    console.sign_in(api.administrator)
    record = console.does(
        "/new-formulation", "/master-formulation-records", name="syringe-10", item="syringe", quantity="10",
        preparation="category_1", storage="refrigerator", ingredients="saline, 100, 5",
        steps="* Draw up 10 mL of saline into each syringe under the hood\nLabel each syringe", equipment="balance",
        tests="visual inspection",
    )  # fmt: skip
    console.sign_in(api.quality)
    console.does(record, f"{record}/approve", reason="reviewed against USP 797")
    console.sign_in(api.operator)
    batch = console.does("/compounding", "/production-batches", number="B-2026-17", room="suite", quantity="10")
    console.does(batch, f"{batch}/consume", quantity="100")
    console.does(batch, f"{batch}/steps", step="1", note="two syringes discarded")
    console.does(batch, f"{batch}/steps", step="2")
    console.does(batch, f"{batch}/equipment", serial="BAL-7")
    console.does(batch, f"{batch}/deviations", topic="step", text="Two syringes were dropped and replaced.")
    console.sign_in(api.known_as("operator-2", Role.OPERATOR))
    console.does(batch, f"{batch}/checks", step="1")
    console.sign_in(api.operator)
    console.does(batch, f"{batch}/yields", lot_number="SYR-1", quantity="10", to_place="suite")
    console.does(batch, f"{batch}/finish")
    console.sign_in(api.quality)
    console.does(batch, f"{batch}/deviations/1/assess", conclusion="No influence on the product.")
    console.does(batch, f"{batch}/tests", test="visual inspection", result="clear, no particles", passed="true")
    console.sign_in_person("quinn")
    console.does(batch, f"{batch}/decide", meaning="release", reason="All as it should be.", password=PASSWORD)
    return "B-2026-17"


def _order(api: Api, kind: str, source: str, target: str, lines: list[dict[str, Any]], **more: Any) -> str:
    body = {"client_id": str(uuid.uuid4()), "kind": kind, "from_place": source, "to_place": target, "lines": lines}
    return str(api.operator.ok("POST", "/v1/orders", json={**body, **more})["number"])


def _validated(api: Api) -> str:
    """A run of the validation protocol that is kept, of checks that are none of a real one."""

    def deviates() -> str:
        raise Deviation("the door was open")

    steps = (
        Step("IQ-01", "Versions", "Python 3.11 or newer", lambda: "Python 3.11.2"),
        Step("OQ-01", "Doors", "All doors are closed", deviates),
    )
    results = tuple(execute(steps, lambda: NOW))
    return str(keep_run(api.database, results, begun_at=NOW, actor="vera").number)
