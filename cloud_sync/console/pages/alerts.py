"""Alerts: what was told, who takes care of it, who gets which, and whether messages arrive."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.alerts import alerts, subscriptions, targets
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Fields, Reason, Words, name_of, reason_of, whole
from cloud_sync.console.page_route import AlertAcknowledger, AlertKeeper, PageRoute, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.domain.alerts import KINDS, AlertKind, Severity
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

MESSAGES_MAX = 200
ESCALATIONS_MAX = 3
TONES = {"action": "bad", "alert": "warn", "info": ""}

router = APIRouter(route_class=PageRoute)


def _state(row: Row) -> str:
    if row["acknowledged_by"]:
        return f"{row['acknowledged_by']}: {row['acknowledged_comment']}"
    return "open" if row["needs_acknowledgement"] else "for information"


def _told(row: Row) -> str:
    counts = ((row["sent"], "sent"), (row["unsent"], "waiting"))
    return ", ".join(f"{count} {what}" for count, what in counts if count) or "no subscriber"


ALERTS = (
    Column("occurred_at", "When", Show.WHEN),
    Column("severity", "Urgency", Show.TAG, html=lambda row: tag(row["severity"], TONES[row["severity"]])),
    Column("title", "What", link=lambda row: row["path"]),
    Column("text", "Details"),
    Column("told", "Messages", value=_told),
    Column("state", "Acknowledged", value=_state),
)
MESSAGES = (
    Column("made_at", "When", Show.WHEN),
    Column("target", "To", filters=True),
    Column("reason", "Kind", Show.WORDS),
    Column("alerts", "Alerts", Show.NUMBER),
    Column("attempts", "Attempts", Show.NUMBER),
    Column("sent_at", "Handed over", Show.WHEN),
    Column("last_error", "Why not"),
)


@router.get("/alerts")
def alerts_page(
    request: Request,
    database: Ledger,
    _: Visitor,
    now: Now,
    all: Annotated[bool, Query()] = False,  # noqa: A002
) -> Any:
    """Alerts that wait for somebody, or all; then who gets which."""
    zone = house_zone(database)

    def found(wanted: ListRequest) -> list[Row]:
        return alerts.list_alerts(database, only_open=not all, kind=None, words=wanted.words, **wanted.page)

    messages = targets.list_messages(database, only_unsent=False, rows_max=MESSAGES_MAX)
    return list_page(
        request, "alerts.html",
        alerts=table(request, "alerts", ALERTS, source=found, sorts=(), zone=zone), all=all,
        messages=table(request, "messages", MESSAGES, messages, zone=zone, prefix="m_"),
        targets=targets.list_targets(database), subscriptions=subscriptions.list_subscriptions(database),
        rotas=subscriptions.list_rotas(database, now), kinds={kind.value: KINDS[kind].words for kind in AlertKind},
        severities=list(Severity), zone=zone, now=now, steps=range(ESCALATIONS_MAX),
    )  # fmt: skip


@router.post("/alerts/acknowledge")
def acknowledge_page(
    database: Ledger, actor: AlertAcknowledger, now: Now, alert: Words = None, comment: Reason = ""
) -> Any:
    """Somebody takes care of the chosen alerts."""
    ids = [whole(each, "the alert") for each in alert or []]
    if not ids:
        raise Invalid("no alert is chosen", "Go back and choose those that you take care of.")
    alerts.acknowledge(database, ids, reason_of(comment, "acknowledging"), now, actor=actor.name)
    return RedirectResponse("/alerts", 303)


@router.get("/alerts/by-link/{code}")
def link_page(request: Request, code: str, database: Ledger, now: Now) -> Any:
    """What a message told of, and the form to acknowledge it: for whoever got the message, without signing in."""
    target, rows = alerts.alerts_by_link(database, code[:200], now)
    return render(request, "alert_link.html", target=target, alerts=rows, code=code, done=None)


@router.post("/alerts/by-link/{code}")
def acknowledge_link_page(request: Request, code: str, database: Ledger, now: Now, comment: Reason = "") -> Any:
    """Acknowledge what a message told of."""
    done = alerts.acknowledge_by_link(database, code[:200], reason_of(comment, "acknowledging"), now)
    target, rows = alerts.alerts_by_link(database, code[:200], now)
    return render(request, "alert_link.html", target=target, alerts=rows, code=code, done=len(done))


@router.post("/alerts/targets")
def put_target_page(
    request: Request,
    database: Ledger,
    actor: AlertKeeper,
    name: Field,
    channel: Field,
    address: Annotated[str, Form(max_length=1000)],
) -> Any:
    """A target, or another address for it; of a webhook the secret is shown this once."""
    if channel not in targets.CHANNELS:
        raise Invalid("choose mail, webhook or apprise", "Go back and choose one.")
    new = targets.NewTarget(name_of(name), channel, address.strip())
    secret = targets.put_target(database, new, actor=actor.name)
    if secret:
        return render(request, "alert_secret.html", name=new.name, secret=secret)
    return RedirectResponse("/alerts#targets", 303)


@router.post("/alerts/targets/{name}/test")
def test_target_page(name: str, database: Ledger, actor: AlertKeeper, now: Now) -> Any:
    """A test message: it goes out within a second, and the list of messages says what came of it."""
    targets.queue_test(database, name_of(name), now, actor=actor.name)
    return RedirectResponse("/alerts#messages", 303)


@router.post("/alerts/targets/{name}/off")
def switch_off_page(name: str, database: Ledger, actor: AlertKeeper, now: Now, reason: Reason = "") -> Any:
    """Nothing is sent there any more."""
    targets.switch_off(database, name_of(name), reason_of(reason, "switching it off"), now, actor=actor.name)
    return RedirectResponse("/alerts#targets", 303)


@router.post("/alerts/subscriptions")
def put_subscription_page(
    database: Ledger, actor: AlertKeeper, name: Field, goes_to: Field, severity_min: Field,
    site: Field = "", kind: Words = None, quiet_from: Field = "", quiet_until: Field = "",
    after_minutes: Fields = [], escalate_to: Fields = [],  # noqa: B006 - FastAPI only reads them
) -> Any:  # fmt: skip
    """Who gets which alerts."""
    steps = [
        subscriptions.EscalationStep(whole(minutes, "the minutes"), to.strip())
        for minutes, to in zip(after_minutes, escalate_to, strict=False)
        if minutes.strip() and to.strip()
    ]
    new = subscriptions.subscription_of_texts(
        name_of(name), goes_to.strip(), severity_min, site=site.strip(), kinds=kind or [], quiet_from=quiet_from,
        quiet_until=quiet_until, escalation=steps,
    )  # fmt: skip
    subscriptions.put_subscription(database, new, actor=actor.name)
    return RedirectResponse("/alerts#subscriptions", 303)


@router.post("/alerts/subscriptions/{name}/end")
def delete_subscription_page(name: str, database: Ledger, actor: AlertKeeper) -> Any:
    """End a subscription."""
    subscriptions.delete_subscription(database, name_of(name), actor=actor.name)
    return RedirectResponse("/alerts#subscriptions", 303)
