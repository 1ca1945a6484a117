"""What could not be booked is booked after all, once the cause of it is gone: by its case, and by a person.

A case holds a whole batch that was set aside, or one scanned line that contradicted the ledger.
"""

from cloud_sync.domain.booking import Why
from cloud_sync.errors import Conflict, NotAllowed, NotFound
from cloud_sync.ingest.dead_letters import SET_ASIDE, is_poison, words_of
from cloud_sync.ingest.whole_batches import book_evidence
from cloud_sync.posting.cases import close_case, latest_case
from cloud_sync.posting.movements import book_line_of_case
from cloud_sync.storage.database import Connection, Database, Row, again_if_overtaken
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.wire import decode_batch


@again_if_overtaken
def reprocess(database: Database, case_id: int, *, reason: str, actor: str) -> Row:
    """Book what a case holds, a batch (``batch_set_aside``) or a scanned line (``domain.booking.Why``); gives the case.

    All of it or nothing, once, and the case is closed. Raises ``NotFound``; ``Conflict`` if it is another case, closed
    already, or still cannot be booked: then the case stays open.
    """
    try:
        with database.transaction() as connection:
            return _reprocess(connection, case_id, reason, actor)
    except Exception as error:
        if not is_poison(error):
            raise
        raise Conflict(
            f"case {case_id} still cannot be booked: {words_of(error)}",
            "Nothing of it was booked and the case stays open. Bring in a version that can read it, and try again.",
        ) from error


def _reprocess(connection: Connection, case_id: int, reason: str, actor: str) -> Row:
    case: Row | None = queries("quality").case_by_id(connection, case_id=case_id)
    if case is None:
        raise NotFound(f"there is no case {case_id}", f"See GET /v1/cases?kind={SET_ASIDE}.")
    if case["kind"] in list(Why):
        return _book_line(connection, case, reason, actor)
    if case["kind"] != SET_ASIDE:
        raise Conflict(f"case {case_id} ({case['kind']}) holds nothing that could be booked", "Resolve it instead.")
    evidence = queries("ingest").evidence_by_id(connection, id=case["evidence_id"])
    batch = decode_batch(bytes(evidence["raw"]))
    header = batch.header
    # Two who ask at once: the second one finds the case closed.
    queries("ingest").lock_lane(connection, lane=f"{header.gateway}/{header.journal}/{header.lane}")
    newest = latest_case(connection, SET_ASIDE, case["key"])
    if newest is None or newest["id"] != case_id or newest["resolved_at"] is not None:
        raise Conflict(f"case {case_id} is closed", f"See GET /v1/cases?kind={SET_ASIDE} for those that are open.")
    # Its lane has a hole here as long as the case is open.
    close_case(connection, case_id, actor=actor, resolution=f"booked again: {reason}")
    book_evidence(connection, batch, case["evidence_id"])
    data = {"evidence": case["evidence_id"], "digest": batch.digest, "records": header.count}
    add_event(
        connection, actor=actor, kind="batch_rebooked", subject=f"case:{case_id}", reason=reason, data=data
    )  # fmt: skip
    closed: Row = queries("quality").case_by_id(connection, case_id=case_id)
    return closed


@again_if_overtaken
def book_on_purpose(database: Database, case_id: int, *, reason: str, actor: str) -> Row:
    """Book what a gateway said of another site (``outside_site``), and let it speak for that site from now on.

    For a scanner that is carried from site to site. Raises as ``reprocess`` does.
    """
    with database.transaction() as connection:
        case: Row | None = queries("quality").case_by_id(connection, case_id=case_id)
        if case is None:
            raise NotFound(f"there is no case {case_id}", f"See GET /v1/cases?kind={Why.OUTSIDE_SITE}.")
        if case["kind"] != Why.OUTSIDE_SITE or "line" not in case["data"]:
            raise Conflict(f"case {case_id} ({case['kind']}) is not about a scan of another site")
        closed = _book_line(connection, case, reason, actor)
        line, gateway = case["data"]["line"], case["key"].partition("/")[0]
        names = [name for name in (line["from_place"], line["to_place"]) if name]
        given = queries("movements").give_sites(connection, gateway=gateway, names=names, reason=reason, said_by=actor)
        for row in list(given):
            subject, data = f"gateway:{gateway}", {"site": row["site"], "case": case_id}
            add_event(connection, actor=actor, kind="gateway_site_given", subject=subject, reason=reason, data=data)
        return closed


def _book_line(connection: Connection, case: Row, reason: str, actor: str) -> Row:
    if "line" not in case["data"]:
        raise Conflict(f"case {case['id']} ({case['kind']}) holds nothing that could be booked", "Count it there.")
    if case["kind"] == Why.OUTSIDE_SITE and case["data"]["line"]["operator"] == actor:
        raise NotAllowed(f"{actor} scanned this", "Somebody else with the role quality has to confirm it.")
    newest = latest_case(connection, case["kind"], case["key"])  # locked: two who ask at once wait here
    if newest is None or newest["id"] != case["id"] or newest["resolved_at"] is not None:
        raise Conflict(f"case {case['id']} is closed", "See GET /v1/cases for those that are open.")
    if why_not := book_line_of_case(connection, case):
        raise Conflict(f"the scan of case {case['id']} still cannot be booked: {why_not}", "The case stays open.")
    data = {"fact": case["key"]}
    add_event(connection, actor=actor, kind="scan_rebooked", subject=f"case:{case['id']}", reason=reason, data=data)
    close_case(connection, case["id"], actor=actor, resolution=f"booked again: {reason}")
    closed: Row = queries("quality").case_by_id(connection, case_id=case["id"])
    return closed
