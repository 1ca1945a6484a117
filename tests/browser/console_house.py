"""A ledger with a house in it, served on a real socket, as somebody at the console finds it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from cloud_sync.api.connections import Doorkeeper
from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action, Record
from tests.support.builders import GatewayWithKey, Ledger, ledger_with_two_fridges, line, minute, reading, scan
from tests.support.people import opened_account
from tests.support.served import served


@dataclass
class House:
    """Where the console is, and a gateway that can say more."""

    url: str
    ledger: Ledger
    gateway: GatewayWithKey

    def say(self, *records: Record) -> None:
        """One batch, stored."""
        receipt = store_batch(self.ledger.database, self.gateway.batch(*records))
        assert receipt.outcome is BatchOutcome.STORED, receipt.reason


@contextmanager
def a_house(
    database: Database,
    *roles: Role,
    now: Callable[[], datetime] = lambda: minute(60),
    people: Mapping[str, Sequence[Role]] = MappingProxyType({}),
) -> Iterator[House]:
    """Two refrigerators over an hour; A was too warm from minute 10 to 20 with two lots in it, and is well again.

    There is somebody for each of ``roles``, ``quality-1``, and ``people`` have several.
    """
    gateway = GatewayWithKey()
    ledger = ledger_with_two_fridges(database, gateway)
    with served(database, Doorkeeper(), clock=now) as port:
        for role in roles:
            opened_account(database, f"{role}-1", role)
        for name, several in people.items():
            opened_account(database, name, *several)
        house = House(f"http://127.0.0.1:{port}", ledger, gateway)
        house.say(
            scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(lot="L1")),
            scan(minute(1), Action.RECEIVE, "acme", "fridge-a", line(lot="L2")),
            scan(minute(1), Action.RECEIVE, "acme", "fridge-b", line(lot="L3")),
        )
        for start in range(0, 60, 10):
            warm = 6.0 if start == 10 else 0.0
            house.say(*[reading(minute(start + step), 5.0 + step / 10 + warm, "probe-a") for step in range(10)])
            house.say(*[reading(minute(start + step), 4.0 + step / 10, "probe-b") for step in range(10)])
        yield house
