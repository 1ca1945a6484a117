"""Controlled changes: proposed, approved by somebody else, in force from a day on."""

import tomllib
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from markupsafe import Markup, escape
from pydantic import ValidationError

from cloud_sync.actions.governance import change_control, controlled_changes, retention_rules
from cloud_sync.actions.master_data.choices import places_to_choose
from cloud_sync.actions.master_data.master_data import list_policies
from cloud_sync.actions.overview.record_lists import changes_listed
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.people.signatures import list_rules
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Reason, Text, name_of, reason_of, whole
from cloud_sync.console.page_route import Governor, PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.console.words import HOLDS_NOTHING, severe_words
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.roles import Role
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database, Row
from edge_agent.domain.monitoring.policies import Policy

ROWS_MAX = 1000
RECORDS_PROPOSED = 50
"""Change control records whose numbers are proposed; any other is entered by its number."""
KINDS = {
    "retention": "a retention period", "second_signature": "when two people sign",
    "storage_policy": "a storage policy", "place_policy": "the policy of a place", "sop": "a procedure",
    "training": "training for a role", "gateway_config": "the configuration of a gateway",
    "quality_plan": "a quality plan", "beyond_use": "a beyond-use date by stability data",
}  # fmt: skip

router = APIRouter(route_class=PageRoute)


def state_of(row: Row) -> str:
    """Where a change stands."""
    if row["applied_at"]:
        return "in force"
    if row["decision"] == "approved":
        return "approved"
    return row["decision"] or "open"


def _what(row: Row) -> Markup:
    parts = [escape(row["subject"].replace("_", " ").replace(":", " "))]
    after = row["after"]
    match row["kind"]:
        case "storage_policy":
            parts.append(Markup("<br><small>{} rules: {}</small>").format(len(after["rules"]), after["title"]))
            parts.extend(Markup("<br><small>{}</small>").format(words) for words in _severe(row["before"], after))
        case "gateway_config":
            parts.append(Markup("<br><small>version {}</small>").format(after["version"]))
            for each in after["differences"][:10]:
                told = (each["path"], each["before"] or "nothing", each["after"] or "nothing")
                parts.append(Markup("<br><small>{}: {} → {}</small>").format(*told))
        case "quality_plan":
            about = after.get("item") or after.get("place") or "operators"
            tests = len(after.get("tests") or after["points"])
            words = f"version {after['version']}, {about}: {tests} limits, {after['source']}"
            parts.append(Markup("<br><small>{}</small>").format(words))
        case "sop":
            parts.append(Markup("<br><small>version {}: {}</small>").format(after["version"], after["title"]))
        case _:
            was, will_be = (_values(row[when]) for when in ("before", "after"))
            parts.append(Markup("<br><small>{} → {}</small>").format(was, will_be))
    return Markup('<span class="values">{}</span>').format(Markup("").join(parts))


def _severe(before: Row | None, after: Row) -> list[str]:
    """Rules whose excursions are severe from another length on than before."""
    was = {rule["name"]: severe_words(rule, before) for rule in before["rules"]} if before else {}
    now = {rule["name"]: severe_words(rule, after) for rule in after["rules"]}
    silent = severe_words({}, {})
    changed = {name: (was.get(name, silent), words) for name, words in now.items() if was.get(name, silent) != words}
    return [
        f"two sign a release, {name}: {a} → {b}" for name, (a, b) in changed.items() if before or b != HOLDS_NOTHING
    ]


def _values(said: Row | None) -> str:
    return ", ".join("none" if value is None else str(value) for value in (said or {"": None}).values())


def _record(row: Row) -> str:
    return f"CC-{row['change_control_id']}" if row["change_control_id"] else ""


CHANGES = (
    Column("id", "Change", Show.NUMBER),
    Column("kind", "Kind", filters=tuple(KINDS.values()), value=lambda row: KINDS[row["kind"]]),
    Column("subject", "What", html=_what),
    Column("reason", "Why", html=lambda row: f"Why: {row['reason']}", below=True),
    Column("proposed_by", "Proposed by"),
    Column("effective_from", "In force from", Show.WHEN),
    Column("decided_by", "Decided by"),
    Column("record", "Record", value=_record),
    Column("state", "State", Show.TAG, filters=("open", "approved", "rejected", "in force"), value=state_of),
)
SORTS = ("id", "kind", "subject", "proposed_by", "effective_from", "decided_by", "state")


