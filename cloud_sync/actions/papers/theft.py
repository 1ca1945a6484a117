"""What the report on a suspicious unit shows."""

from datetime import datetime

from cloud_sync.actions.papers.lots import id_of, lot_row, site_of_lot
from cloud_sync.actions.papers.pedigrees import told_of
from cloud_sync.domain.theft_signals import signals_of
from cloud_sync.errors import NotFound
from cloud_sync.papers.kinds.theft_report import TheftReport
from cloud_sync.posting.serials.theft import facts_of
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries


def report_of(database: Database, paper_id: str, at: datetime) -> TheftReport:
    """Of the signal with this case number. Raises ``NotFound``."""
    with database.transaction() as connection:
        case: Row | None = queries("pedigree").theft_case(connection, case_id=id_of(paper_id, "case"))
        if case is None:
            raise NotFound(f"case {paper_id} is no signal about a unit", "See GET /v1/theft-signals.")
        unit = (case["data"]["item_id"], case["data"]["serial"])
        ((_, known),) = facts_of(connection, [unit]).values()
        signals = signals_of(known)
        evidence = {fact for signal in signals for fact in signal.facts}
        lost = f"since {known.lost_at:%Y-%m-%d %H:%M} UTC" if known.lost_at else ""
        return TheftReport.model_validate({
            "site": site_of_lot(connection, case["lot_id"]), "case_id": case["id"], "text": case["text"],
            "opened_at": case["opened_at"], "resolution": case["resolution"] or "",
            "lot": lot_row(connection, case["lot_id"]), "serial": unit[1], "lost": lost,
            "signals": [
                {"signal": each.kind.value, "text": each.text, "at": each.at, "facts": each.facts} for each in signals
            ],
            "seen": [
                {
                    "at": each.at, "action": each.action, "lot_number": each.lot_number,
                    "from_place": each.from_place, "to_place": each.to_place, "operator": each.operator,
                    "fact": each.fact, "is_evidence": each.fact in evidence,
                }
                for each in known.moved
            ],
            "maker": told_of(connection, case["lot_id"], unit[1]),
        })  # fmt: skip
