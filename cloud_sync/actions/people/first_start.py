"""The first start of a ledger: who may make its first administrator, and whether that is still to be done."""

import base64
import hmac
import re
from datetime import datetime

from cloud_sync.actions.gateways.ledger_keys import ledger_keys
from cloud_sync.actions.people.accounts import init
from cloud_sync.errors import NotAllowed
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries

CODE_BYTES = 15
ACTOR = "first start"


def needs_administrator(database: Database) -> bool:
    """Whether nobody can give out access yet."""
    with database.transaction() as connection:
        return not queries("accounts").has_administrator(connection)


def has_anybody(database: Database) -> bool:
    """Whether anybody can ask this ledger for anything, by an account or a token."""
    with database.transaction() as connection:
        return bool(queries("fleet").has_anybody(connection))


def setup_code(database: Database) -> str:
    """What proves that somebody at a browser has also seen the ledger's own output: ``ABCDEF-GHIJKL-MNOPQR-STUVWX``.

    It follows from the ledger's key, so that every process of it says the same and none has to store it. It is worth
    nothing once there is an administrator.
    """
    code = base64.b32encode(ledger_keys(database).derived(b"lotwarden first start", size=CODE_BYTES)).decode()
    return "-".join(re.findall("......", code))


def first_administrator(database: Database, code: str, person: str, printed_name: str, *, at: datetime) -> str:
    """The first administrator's one-time secret, for whoever has the code. Raises ``NotAllowed``, ``Conflict``."""
    said = re.sub(r"[^A-Z2-7]", "", code.upper()).encode()
    if not hmac.compare_digest(said, setup_code(database).replace("-", "").encode()):
        raise NotAllowed(
            "this is not the code of this ledger",
            "Look where cloud-sync serve was started: it prints the code. Or use: cloud-sync init NAME.",
        )
    return init(database, person, printed_name, at=at, actor=ACTOR)
