"""What a message says: a subject, plain text, HTML for mail programs, and JSON for programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from cloud_sync.domain.alerts import KINDS, AlertKind, Severity
from cloud_sync.notify.wording import local
from cloud_sync.storage.database import Row

SUBJECT_MAX = 150
LINES_MAX = 2000
SHORT_LINES_MAX = 10


@dataclass(frozen=True, slots=True)
class PaperFile:
    """A paper that goes with a message: its ``title``, and the hash of its data."""

    title: str
    file_name: str
    sha256: str
    pdf: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one target. ``alerts`` are rows of ``alerts_of_message``, the most urgent first."""

    id: int
    reason: str
    bundle: str
    made_at: datetime
    alerts: Sequence[Row]
    public_url: str
    acknowledge_url: str
    paper: PaperFile | None = None

    @property
    def severity(self) -> Severity:
        """That of its most urgent alert."""
        return Severity(self.alerts[0]["severity"]) if self.alerts else Severity.INFO

    @property
    def subject(self) -> str:
        """One line: the alert, or how many of what, where."""
        if self.reason == "test":
            return "[TEST] Lotwarden can reach you"
        if self.paper is not None:
            return _line(self.paper.title)
        sign = "NOT ACKNOWLEDGED" if self.reason == "escalation" else self.severity.value.upper()
        if len(self.alerts) == 1:
            return _line(f"[{sign}] {self.alerts[0]['title']}")
        counted = Counter(AlertKind(row["kind"]) for row in self.alerts)
        what = ", ".join(f"{times} × {KINDS[kind].words}" for kind, times in counted.most_common())
        return _line(f"[{sign}] {len(self.alerts)} alerts{self._where}: {what}")

    @property
    def text(self) -> str:
        """All of it, as plain text."""
        return self._written(LINES_MAX)

    @property
    def short_text(self) -> str:
        """For telephones and chats: the most urgent alerts alone, and how many more there are."""
        return self._written(SHORT_LINES_MAX)

    @property
    def html(self) -> str:
        """The same for mail programs: no scripts, no pictures, nothing loaded from anywhere."""
        rows = Markup("").join(
            Markup(
                '<tr><td style="padding:6px 12px 6px 0;vertical-align:top;color:{};font-weight:bold">{}</td>'
                '<td style="padding:6px 0"><b>{}</b><br>{}<br><span style="color:#555">{}</span></td></tr>'
            ).format(COLOURS[row["severity"]], row["severity"].upper(), self._linked(row), row["text"], _when(row))
            for row in self.alerts[:LINES_MAX]
        )
        button = Markup("")
        if self.acknowledge_url:
            button = Markup('<p><a href="{}" style="{}">Acknowledge</a></p>').format(self.acknowledge_url, BUTTON)
        return Markup(
            '<!doctype html><html><body style="font:15px/1.4 sans-serif;color:#111"><p>{}</p><table>{}</table>{}'
            '<p style="color:#555">{}</p></body></html>'
        ).format(self._lead, rows, button, self._foot)

    def as_json(self) -> dict[str, Any]:
        """For webhooks. Times are UTC."""
        return {
            "type": f"lotwarden.{self.reason}",
            "timestamp": self.made_at.astimezone(UTC).isoformat(),
            "data": {
                "message": self.id,
                "severity": self.severity.value,
                "subject": self.subject,
                "acknowledge_url": self.acknowledge_url,
                "alerts": [
                    {
                        "id": row["id"], "kind": row["kind"], "severity": row["severity"], "subject": row["subject"],
                        "site": row["site"], "title": row["title"], "text": row["text"],
                        "occurred_at": row["occurred_at"].astimezone(UTC).isoformat(),
                        "url": f"{self.public_url}{row['path']}" if self.public_url else "",
                    }
                    for row in self.alerts
                ],
            },
        }  # fmt: skip

    @property
    def _where(self) -> str:
        sites = {row["site_title"] or row["site"] for row in self.alerts if row["site"]}
        return f" at {sites.pop()}" if len(sites) == 1 else ""

    @property
    def _lead(self) -> str:
        if self.reason == "test":
            return "This is a test message. Alerts from the lot ledger will reach you this way."
        if self.paper is not None:
            return (
                f"{self.paper.title} is attached as {self.paper.file_name}. SHA-256 of its data: {self.paper.sha256}. "
                "cloud-sync verify-paper tells whether the ledger still knows the same."
            )
        if self.reason == "escalation":
            return "Nobody has acknowledged this, or it did not reach whoever is on call. It is yours now:"
        if self.bundle.startswith("flapping"):
            return "This comes and goes; it is now reported at most every 15 minutes, as a list:"
        return "" if len(self.alerts) == 1 else f"{len(self.alerts)} alerts{self._where}:"

    @property
    def _foot(self) -> str:
        return f"Lotwarden lot ledger, message {self.id}, {self.made_at.astimezone(UTC):%d %b %Y %H:%M:%S} UTC"

    def _linked(self, row: Row) -> Markup | str:
        if not self.public_url:
            return str(row["title"])
        return Markup('<a href="{}" style="color:#111">{}</a>').format(f"{self.public_url}{row['path']}", row["title"])

    def _written(self, lines_max: int) -> str:
        parts = [self._lead] if self._lead else []
        for row in self.alerts[:lines_max]:
            said = [f"{row['severity'].upper()}: {row['title']}", row["text"], _when(row)]
            if self.public_url and lines_max == LINES_MAX:
                said.append(f"{self.public_url}{row['path']}")
            parts.append("\n".join(each for each in said if each))
        if len(self.alerts) > lines_max:
            parts.append(f"and {len(self.alerts) - lines_max} more, see {self.public_url or 'the console'}/alerts")
        if self.acknowledge_url:
            parts.append(f"Acknowledge: {self.acknowledge_url}")
        parts.append(self._foot)
        return "\n\n".join(parts)


COLOURS = {"action": "#b00020", "alert": "#a15c00", "info": "#37474f"}
BUTTON = "background:#0b57d0;color:#fff;padding:10px 16px;border-radius:6px;text-decoration:none"


def _when(row: Row) -> str:
    taken = f"; acknowledged by {row['acknowledged_by']}" if row["acknowledged_at"] else ""
    return f"{local(row['occurred_at'], row['zone'])}{taken}"


def _line(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= SUBJECT_MAX else f"{plain[: SUBJECT_MAX - 1]}…"
