"""Who gets which alerts: subscriptions with their escalation, and rotas of who is on call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from cloud_sync.actions.alerts.targets import check_leads_somewhere, check_unused
from cloud_sync.domain.alerts import AlertKind, Cover, Rota, Severity, on_call
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.notify.routing import ROTA
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """To whom an alert goes that nobody has acknowledged so many minutes after it went out."""

    after_minutes: int
    goes_to: str


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription to be. No ``site``: all; no ``kinds``: all. ``goes_to``: a target, or ``rota:NAME``."""

    name: str
    goes_to: str
    severity_min: Severity
    site: str | None = None
    kinds: Sequence[AlertKind] = ()
    quiet_from: time | None = None
    quiet_until: time | None = None
    zone: str | None = None
    escalation: Sequence[EscalationStep] = ()


def put_subscription(database: Database, new: NewSubscription, *, actor: str) -> None:
    """Keep a subscription, or another content of it. Raises ``NotFound`` and ``Invalid``."""
    if (new.quiet_from is None) != (new.quiet_until is None) or (new.quiet_from and new.quiet_from == new.quiet_until):
        raise Invalid("quiet hours need a beginning and another end", "Give both, such as 22:00 and 06:00, or neither.")
    minutes = [step.after_minutes for step in new.escalation]
    if minutes != sorted(set(minutes)):
        raise Invalid("each step of the escalation has to be later than the one before", "Sort them by their minutes.")
    with database.transaction() as connection:
        for goes_to in (new.goes_to, *(step.goes_to for step in new.escalation)):
            check_leads_somewhere(connection, goes_to)
        site = _site(connection, new.site) if new.site else None
        zone = new.zone or (site["zone"] if site else "UTC")
        _check_zone(zone)
        queries("alerts").put_subscription(
            connection, name=new.name, goes_to=new.goes_to, site_id=site and site["id"],
            kinds=[kind.value for kind in new.kinds], severity_min=new.severity_min.value, quiet_from=new.quiet_from,
            quiet_until=new.quiet_until, zone=zone,
        )  # fmt: skip
        queries("alerts").delete_escalation(connection, name=new.name)
        for number, step in enumerate(new.escalation, start=1):
            queries("alerts").add_escalation(
                connection, name=new.name, step=number, after_minutes=step.after_minutes, goes_to=step.goes_to
            )
        data = {
            "goes_to": new.goes_to, "site": new.site, "kinds": [kind.value for kind in new.kinds],
            "severity_min": new.severity_min.value, "quiet": [str(new.quiet_from), str(new.quiet_until), zone],
            "escalation": [[step.after_minutes, step.goes_to] for step in new.escalation],
        }  # fmt: skip
        subject = f"alert_subscription:{new.name}"
        add_event(connection, actor=actor, kind="alert_subscription_put", subject=subject, data=data)


def subscription_of_texts(
    name: str,
    goes_to: str,
    severity_min: str,
    *,
    site: str,
    kinds: Sequence[str],
    quiet_from: str,
    quiet_until: str,
    escalation: Sequence[EscalationStep],
) -> NewSubscription:
    """A subscription as somebody typed it. Raises ``Invalid``."""
    try:
        return NewSubscription(
            name, goes_to, Severity(severity_min), site or None, [AlertKind(each) for each in kinds],
            _time(quiet_from), _time(quiet_until), None, escalation,
        )  # fmt: skip
    except ValueError as error:
        raise Invalid(str(error), "Go back and choose from the lists; write times as 22:00.") from error


def _time(text: str) -> time | None:
    return time.fromisoformat(text.strip()).replace(tzinfo=None) if text.strip() else None


def delete_subscription(database: Database, name: str, *, actor: str) -> None:
    """End a subscription; the event log keeps what it was. Raises ``NotFound``."""
    with database.transaction() as connection:
        if not queries("alerts").delete_subscription(connection, name=name):
            raise NotFound(f"there is no subscription {name}", "See GET /v1/alert-subscriptions for those there are.")
        subject = f"alert_subscription:{name}"
        add_event(connection, actor=actor, kind="alert_subscription_deleted", subject=subject)


