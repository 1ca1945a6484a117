"""An extract of the audit trail: who did what, when and why, with the old and the new values."""

from typing import Any

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Col, Document, Facts, Status, Table, Text, Tone, drop_empty
from cloud_sync.papers.envelope import PaperData, Shown, canonical
from cloud_sync.papers.parts import words
from cloud_sync.papers.style import PaperStyle

VALUE_CHARACTERS_MAX = 400


class AuditEvent(Shown):
    """An event. ``changes``: field to old and new value; ``happened_at`` differs where a gateway reported it."""

    id: int
    at: AwareDatetime
    happened_at: AwareDatetime | None
    actor: str
    kind: str
    subject: str
    reason: str
    changes: dict[str, Any]
    gateway_record: str | None


class AuditExtract(PaperData):
    """Events by subject, or of a month, in the order in which they were recorded."""

    subject: str
    month: str
    first: AwareDatetime | None
    last: AwareDatetime | None
    events: tuple[AuditEvent, ...]
    is_cut: bool


def audit_extract(data: AuditExtract, style: PaperStyle) -> Document:
    """The paper."""
    about = data.subject or "all subjects"
    month = style.month(data.month) if data.month else "all times"
    rows = [
        (str(each.id), _when(each, style), each.actor, each.subject, words(each.kind), _what(each, style))
        for each in data.events
    ]  # fmt: skip
    blocks: list[Block] = [
        *(
            [Status("CUT", "There are more events than this paper shows; choose a shorter time.", Tone.WARN)]
            if data.is_cut
            else []
        ),
        Facts(
            drop_empty(
                [
                    ("About", about),
                    ("Recorded", month),
                    ("Events", style.number(len(data.events))),
                    ("From", style.when(data.first) if data.first else None),
                    ("Until", style.when(data.last) if data.last else None),
                ]
            )
        ),
        Table(
            [
                Col("No.", right=True),
                Col("Recorded"),
                Col("Who"),
                Col("About", "1fr", is_code=True),
                Col("What", "1fr"),
                Col("Why, and what changed", "2.2fr"),
            ],
            rows,
            "Nothing was recorded.",
        ),
        Text("Every event is sealed: cloud-sync export writes the proof for each of them.", Tone.SOFT),
    ]
    return Document("Audit extract", f"{about}, {month}", blocks, is_wide=True)


def _when(each: AuditEvent, style: PaperStyle) -> str:
    recorded = style.when(each.at, seconds=True)
    if each.happened_at is None or each.happened_at == each.at:
        return recorded
    return f"{recorded}\nhappened {style.when(each.happened_at, seconds=True)}"


def _what(each: AuditEvent, style: PaperStyle) -> str:
    changed = [f"{words(field)}: {_value(said['old'])} → {_value(said['new'])}" for field, said in each.changes.items()]
    record = [f"gateway record {each.gateway_record}"] if each.gateway_record else []
    return "\n".join(part for part in (each.reason, *changed, *record) if part)


def _value(value: Any) -> str:
    if value is None or value == "":
        return "none"
    text = value if isinstance(value, str) else canonical(value)
    return text if len(text) <= VALUE_CHARACTERS_MAX else f"{text[:VALUE_CHARACTERS_MAX]}…"
