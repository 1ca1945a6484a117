"""Serialised units, devices and suspicions, so that each of their pages has something to show."""

from datetime import datetime, timedelta
from uuid import uuid4

from cloud_sync.actions.serials import corrections, devices, numbering, theft
from cloud_sync.actions.stock.movements import MovementLine, Transfer, move
from edge_agent.domain.wire.records import Action
from tests.support.builders import Ledger

SERIAL_PAGES = {
    "serials": "/serials", "serial-range": "/serials/ranges/1", "devices": "/devices", "theft": "/theft",
    "field-correction": "/field-corrections/1",
}  # fmt: skip
GTIN = "09501101530034"


def serialise(ledger: Ledger, at: datetime) -> None:
    """Pumps with serials given here, one lent to a patient, one in repair, one stolen and seen again."""
    database = ledger.database
    ledger.add_item("pump", GTIN)
    ledger.run("UPDATE item SET serial_tracked = true, expiry_required = false WHERE name = 'pump'")
    numbering.keep_pattern(database, "pump", "LW{yy}{n:4}", "receipt", at=at, actor="ada")
    moved = move(
        database, Transfer(Action.RECEIVE, "acme", "dock", at - timedelta(hours=2)), (MovementLine("pump", "P1", 6),),
        client_id=uuid4(), at=at, actor="amy",
    )  # fmt: skip
    lot_id = moved[0]["lot_id"]
    given = numbering.assign(
        database, lot_id=lot_id, place="dock", quantity=4, reason="came without", client_id=uuid4(), at=at, actor="amy"
    )
    one, two, three, four = given["serials"]
    numbering.allot(
        database, item="pump", first_serial="CM-001", last_serial="CM-500", allotted_to="Contract maker", at=at,
        reason="their line 2", actor="ada",
    )  # fmt: skip
    devices.keep_device(
        database, "pump", device_class="III", tracking="life_sustaining", reason="ordered by the FDA", at=at,
        warranties=[{"supplier": "", "months": 24, "starts": "receipt"}], actor="ada",
        plans=[{"name": "output-check", "kind": "calibration", "every_days": 20, "starts": "receipt"}],
    )  # fmt: skip
    devices.lend(
        database, lot_id, one, to_place="st-mary", due_back_at=at + timedelta(days=30), patient="MRN-77",
        reason="home care", client_id=uuid4(), at=at, actor="amy",
    )  # fmt: skip
    devices.open_repair(database, lot_id, two, fault="no output", sent_to="maker", at=at, actor="quinn")
    corrections.open_correction(
        database, item="pump", title="Battery of firmware 2.1", reference="FSN-9", instructions="Update the firmware",
        serials=[one, three, "X7"], at=at, actor="quinn",
    )  # fmt: skip
    theft.report_lost(
        database, item="pump", serial=four, why="stolen", description="The van was broken into",
        lost_at=at - timedelta(days=1), at=at, actor="quinn",
    )  # fmt: skip
