"""Alerts: what was told, who takes care of it, and who gets which."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from cloud_sync.actions.alerts import alerts, subscriptions, targets
from cloud_sync.api.access import AlertAcknowledger, AlertKeeper, ApiRoute, Ledger, Listing, Now, Reader
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.alert import (
    AcknowledgeIn,
    AlertOut,
    CoverIn,
    CoverMadeOut,
    MessageOut,
    QueuedOut,
    RotaIn,
    RotaOut,
    SubscriptionIn,
    SubscriptionOut,
    TargetIn,
    TargetOut,
    TargetSecretOut,
)
from cloud_sync.api.schemas.common import ID_MAX, Listed, Name, WhyIn
from cloud_sync.domain.alerts import AlertKind, Cover, Rota

router = APIRouter(tags=["alerts"], route_class=ApiRoute, responses=answers(404, 409))

AlertId = Annotated[int, Path(ge=1, le=ID_MAX)]


@router.get("/alerts", summary="List alerts", response_model=Listed[AlertOut])
def list_alerts(
    database: Ledger,
    _: Reader,
    page: Listing,
    only_open: Annotated[bool, Query(description="Only alerts that still need an acknowledgement.")] = False,
    kind: AlertKind | None = None,
) -> Any:
    """Alerts, the newest first."""
    rows = alerts.list_alerts(
        database, only_open=only_open, kind=kind and kind.value, rows_max=page.rows_max, rows_skipped=page.offset
    )
    return page.of(rows)


@router.post("/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert", status_code=204)
def acknowledge_alert(
    alert_id: AlertId, said: AcknowledgeIn, database: Ledger, now: Now, actor: AlertAcknowledger
) -> None:
    """Say that somebody takes care of it: it is escalated no further. Doing so twice keeps the first."""
    alerts.acknowledge(database, [alert_id], said.comment, now, actor=actor.name)


@router.get("/alert-messages", summary="List messages", response_model=Listed[MessageOut])
def list_messages(
    database: Ledger,
    _: Reader,
    page: Listing,
    only_unsent: Annotated[bool, Query(description="Only messages that are not delivered yet.")] = False,
) -> Any:
    """What was sent to whom, and what waits and why; the newest first."""
    rows = targets.list_messages(database, only_unsent=only_unsent, rows_max=page.rows_max, rows_skipped=page.offset)
    return page.of(rows)


@router.get("/alert-targets", summary="List targets of alerts", response_model=list[TargetOut])
def list_targets(database: Ledger, _: Reader) -> Any:
    """Where messages go and whether that works, without what is secret."""
    return targets.list_targets(database)


@router.put("/alert-targets/{name}", summary="Set a target of alerts", response_model=TargetSecretOut)
def put_target(name: Name, said: TargetIn, database: Ledger, actor: AlertKeeper) -> Any:
    """A target, or another address for it. A webhook gets a new secret, shown this once."""
    secret = targets.put_target(database, targets.NewTarget(name, said.channel, said.address), actor=actor.name)
    return {"name": name, "secret": secret}


@router.post("/alert-targets/{name}/off", summary="Switch a target off", status_code=204)
def switch_target_off(name: Name, why: WhyIn, database: Ledger, now: Now, actor: AlertKeeper) -> None:
    """Send nothing there any more; what waits for it is withdrawn. Refused while a subscription or rota leads to it."""
    targets.switch_off(database, name, why.reason, now, actor=actor.name)


@router.post("/alert-targets/{name}/test", summary="Send a test message", status_code=202, response_model=QueuedOut)
def test_target(name: Name, database: Ledger, now: Now, actor: AlertKeeper) -> Any:
    """Put a test message into the outbox; it is sent within a second."""
    return {"message": targets.queue_test(database, name, now, actor=actor.name)}


@router.get("/alert-subscriptions", summary="List subscriptions", response_model=list[SubscriptionOut])
def list_subscriptions(database: Ledger, _: Reader) -> Any:
    """Who gets which alerts."""
    return subscriptions.list_subscriptions(database)


@router.put("/alert-subscriptions/{name}", summary="Set a subscription", status_code=204)
def put_subscription(name: Name, said: SubscriptionIn, database: Ledger, actor: AlertKeeper) -> None:
    """A subscription, or another content of it. Quiet hours delay nothing of severity action."""
    values = said.model_dump(exclude={"escalation"})
    steps = [subscriptions.EscalationStep(each.after_minutes, each.goes_to) for each in said.escalation]
    new = subscriptions.NewSubscription(name, escalation=steps, **values)
    subscriptions.put_subscription(database, new, actor=actor.name)


@router.delete("/alert-subscriptions/{name}", summary="End a subscription", status_code=204)
def delete_subscription(name: Name, database: Ledger, actor: AlertKeeper) -> None:
    """Nothing is sent by it any more."""
    subscriptions.delete_subscription(database, name, actor=actor.name)


@router.get("/alert-rotas", summary="List rotas", response_model=list[RotaOut])
def list_rotas(database: Ledger, now: Now, _: Reader) -> Any:
    """Who is on call in turn, and now."""
    return subscriptions.list_rotas(database, now)


@router.put("/alert-rotas/{name}", summary="Set a rota", status_code=204)
def put_rota(name: Name, said: RotaIn, database: Ledger, now: Now, actor: AlertKeeper) -> None:
    """A rota, or other turns for it."""
    rota = Rota(
        tuple(said.members), subscriptions.first_day_of(said.first_day, now), said.handover.replace(tzinfo=None),
        said.days_each, said.zone,
    )  # fmt: skip
    subscriptions.put_rota(database, name, rota, actor=actor.name)


@router.post("/alert-rotas/{name}/covers", summary="Stand in", status_code=201, response_model=CoverMadeOut)
def add_cover(name: Name, said: CoverIn, database: Ledger, actor: AlertKeeper) -> Any:
    """Let a target stand in for whoever would be on call."""
    cover = Cover(said.target, said.begins_at, said.ends_at)
    return {"id": subscriptions.add_cover(database, name, cover, actor=actor.name)}


@router.delete("/alert-rotas/{name}", summary="End a rota", status_code=204)
def delete_rota(name: Name, database: Ledger, actor: AlertKeeper) -> None:
    """Refused while a subscription leads to it."""
    subscriptions.delete_rota(database, name, actor=actor.name)
