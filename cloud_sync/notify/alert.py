"""An alert before it is stored."""

from dataclasses import dataclass
from datetime import datetime

from cloud_sync.domain.alerts import KINDS, AlertKind, Severity
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries

TITLE_MAX, TEXT_MAX = 200, 2000


@dataclass(frozen=True, slots=True)
class NewAlert:
    """Something to tell. ``key`` is the same for what comes and goes (one rule of one place), so that flapping is seen.

    ``path`` leads to its page of the console; ``not_to`` is a target to which it must not be sent.
    """

    kind: AlertKind
    subject: str
    key: str
    title: str
    text: str
    path: str
    occurred_at: datetime
    sites: tuple[int, ...] = ()
    place_id: int | None = None
    severity_said: Severity | None = None
    event_id: int | None = None
    not_to: str = ""

    @property
    def severity(self) -> Severity:
        """How urgent it is: as the fact itself says, else as its kind has it."""
        return self.severity_said or KINDS[self.kind].severity


def keep_alert(connection: Connection, alert: NewAlert, at: datetime) -> int | None:
    """Store an alert and give its id; None if its event was told before."""
    found: int | None = queries("alerts").add_alert(
        connection,
        kind=alert.kind.value,
        severity=alert.severity.value,
        key=alert.key,
        subject=alert.subject,
        sites=list(alert.sites),
        place_id=alert.place_id,
        title=alert.title[:TITLE_MAX],
        text=alert.text[:TEXT_MAX],
        path=alert.path,
        needs_acknowledgement=KINDS[alert.kind].needs_acknowledgement,
        event_id=alert.event_id,
        occurred_at=alert.occurred_at,
        raised_at=at,
    )
    return found
