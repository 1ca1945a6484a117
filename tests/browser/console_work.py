"""Work of every kind under way in the house, so that each page of the console has something to show."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from cloud_sync.actions.billing import administrations, conversion_tables, reconciliation
from cloud_sync.actions.compounding import batch_execution, compounding, master_formulation_records
from cloud_sync.actions.controlled import controlled, inventories, wastes
from cloud_sync.actions.orders import fulfilment, orders
from cloud_sync.actions.quality import claims, complaints, recalls
from cloud_sync.actions.stock import counts, paper_sheets
from cloud_sync.actions.stock.movements import MovementLine, Transfer, move
from cloud_sync.actions.stock.stock import list_lots
from cloud_sync.domain.billing import COLUMNS, PayerClass
from cloud_sync.domain.bud import Preparation, Storage
from cloud_sync.domain.claims import ComplaintKind, Remedy
from cloud_sync.domain.compounding import BatchStep, Ingredient, Kind, MasterFormulationRecord
from cloud_sync.domain.orders import OrderKind, OrderStep
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.browser.console_hospital import HOSPITAL_PAGES, tell_of_hospital
from tests.browser.console_planning import PLANNING_PAGES, plan_the_house
from tests.browser.console_serials import SERIAL_PAGES, serialise
from tests.browser.console_tracing import TRACING_PAGES, trade
from tests.support.builders import GTIN, Ledger

EMPTY_PAGES = (
    "receiving",
    "orders",
    "picks",
    "transfers",
    "returns",
    "destruction",
    "counts",
    "downtime",
    "recalls",
    "claims",
    "charges",
    "controlled",
    "compounding",
    "planning",
    "shortages",
    "control-tower",
)
"""Lists that teach the first step as long as there is nothing."""
WORK_PAGES = {
    **{name: f"/{name}" for name in EMPTY_PAGES},
    "purchase": "/orders/PO-1", "requisition": "/orders/SO-1", "transfer": "/orders/TR-1", "return": "/orders/RT-1",
    "destroy": "/orders/DX-1", "new-order": "/new-order?kind=requisition", "count": "/counts/C-1",
    "complaint": "/complaints/1", "new-complaint": "/new-complaint",
    "charge": "/charges/1", "new-administration": "/new-administration",
    "register": "/controlled/register?item=morphine&site=site", "inventory": "/controlled/inventories/1",
    "recall": "/recalls/1", "new-recall": "/new-recall", "batch": "/production-batches/B-1",
    "formulation": "/master-formulation-records/syringe-10/1", "new-formulation": "/new-formulation",
    "label": "/labels/place?id=fridge-a",
    "purchase-orders": "/finance/purchase-orders",
    "paper-sheet": "/downtime/sheet?number=site.202603011100.1",
    "search": "/orders?q=insulin&next=to+receive&sort=-number",
    **TRACING_PAGES,
    **SERIAL_PAGES,
    **HOSPITAL_PAGES,
    **PLANNING_PAGES,
}  # fmt: skip


def work(ledger: Ledger, at: datetime) -> None:
    """Orders of each kind half done, a count with differences, a recall to be told, a batch that is made."""
    database = ledger.database
    ledger.add_item("saline", "09501101530010")
    ledger.add_item("syringe", "09501101530027")
    ledger.add_place("suite", "room", "site")
    _orders(database, at)
    counts.open_count(database, place="fridge-b", number="C-1", actor="amy")
    found = [counts.CountFinding("insulin", "L3", 8, "fridge-b")]
    counts.add_findings(database, "C-1", found, client_id=uuid4(), counted_at=at, at=at, actor="amy")
    recalls.open_recall(
        database, title="Acme recalls insulin L3 after particles were found", reason="letter of 12 June, class II",
        is_mock=True, lots=[], items=[], suppliers=[], lot_numbers=[("insulin", "L3")], actor="vera",
    )  # fmt: skip
    _claims(database, at)
    _charges(ledger, at)
    _controlled(ledger, at)
    _batch(database, at)
    _downtime(database, at)
    trade(database, at, GTIN)
    serialise(ledger, at)
    tell_of_hospital(ledger, at)
    plan_the_house(database, at)


def _claims(database: Database, at: datetime) -> None:
    """A complaint with a photograph, a claim that was sent, and a credit note for a part of it."""
    lot = list_lots(database, item="insulin", owner=None, lot_number="L3", rows_max=1)[0]["id"]
    text = "carton crushed, two vials broken"
    new = complaints.NewComplaint(lot, ComplaintKind.DAMAGE, 2, text, at, place="fridge-b")
    row = complaints.open_complaint(database, new, client_id=uuid4(), at=at, actor="amy")
    complaints.attach_file(database, row["id"], b"%PDF-1.7 x", "The carton on arrival", at=at, actor="amy")
    complaints.investigate(database, row["id"], is_confirmed=True, text="crushed in transport", at=at, actor="vera")
    claim = claims.make_claim(
        database, row["id"], wants=Remedy.CREDIT, quantity=2, amount=Decimal("80.00"), currency="USD", note="",
        client_id=uuid4(), at=at, actor="vera",
    )  # fmt: skip
    claims.send_claim(database, claim["id"], "by mail", at=at, actor="vera")
    claims.settle_credit(
        database, claim["id"], amount=Decimal("30.00"), currency="USD", reference="CN-77", at=at, actor="vera"
    )


def _charges(ledger: Ledger, at: datetime) -> None:
    """A made-up conversion table, a dose with waste that is charged, and a day that was compared."""
    database = ledger.database
    ledger.add_place("ward-9", "ward", "site")
    head = ",".join(COLUMNS)
    row = "0002-8215-01,J9999,made up,mL,10,1,ML,10,single_dose,none,2020-01-01,"
    conversion_tables.import_table(
        database, f"{head}\n{row}\n", title="Made-up crosswalk", source="of no publisher", at=at, actor="amy"
    )
    conversion_tables.set_payer_class(database, "house", PayerClass.PURCHASED, "as agreed", actor="amy")
    with database.transaction() as connection:
        connection.execute("UPDATE item SET ndc = '0002-8215-01' WHERE name = 'insulin'")
    given = administrations.Administering(
        MovementLine("insulin", "L3", 1), "fridge-b", "ward-9", at, patient="MRN-4711",
        dose=administrations.Dose(Decimal(7), Decimal(3), "mL"),
    )  # fmt: skip
    administrations.administer(database, given, client_id=uuid4(), at=at, actor="amy")
    reconciliation.reconcile_day(database, "site", at.date(), at=at, actor="vera")


def _controlled(ledger: Ledger, at: datetime) -> None:
    """Ampoules that two people counted, an inventory of them, a unit that waits for its witness, and a rule."""
    database = ledger.database
    ledger.add_item("morphine", "09501101530096")
    ledger.add_place("safe", "room", "site")
    with database.transaction() as connection:
        connection.execute("UPDATE item SET controlled_schedule = 'II' WHERE name = 'morphine'")
    line = MovementLine("morphine", "M1", 12, expires_on=at.date() + timedelta(days=400))
    transfer = Transfer(Action.RECEIVE, "acme", "safe", at)
    move(database, transfer, (line,), client_id=uuid4(), at=at, actor="amy")
    counts.open_count(database, place="safe", number="C-9", actor="amy")
    found = [counts.CountFinding("morphine", "M1", 12, "safe")]
    for person in ("amy", "bo"):
        counts.add_findings(database, "C-9", found, client_id=uuid4(), counted_at=at, at=at, actor=person)
    counts.decide_count(database, "C-9", approve=True, reason="as counted", actor="vera")
    inventories.take_inventory(
        database, "site", ["C-9"], taken_on=at.date(), taken_when="close", remark="", at=at, actor="vera"
    )
    rule = controlled.ControlledRule(True, True, True, 24, 24, "procedure 7, version 2")
    controlled.set_rule(database, "II", rule, at=at, actor="amy")
    wastes.record_waste(
        database, MovementLine("morphine", "M1", 1), "safe", amount=None, unit="", reason="ampoule broke",
        client_id=uuid4(), at=at, actor="amy",
    )  # fmt: skip


def _downtime(database: Database, at: datetime) -> None:
    """A line of a sheet that was written an hour ago."""
    sheet = f"site.{at - timedelta(hours=2):%Y%m%d%H%M}.1"
    line = paper_sheets.PaperLine(
        1, Action.MOVE, at - timedelta(hours=1), "insulin", "L3", 1, "fridge-b", "dock", "amy"
    )  # fmt: skip
    paper_sheets.enter_lines(database, sheet, [line], at=at, actor="ben")


def _ask(database: Database, kind: OrderKind, places: Sequence[str], number: str, *lines: orders.Asked) -> None:
    new = orders.NewOrder(kind, *places, lines=lines, number=number, note="by telephone")
    orders.request_order(database, new, client_id=uuid4(), actor="amy")


def _orders(database: Database, at: datetime) -> None:
    insulin, saline = orders.Asked("insulin", 4), orders.Asked("saline", 500)
    _ask(database, OrderKind.PURCHASE, ("acme", "fridge-b"), "PO-1", orders.Asked("insulin", 20), saline)
    _ask(database, OrderKind.PURCHASE, ("acme", "fridge-b"), "PO-2", orders.Asked("insulin", 60))
    for step, actor in ((OrderStep.APPROVED, "ben"), (OrderStep.ORDERED, "amy")):
        orders.take_step(database, "PO-1", step, "within budget", at=at, actor=actor)
    came = [fulfilment.Came("insulin", "N-77", 12, expires_on=date(2027, 6, 30)),
            fulfilment.Came("insulin", "OLD-1", 2, expires_on=date(2026, 1, 31)),
            fulfilment.Came("saline", "SAL-2026-0001", 480, expires_on=date(2028, 1, 31))]  # fmt: skip
    booked = {"to_place": None, "occurred_at": at, "at": at, "actor": "amy"}
    fulfilment.receive(database, "PO-1", came, client_id=uuid4(), **booked)  # type: ignore[arg-type]
    _ask(database, OrderKind.REQUISITION, ("site", "st-mary"), "SO-1", insulin, orders.Asked("saline", 90))
    _ask(database, OrderKind.TRANSFER, ("fridge-b", "dock"), "TR-1", insulin)
    _ask(database, OrderKind.RETURN, ("st-mary", "fridge-b"), "RT-1", orders.Asked("insulin", 1))
    _ask(database, OrderKind.DESTRUCTION, ("fridge-b", "scrap"), "DX-1", orders.Asked("insulin", 2, "OLD-1"))
    for number in ("SO-1", "TR-1"):
        fulfilment.allocate_order(database, number, client_id=uuid4(), at=at, actor="amy")


def _batch(database: Database, at: datetime) -> None:
    master_formulation_records.set_compounded(database, "syringe", Kind.FOR_STOCK, actor="amy")
    body = MasterFormulationRecord(
        quantity=10, preparation=Preparation.CATEGORY_1, storage=Storage.REFRIGERATOR,
        ingredients=(Ingredient(item="saline", quantity=100, tolerance_pct=5),),
        steps=(BatchStep(text="Draw up saline", second_check=True), BatchStep(text="Label each syringe")),
        equipment=("balance",), tests=("visual inspection",), yield_min_pct=95, yield_max_pct=105,
    )  # fmt: skip
    master_formulation_records.draft_master_record(database, "syringe-10", "syringe", body, actor="amy")
    master_formulation_records.approve_master_record(database, "syringe-10", 1, "reviewed", actor="ben")
    compounding.plan_batch(
        database, number="B-1", master_formulation_record="syringe-10", version=None, room="suite", quantity=3,
        prescription="", owner="house", actor="amy",
    )  # fmt: skip
    taken = (MovementLine("saline", "SAL-2026-0001", 30),)
    compounding.consume(
        database, "B-1", from_place="fridge-b", lines=taken, occurred_at=at, client_id=uuid4(), at=at, actor="amy"
    )  # fmt: skip
    batch_execution.do_step(database, "B-1", 1, "slowly", at=at, actor="amy")
