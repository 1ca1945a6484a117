"""Which journals of a gateway are believed. One that nobody announced may be that of a copied key.

A gateway writes one journal, and says so when another takes its place: a person replaced it, or it was damaged and set
aside (:func:`announced_by`). The ledger believes the first journal of a gateway, the first one after its key was
replaced (a new enrolment), and those that are announced, as long as the old one ends where the new one begins. Any
other is doubted: all of it is kept, and what it measured is judged alone, as another version of each channel. So it
widens at once what is held, and ends and withdraws nothing, in whatever order the two arrive, until quality decides.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud_sync.domain.dispositions import CaseDecision
from cloud_sync.domain.typed_times import CLOCKS_MAY_DIFFER
from cloud_sync.errors import Invalid
from cloud_sync.ingest.notices import apply_notices
from cloud_sync.ingest.provenance import RecordSource, Sourced
from cloud_sync.ingest.time_window import TimeWindow
from cloud_sync.posting.cases import Case, close_case, latest_case, open_case
from cloud_sync.posting.monitoring.channel_versions import drop_versions, join_versions, part_versions
from cloud_sync.posting.movements import retime
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import FORMER_JOURNALS, SEQ_END, Lane, Notice, NoticeKind
from edge_agent.domain.wire.wire import WireError, decode_batch, decode_record

DOUBTED_JOURNAL = "doubted_journal"
"""The kind of the cases."""
WHAT_TO_DO = (
    "All of it is kept and judged alone: it ends no hold. Find out whether the gateway's disk was replaced, or whether "
    "somebody has copied its key; then accept the case, and both count together, or reject it, and this journal counts "
    "for nothing"
)
_TIME = "%Y-%m-%d %H:%M"


def is_trusted(connection: Connection, gateway: Row, name: str, journal: str) -> bool:
    """Whether a journal is believed; one that was never heard of is noted, and a case if nobody announced it.

    ``gateway`` is a row of ``ingest.gateway``. Ask before anything else is locked.
    """
    known = (gateway["journals"] or {}).get(journal)
    if known is not None and len(gateway["journals"]) == 1:
        return bool(known["standing"] == "trusted")
    lock_journals(connection, name)
    row = queries("journals").journal(connection, gateway_id=gateway["id"], journal=journal)
    standing = row["standing"] if row else None
    if standing is None:
        standing = queries("journals").add_journal(connection, gateway_id=gateway["id"], journal=journal)
        if standing != "trusted":
            open_case(connection, _case(name, journal, f"gateway {name} sends a second journal that nobody announced"))
    return bool(standing == "trusted")


def lock_journals(connection: Connection, name: str) -> None:
    """Nobody else decides on journals of this gateway until the end of the transaction."""
    queries("ingest").lock_lane(connection, lane=f"{name}/journals")


def settle_standing(
    connection: Connection,
    gateway: Row,
    source: RecordSource,
    said: Sequence[Sourced[Notice]],
    span: tuple[datetime | None, datetime | None],
) -> RecordSource:
    """Decide on the journals of a gateway by what a new batch says, before any of it is booked; gives the source.

    ``said`` are its notices, ``span`` the earliest time in it and the latest trusted one. A doubted journal is believed
    if it is announced now. One that was announced in another one's place is doubted if the two go on side by side.
    """
    if source.is_doubted:
        return replace(source, is_doubted=not _is_announced(connection, source, said))
    if len(gateway["journals"] or {}) < 2:
        return source
    contradicted = check_succession(connection, source.gateway_id, source.gateway, source.journal, span)
    return replace(source, is_doubted=source.journal in contradicted)


def _is_announced(connection: Connection, source: RecordSource, said: Sequence[Sourced[Notice]]) -> bool:
    for each in said:
        follows = announced_by(each.record)
        if follows is None or follows == source.journal:
            continue
        row = queries("journals").journal(connection, gateway_id=source.gateway_id, journal=source.journal)
        if row["why"] != "unannounced" or not _may_follow(connection, source, follows, each.record.stamp.at):
            return False
        queries("journals").announce_journal(
            connection,
            gateway_id=source.gateway_id,
            journal=source.journal,
            follows=None if follows == FORMER_JOURNALS else follows,
            began_at=min(each.record.stamp.at, source.window.now),
        )
        believe(connection, replace(source, is_doubted=False), actor=LEDGER, why=each.record.text)
        return True
    return False


def announced_by(notice: Notice) -> str | None:
    """The journal in whose place this notice says that its own one was started; ``FORMER_JOURNALS`` for all before.

    A person set it aside (``new_journal``), or it was damaged, and is lost from some number on without end (``gap``).
    """
    data = notice.data
    named, first, count = data.get("journal"), data.get("first"), data.get("count")
    is_open_ended = isinstance(first, int) and isinstance(count, int) and first + count >= SEQ_END
    if notice.notice is not NoticeKind.NEW_JOURNAL and not (notice.notice is NoticeKind.GAP and is_open_ended):
        return None
    if named == FORMER_JOURNALS:
        return FORMER_JOURNALS
    try:
        return str(UUID(str(named)))
    except ValueError:
        return None


def check_succession(
    connection: Connection, gateway_id: int, name: str, journal: str, span: tuple[datetime | None, datetime | None]
) -> set[str]:
    """Doubt what was announced in another journal's place, where the two go on side by side; gives the journals.

    ``span``: the earliest time in a new batch of ``journal``, and the latest trusted one.
    """
    first_at, last_at = span
    found: set[str] = set()
    for row in list(queries("journals").journals_of(connection, gateway_id=gateway_id)):
        if row["standing"] != "trusted" or row["began_at"] is None:
            continue
        is_own, began_at = row["journal"] == journal, row["began_at"]
        if is_own and first_at is not None and first_at < began_at - CLOCKS_MAY_DIFFER:
            found.add(row["journal"])
            doubt(connection, gateway_id, name, row["journal"], f"it tells of {first_at:{_TIME}} UTC, before it began")
        is_former = not is_own and row["follows"] in (journal, None)
        if is_former and last_at is not None and last_at > began_at + CLOCKS_MAY_DIFFER:
            found.add(row["journal"])
            doubt(
                connection, gateway_id, name, row["journal"], f"journal {journal} went on until {last_at:{_TIME}} UTC"
            )
    return found


def doubt(connection: Connection, gateway_id: int, name: str, journal: str, why: str) -> None:
    """Take back that a journal is believed, and of those that were announced in its place; each is a case."""
    lock_journals(connection, name)
    row = queries("journals").journal(connection, gateway_id=gateway_id, journal=journal)
    if row["standing"] != "trusted":
        return
    queries("journals").set_standing(
        connection, gateway_id=gateway_id, journal=journal, standing="doubted", why="contradicted"
    )
    _tell(connection, name, journal, "doubted", LEDGER, why)
    open_case(connection, _case(name, journal, f"gateway {name} announced a second journal, but {why}"))
    part_versions(connection, gateway_id, journal)
    _retime(connection, name, journal, is_doubted=True)
    for each in list(queries("journals").journals_of(connection, gateway_id=gateway_id)):
        if each["standing"] == "trusted" and each["follows"] == journal:
            doubt(connection, gateway_id, name, each["journal"], f"it was announced in the place of {journal}")


def believe(connection: Connection, source: RecordSource, *, actor: str, why: str) -> None:
    """Let what a doubted journal said count as what the others say. ``source`` is any batch of it."""
    queries("journals").believe_journal(connection, gateway_id=source.gateway_id, journal=source.journal)
    _tell(connection, source.gateway, source.journal, "trusted", actor, why)
    join_versions(connection, source.gateway_id, source.journal)
    for row in list(
        queries("journals").batches_of_scans(connection, gateway_id=source.gateway_id, journal=source.journal)
    ):
        apply_notices(connection, replace(source, evidence_id=row["id"]), _notices(bytes(row["raw"])))
    _retime(connection, source.gateway, source.journal, is_doubted=False)
    case = latest_case(connection, DOUBTED_JOURNAL, _key(source.gateway, source.journal))
    if actor == LEDGER and case is not None and case["resolved_at"] is None:
        close_case(connection, case["id"], actor=actor, resolution=f"it was announced: {why}")


def reject(connection: Connection, gateway_id: int, name: str, journal: str, *, actor: str, why: str) -> None:
    """Let what a doubted journal measured count for nothing from now on; all of it is kept."""
    queries("journals").set_standing(connection, gateway_id=gateway_id, journal=journal, standing="rejected", why=None)
    _tell(connection, name, journal, "rejected", actor, why)
    drop_versions(connection, gateway_id, journal)


def decide_on_journal(connection: Connection, case: Row, decision: CaseDecision, *, actor: str, why: str) -> None:
    """Quality's word on the case of a doubted journal. Raises ``Invalid`` if it is neither accepted nor rejected."""
    if decision not in (CaseDecision.ACCEPTED, CaseDecision.REJECTED):
        raise Invalid(
            "a doubted journal is accepted or rejected: otherwise it would stay doubted with nobody to ask",
            "Send the decision accepted (it is the gateway's own) or rejected (it is not).",
        )
    name, journal = case["data"]["gateway"], case["data"]["journal"]
    gateway: Row = queries("ingest").gateway(connection, name=name)
    lock_journals(connection, name)
    row = queries("journals").journal(connection, gateway_id=gateway["id"], journal=journal)
    if row["standing"] != "doubted":
        return
    if decision is CaseDecision.REJECTED:
        reject(connection, gateway["id"], name, journal, actor=actor, why=why)
        return
    source = RecordSource(gateway["id"], name, journal, Lane.SCANS, 0, TimeWindow.of(gateway))
    believe(connection, source, actor=actor, why=why)


