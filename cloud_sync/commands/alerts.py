"""``alert``: who is told of what, test messages, and acknowledging from a terminal."""

from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.actions.alerts import alerts, subscriptions, targets
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, check_name, fail, load, me, opened, say, show, told
from cloud_sync.domain.alerts import AlertKind, Rota, Severity
from cloud_sync.notify.delivery import Outbox

ROWS_MAX = 200

alert_app = typer.Typer(help="Alerts: recipients, escalation and test messages.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A name of your choice.")]


@alert_app.command("target")
def put_target(
    name: Name,
    mail: Annotated[str | None, typer.Option(help="A mail address.")] = None,
    webhook: Annotated[str | None, typer.Option(help="The https URL of a webhook.")] = None,
    apprise_file: Annotated[
        Path | None, typer.Option(help="A file with one apprise URL: it holds secrets, so it is not typed.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Add a target of alerts, or change its address. The secret of a webhook is printed this once."""
    check_name(name)
    given = {"mail": mail, "webhook": webhook, "apprise": _line_of(apprise_file) if apprise_file else None}
    chosen = {channel: address for channel, address in given.items() if address is not None}
    if len(chosen) != 1:
        fail("give one of --mail, --webhook and --apprise-file")
    ((channel, address),) = chosen.items()
    with told(), opened(load(config)) as database:
        secret = targets.put_target(database, targets.NewTarget(name, channel, address), actor=me())
    say(f"alerts can go to {name}. Try it: cloud-sync alert test {name}")
    if secret:
        say(f"its messages are signed with: {secret}")


@alert_app.command("off")
def switch_off(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Send nothing to a target any more."""
    with told(), opened(load(config)) as database:
        targets.switch_off(database, name, reason, datetime.now(UTC), actor=me())
        say(f"nothing is sent to {name} any more")


@alert_app.command("targets")
def list_targets(config: Config = DEFAULT_CONFIG) -> None:
    """Show all targets and whether they work, without their secrets."""
    with told(), opened(load(config)) as database:
        show(
            targets.list_targets(database), "name", "channel", "shown", "active", "unsent", "last_sent_at", "last_error"
        )


@alert_app.command("test")
def send_test(name: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Send a test message now, and say whether it was handed over."""
    loaded = load(config)
    with told(), opened(loaded) as database:
        message_id = targets.queue_test(database, name, datetime.now(UTC), actor=me())
        outbox = Outbox(database, loaded.alerts.as_settings(), clock=lambda: datetime.now(UTC))
        outbox.deliver(message_id)
        outbox.close()
        state = targets.message_state(database, message_id)
    if state["last_error"]:
        fail(f"not delivered: {state['last_error']}", "The ledger goes on trying while it runs.")
    say(f"handed over to {name}" if state["sent_at"] else f"the ledger that runs is sending it to {name}")


@alert_app.command("subscribe")
def subscribe(
    name: Name,
    to: Annotated[str, typer.Option(help="A target, or rota:NAME.")],
    severity: Annotated[Severity, typer.Option(help="From which urgency on; action: product at risk alone.")],
    site: Annotated[str | None, typer.Option(help="Only of this site.")] = None,
    kind: Annotated[list[AlertKind], typer.Option(help="Only this kind; may be given several times.")] = [],  # noqa: B006
    quiet: Annotated[
        str | None, typer.Option(help="Quiet hours, e.g. 22:00-06:00; severity action is never delayed.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone of the quiet hours; left out: the site's.")] = None,
    escalate: Annotated[list[str], typer.Option(help="MINUTES:TARGET if nobody acknowledges.")] = [],  # noqa: B006
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say who gets which alerts."""
    check_name(name)
    steps = [_step(each) for each in escalate]
    begins, ends = _quiet(quiet) if quiet else (None, None)
    with told(), opened(load(config)) as database:
        new = subscriptions.NewSubscription(name, to, severity, site, kind, begins, ends, zone, steps)
        subscriptions.put_subscription(database, new, actor=me())
        say(f"{to} gets what {name} says")


@alert_app.command("unsubscribe")
def unsubscribe(name: Name, config: Config = DEFAULT_CONFIG) -> None:
    """End a subscription."""
    with told(), opened(load(config)) as database:
        subscriptions.delete_subscription(database, name, actor=me())
        say(f"subscription {name} has ended")


@alert_app.command("subscriptions")
def list_subscriptions(config: Config = DEFAULT_CONFIG) -> None:
    """Show who gets which alerts."""
    with told(), opened(load(config)) as database:
        show(subscriptions.list_subscriptions(database), "name", "goes_to", "site", "kinds", "severity_min",
             "quiet_from", "quiet_until", "escalation")  # fmt: skip


@alert_app.command("rota")
def put_rota(
    name: Name,
    members: Annotated[list[str], typer.Argument(help="Targets, in the order of their turns.")],
    handover: Annotated[str, typer.Option(help="When a turn begins, e.g. 08:00.")],
    zone: Annotated[str, typer.Option(help="By the clocks of this time zone.")],
    days_each: Annotated[int, typer.Option(min=1, max=366, help="Days of a turn.")] = 7,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say who is on call in turn, beginning with this week's Monday."""
    check_name(name)
    first_day = subscriptions.first_day_of(None, datetime.now(UTC))
    with told(), opened(load(config)) as database:
        rota = Rota(tuple(members), first_day, _time(handover), days_each, zone)
        subscriptions.put_rota(database, name, rota, actor=me())
        say(f"subscribe it as rota:{name}")


@alert_app.command("list")
def list_alerts(
    all: Annotated[bool, typer.Option("--all", help="Acknowledged ones as well.")] = False,  # noqa: A002
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Show alerts, the newest first."""
    with told(), opened(load(config)) as database:
        rows = alerts.list_alerts(database, only_open=not all, kind=None, rows_max=ROWS_MAX)
        show(rows, "id", "severity", "title", "occurred_at", "sent", "unsent", "acknowledged_by")


@alert_app.command("acknowledge")
def acknowledge(
    alert_ids: Annotated[list[int], typer.Argument(help="Ids, as alert list shows them.")],
    comment: Annotated[str, typer.Option(help="What is done about it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say that somebody takes care of these."""
    with told(), opened(load(config)) as database:
        done = alerts.acknowledge(database, alert_ids, comment, datetime.now(UTC), actor=me())
        say(f"{len(done)} acknowledged" + (", the others were already" if len(done) < len(set(alert_ids)) else ""))


def _line_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{path} cannot be read ({error})")


def _step(text: str) -> subscriptions.EscalationStep:
    minutes, _, goes_to = text.partition(":")
    if not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes[:9]) <= 10_080 and goes_to):
        fail(f"{text!r} is not MINUTES:TARGET: write e.g. 10:bo or 30:rota:night")
    return subscriptions.EscalationStep(int(minutes), goes_to)


def _quiet(text: str) -> tuple[time, time]:
    begins, _, ends = text.partition("-")
    return _time(begins), _time(ends)


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        fail(f"{text!r} is not a time of day: write e.g. 22:00")
