"""What the configuration says of alerts, as ``notify`` uses it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server that takes our mails. ``user`` and ``password`` are empty where it asks for none."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """Without the password."""
        return f"MailServer({self.host}:{self.port}, {self.security})"


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """How alerts are made and sent. ``public_url``: where people reach the console; without it messages have no links.

    ``private_hosts``: names of hosts to which requests may go although their addresses are private.
    ``backup_overdue``: how old the last good backup may become; None where nobody is told.
    """

    mail: MailServer | None = None
    public_url: str = ""
    private_hosts: frozenset[str] = frozenset()
    heartbeat_url: str = ""
    heartbeat_every: timedelta = timedelta(minutes=1)
    silent_after: timedelta = timedelta(minutes=15)
    expiry_ahead_days: int = 30
    backup_overdue: timedelta | None = None
    disk_life_used_pct: int = 80
    disk_written_gb_a_day_max: float | None = None