def list_subscriptions(database: Database) -> list[Row]:
    """All subscriptions with their escalation."""
    with database.transaction() as connection:
        return list(queries("alerts").subscriptions(connection))


def put_rota(database: Database, name: str, rota: Rota, *, actor: str) -> None:
    """Keep a rota, or other turns for it. Raises ``NotFound`` and ``Invalid``."""
    _check_zone(rota.zone)
    with database.transaction() as connection:
        for member in rota.members:
            check_leads_somewhere(connection, member)
            if member.startswith(ROTA):
                raise Invalid("the members of a rota are targets, not rotas", "Name targets.")
        queries("alerts").put_rota(
            connection, name=name, members=list(rota.members), first_day=rota.first_day, handover=rota.handover,
            days_each=rota.days_each, zone=rota.zone,
        )  # fmt: skip
        data = {
            "members": list(rota.members), "first_day": rota.first_day.isoformat(), "handover": str(rota.handover),
            "days_each": rota.days_each, "zone": rota.zone,
        }  # fmt: skip
        add_event(connection, actor=actor, kind="alert_rota_put", subject=f"alert_rota:{name}", data=data)


def delete_rota(database: Database, name: str, *, actor: str) -> None:
    """End a rota. Raises ``NotFound``, and ``Conflict`` while a subscription leads to it."""
    with database.transaction() as connection:
        check_unused(connection, f"{ROTA}{name}", as_rota=True)
        if not queries("alerts").delete_rota(connection, name=name):
            raise _no_rota(name)
        add_event(connection, actor=actor, kind="alert_rota_deleted", subject=f"alert_rota:{name}")


def add_cover(database: Database, name: str, cover: Cover, *, actor: str) -> int:
    """Let a target stand in for whoever would be on call; gives an id. Raises ``NotFound`` and ``Invalid``."""
    if cover.ends_at <= cover.begins_at:
        raise Invalid("standing in ends before it begins", "Give a later end.")
    with database.transaction() as connection:
        check_leads_somewhere(connection, cover.target)
        if name not in {row["name"] for row in queries("alerts").rotas(connection)}:
            raise _no_rota(name)
        cover_id: int = queries("alerts").add_cover(
            connection, name=name, target=cover.target, begins_at=cover.begins_at, ends_at=cover.ends_at
        )
        data = {"target": cover.target, "begins_at": cover.begins_at.isoformat(), "ends_at": cover.ends_at.isoformat()}
        add_event(connection, actor=actor, kind="alert_cover_added", subject=f"alert_rota:{name}", data=data)
        return cover_id


def list_rotas(database: Database, at: datetime) -> list[Row]:
    """All rotas, who is on call now, and who stands in from now on."""
    with database.transaction() as connection:
        covers = list(queries("alerts").covers(connection, at=at))
        rotas = []
        for row in queries("alerts").rotas(connection):
            own = [each for each in covers if each["rota"] == row["name"]]
            rota = Rota(tuple(row["members"]), row["first_day"], row["handover"], row["days_each"], row["zone"])
            now = on_call(rota, [Cover(each["target"], each["begins_at"], each["ends_at"]) for each in own], at)
            rotas.append({**row, "on_call": now, "covers": own})
        return rotas


def first_day_of(said: date | None, at: datetime) -> date:
    """The day on which a rota begins: Monday of this week if nobody says otherwise."""
    return said or date.fromisocalendar(*at.date().isocalendar()[:2], 1)


def _site(connection: Connection, name: str) -> Row:
    row: Row | None = queries("master_data").place_by_name(connection, name=name)
    if row is None or row["kind"] != "site":
        raise NotFound(f"there is no site {name}", "See GET /v1/places for those there are.")
    return row


def _no_rota(name: str) -> NotFound:
    return NotFound(f"there is no rota {name}", "See GET /v1/alert-rotas for those there are.")


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError) as error:
        raise Invalid(f"there is no time zone {zone}", "Write one such as Europe/Berlin or America/Chicago.") from error