@router.get("/changes")
def changes_page(request: Request, database: Ledger, _: Visitor, all: Annotated[bool, Query()] = False) -> Any:  # noqa: A002
    """What waits for approval or for its day, or all; and how to propose another one."""

    def found(wanted: ListRequest) -> list[Row]:
        kind = next((name for name, told in KINDS.items() if told == wanted.chosen.get("kind")), "")
        return changes_listed(database, wanted, only_open=not all, kind=kind)

    records = change_control.list_records(database, only_open=True, rows_max=RECORDS_PROPOSED)
    return list_page(
        request, "changes.html", all=all, roles=[role.value for role in Role if role is not Role.OWNER],
        changes=table(request, "changes", CHANGES, source=found, sorts=SORTS, zone=house_zone(database)),
        retention=retention_rules.list_rules(database), rules=list_rules(database), records=records,
        places=places_to_choose(database, INTERNAL),
        policies=[row["name"] for row in list_policies(database, rows_max=ROWS_MAX, rows_skipped=0)],
    )  # fmt: skip


@router.post("/changes")
def propose_page(
    request: Request, database: Ledger, actor: Governor, now: Now, kind: Field = "", name: Field = "",
    value: Field = "", policy: Text = "", place: Field = "", code: Field = "", title: Field = "",
    reference: Field = "", sha256: Field = "", body: Text = "", role: Field = "", since: Field = "",
    record: Field = "", reason: Reason = "",
) -> Any:  # fmt: skip
    """Propose a change."""
    never = value.strip() in ("", "never")
    asked: dict[str, Any]
    match kind:
        case "retention":
            asked = {"name": name, "years": _between(value, "the years", 1, 100)}
        case "second_signature":
            asked = {"name": name, "from_value": None if never else whole(value, "the value")}
        case "storage_policy":
            asked = {"policy": _policy(policy)}
        case "place_policy":
            asked = {"place": place, "policy": policy.strip() or None}
        case "sop":
            if not (body.strip() or reference.strip()):
                raise Invalid("a procedure has a text, or says where it is", "Go back and write one of them down.")
            asked = {"code": name_of(code), "title": title.strip() or code, "reference": reference.strip(),
                     "sha256": sha256.strip().lower(), "body": body.strip()}  # fmt: skip
        case "training":
            days = None if never else _between(value, "the days of grace", 0, 365)
            asked = {"role": role, "code": code.strip(), "grace_days": days}
        case _:
            raise Invalid("the kind of change is missing", "Go back and choose it.")
    controlled_changes.propose(
        database, kind, asked, reason=reason_of(reason, "a change"), effective_from=_moment(since, database, now),
        change_control=_record_entered(record), at=now, actor=actor.name,
    )  # fmt: skip
    return RedirectResponse("/changes", 303)


@router.post("/changes/{change_id}/approve")
def approve_page(change_id: int, database: Ledger, actor: Governor, now: Now, reason: Reason = "") -> Any:
    """Agree to what somebody else proposed."""
    controlled_changes.approve(database, change_id, reason=reason_of(reason, "an approval"), at=now, actor=actor.name)
    return RedirectResponse("/changes", 303)


@router.post("/changes/{change_id}/reject")
def reject_page(change_id: int, database: Ledger, actor: Governor, now: Now, reason: Reason = "") -> Any:
    """Leave things as they are."""
    controlled_changes.reject(database, change_id, reason=reason_of(reason, "a rejection"), at=now, actor=actor.name)
    return RedirectResponse("/changes", 303)


def _record_entered(text: str) -> int | None:
    """The change control record ``CC-12``, or ``12``; none if nothing was entered."""
    number = text.strip().upper().removeprefix("CC-")
    return whole(number, "the change control record") if number else None


def _policy(text: str) -> dict[str, Any]:
    try:
        return Policy.model_validate(tomllib.loads(text.replace("\r\n", "\n"))).model_dump(mode="json")
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"the policy is not TOML: {error}", "Paste a whole policy file.") from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise Invalid(f"the policy: {where}: {fault['msg']}", "Correct it and paste it again.") from error


def _moment(text: str, database: Database, now: datetime) -> datetime | None:
    """The beginning of a day where the house is; None for today and for nothing."""
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise Invalid(f"“{text[:30]}” is no day", "Write it as 2027-01-31.") from error
    zone = ZoneInfo(house_zone(database))
    if day == now.astimezone(zone).date():
        return None
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _between(text: str, what: str, least: int, most: int) -> int:
    number = whole(text, what)
    if not least <= number <= most:
        raise Invalid(f"{what} are {number}", f"Write {least} to {most}.")
    return number
