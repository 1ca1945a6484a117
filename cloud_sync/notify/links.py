"""Links in messages with which whoever got one may acknowledge its alerts, without signing in.

A link names the message and the day until which it is good, and carries a code that only this ledger can make. It lets
nobody do anything but acknowledge these alerts, and opening it does nothing: mail scanners open every link.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cloud_sync.actions.gateways.ledger_keys import ledger_keys
from cloud_sync.errors import NotAllowed
from cloud_sync.storage.database import Database

GOOD_FOR = timedelta(days=7)
PURPOSE = b"lotwarden acknowledge"
CODE_BYTES = 18


class LinkNotGood(NotAllowed):
    """A link that this ledger did not make, or that has expired."""

    what_to_do = "Sign in at the console and acknowledge the alert there."


@dataclass(frozen=True, slots=True)
class Linker:
    """Makes and reads links with the ledger's own key."""

    key: bytes

    @classmethod
    def of(cls, database: Database) -> "Linker":
        """With a key that follows from the ledger's; it ends with that."""
        return cls(ledger_keys(database).derived(PURPOSE, size=32))

    def code(self, message_id: int, at: datetime) -> str:
        """What stands in the link of a message that is made now."""
        until = int((at + GOOD_FOR).timestamp())
        return f"{message_id}.{until}.{self._mac(message_id, until)}"

    def message_of(self, code: str, at: datetime) -> int:
        """The message whose link it is. Raises ``LinkNotGood``."""
        message_id, _, rest = code.partition(".")
        until, _, mac = rest.partition(".")
        if not (_is_number(message_id) and _is_number(until)):
            raise LinkNotGood("this link is not complete")
        if not hmac.compare_digest(mac.encode(), self._mac(int(message_id), int(until)).encode()):
            raise LinkNotGood("this link is not one of this ledger")
        if at.timestamp() > int(until):
            raise LinkNotGood(f"this link expired on {datetime.fromtimestamp(int(until), UTC):%d %b %Y}")
        return int(message_id)

    def _mac(self, message_id: int, until: int) -> str:
        digest = hmac.digest(self.key, f"{message_id}.{until}".encode(), sha256)
        return base64.urlsafe_b64encode(digest[:CODE_BYTES]).decode()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
