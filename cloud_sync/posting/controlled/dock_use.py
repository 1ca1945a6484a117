"""What a dock dispensed to a patient or destroyed: administrations, charges and waste that follow from a scan."""

import re
from decimal import Decimal

from cloud_sync.posting.billing.charges import DockLine, record_dock_dispense
from cloud_sync.posting.controlled.wastes import record_dock_waste
from cloud_sync.storage.database import Connection
from edge_agent.domain.wire.records import Action, ScanTransaction

_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


def record_dock_use(connection: Connection, scan: ScanTransaction, said_at: str) -> None:
    """Keep what follows of it; never refused. Call it once its lines are booked. ``said_at``: its identity."""
    if scan.action not in (Action.DISPENSE, Action.DESTROY):
        return
    facts = {f"{said_at}#{number}": amount_of(line.wasted) for number, line in enumerate(scan.lines, start=1)}
    witness = "" if scan.witness in (None, scan.operator) else scan.witness or ""
    if scan.action is Action.DISPENSE:
        lines = [DockLine(fact, wasted) for fact, wasted in facts.items()]
        record_dock_dispense(
            connection, scan.order or "", lines, witness=witness, at=scan.stamp.at, actor=scan.operator
        )
    record_dock_waste(connection, scan.action, facts, witness=witness)


def amount_of(text: str) -> Decimal:
    """What a dock says was thrown away; what is no such amount counts as nothing.

    >>> amount_of("4.5"), amount_of(""), amount_of("much")
    (Decimal('4.5'), Decimal('0'), Decimal('0'))
    """
    return Decimal(text) if _AMOUNT.fullmatch(text) else Decimal(0)
