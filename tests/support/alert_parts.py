"""Where alerts arrive in tests: a real mail server, a real receiver of webhooks, and a house that has subscriptions."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from cloud_sync.actions.alerts.subscriptions import NewSubscription, put_subscription
from cloud_sync.actions.alerts.targets import NewTarget, put_target
from cloud_sync.domain.alerts import Severity
from cloud_sync.notify.conditions import look_once
from cloud_sync.notify.delivery import Outbox, Send
from cloud_sync.notify.escalation import escalate_once
from cloud_sync.notify.following import follow_once
from cloud_sync.notify.settings import AlertSettings, MailServer
from cloud_sync.storage.database import Database
from tests.support.people import Clock

PUBLIC_URL = "https://ledger.example.org"


@dataclass
class Postbox:
    """What a mail server took. ``refuses``: addresses that it does not take."""

    mails: list[EmailMessage] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    port: int = 0
    arrived: Event = field(default_factory=Event)

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if address in self.refuses:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail."""
        found = message_from_bytes(envelope.content or b"", policy=default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        self.arrived.set()
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """Mails to somebody, the oldest first."""
        return [mail for mail in self.mails if mail["To"] == address]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """What stands in a mail."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class _Server(Controller):
    """On a free port; aiosmtpd itself looks whether it answers on the port that it was told."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server() -> Iterator[Postbox]:
    """An SMTP server on a free port of this machine."""
    postbox = Postbox()
    controller = _Server(postbox, hostname="127.0.0.1", port=0)
    controller.start()
    postbox.port = controller.port
    try:
        yield postbox
    finally:
        controller.stop()


@dataclass
class Receiver:
    """What a receiver of webhooks got; it answers with ``status``."""

    status: int = 204
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    arrived: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://localhost:{self.port}/hook"

    def bodies(self) -> list[dict[str, Any]]:
        """What was sent, read."""
        return [json.loads(body) for _, body in self.requests]


@contextmanager
def webhook_receiver() -> Iterator[Receiver]:
    """An HTTP server on a free port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            receiver.arrived.set()
            receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.status)
            self.send_header("content-length", "0")
            if receiver.status == 302:
                self.send_header("location", receiver.url)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_port
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


class AlertHouse:
    """A ledger that tells people what happens, with a clock that tests move."""

    def __init__(self, database: Database, postbox: Postbox, clock: Clock, send: Send | None = None) -> None:
        self.database = database
        self.clock = clock
        self.settings = AlertSettings(
            mail=MailServer("127.0.0.1", postbox.port, "none", "Lotwarden <lotwarden@example.org>"),
            public_url=PUBLIC_URL,
            private_hosts=frozenset({"localhost"}),
        )
        self.outbox = Outbox(database, self.settings, clock=clock, send=send, spread=lambda: 0.5)

    def mail_to(self, name: str) -> None:
        """A target with an address of its own."""
        put_target(self.database, NewTarget(name, "mail", f"{name}@example.org"), actor="test")

    def subscribe(self, name: str, goes_to: str, severity: Severity = Severity.INFO, **more: Any) -> None:
        """A subscription."""
        put_subscription(self.database, NewSubscription(name, goes_to, severity, **more), actor="test")

    def passes(self, **time: float) -> int:
        """Time passes; then the ledger does all that it does in a round. Gives how many messages it handed over."""
        self.clock.passes(**time)
        now: datetime = self.clock()
        follow_once(self.database, now)
        look_once(self.database, self.settings, now)
        escalate_once(self.database, now)
        return self.outbox.deliver_due()