def _notices(raw: bytes) -> list[Sourced[Notice]]:
    batch = decode_batch(raw)
    found = []
    for seq, line in enumerate(batch.lines, start=batch.header.first):
        try:
            record = decode_record(line)
        except WireError:
            continue  # it is a case of its own
        if isinstance(record, Notice):
            found.append(Sourced(seq, record))
    return found


def _may_follow(connection: Connection, source: RecordSource, follows: str, at: datetime) -> bool:
    """Whether the old journals ended before the new one began, as far as is known by now."""
    rows = list(queries("journals").journals_of(connection, gateway_id=source.gateway_id))
    old = [row for row in rows if row["journal"] != source.journal and follows in (row["journal"], FORMER_JOURNALS)]
    if not old or any(row["standing"] != "trusted" for row in old):
        return False
    for row in old:
        last_at = queries("journals").latest_of_journal(
            connection, gateway_id=source.gateway_id, journal=row["journal"]
        )
        if last_at is not None and last_at > at + CLOCKS_MAY_DIFFER:
            return False
    versions = queries("journals").versions(connection, gateway_id=source.gateway_id, journal=source.journal)
    first_at = queries("journals").earliest_heard(connection, channel_ids=[row["id"] for row in versions])
    return first_at is None or first_at >= at - CLOCKS_MAY_DIFFER


def _retime(connection: Connection, name: str, journal: str, *, is_doubted: bool) -> None:
    retime(
        connection,
        queries("journals").movements_of_journal(connection, name=name, journal=journal, is_doubted=is_doubted),
    )


def _tell(connection: Connection, name: str, journal: str, standing: str, actor: str, why: str) -> None:
    data: dict[str, Any] = {"journal": journal, "standing": standing}
    add_event(connection, actor=actor, kind=f"journal_{standing}", subject=f"gateway:{name}", reason=why, data=data)


def _key(name: str, journal: str) -> str:
    return f"gateway:{name}/journal:{journal}"


def _case(name: str, journal: str, text: str) -> Case:
    data = {"gateway": name, "journal": journal}
    return Case(DOUBTED_JOURNAL, _key(name, journal), f"{text} (journal {journal}). {WHAT_TO_DO}", data=data)
