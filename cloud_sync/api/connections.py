"""How many connections there may be, whose, and how long each may take: nobody keeps others out by doing nothing.

Addresses from which a gateway of ours sent something genuine are known; a part of all connections is kept for them.
"""

import asyncio
from collections import Counter, OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS_MAX = 1000
RESERVED_FOR_KNOWN = 200
PER_ADDRESS_MAX = 100
KNOWN_MAX = 5000
KEEP_ALIVE_S = 30


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Of a header from the first moment of a request or a connection; of a pause in a body, and of all of it (16 MB at
    90 kB/s)."""

    header_s: float = 10.0
    body_pause_s: float = 15.0
    body_s: float = 180.0


class Doorkeeper:
    """Counts connections by address. ``per_address_max`` None: a proxy in front does that, and all come from it."""

    def __init__(self, per_address_max: int | None = PER_ADDRESS_MAX, connections_max: int = CONNECTIONS_MAX) -> None:
        self._per_address_max = per_address_max
        self._connections_max = connections_max
        self._reserved = min(RESERVED_FOR_KNOWN, connections_max // 5)
        self._open: Counter[str] = Counter()
        self._known: OrderedDict[str, None] = OrderedDict()

    def admit(self, address: str) -> bool:
        """Whether another connection from there is taken; then it counts until :meth:`leave`."""
        group = _group(address)
        free = self._connections_max - self._open.total()
        if free <= (0 if group in self._known or self._per_address_max is None else self._reserved):
            return False
        if self._per_address_max is not None and self._open[group] >= self._per_address_max:
            return False
        self._open[group] += 1
        return True

    def leave(self, address: str) -> None:
        """A connection ended."""
        group = _group(address)
        self._open[group] -= 1
        if self._open[group] <= 0:
            del self._open[group]

    def know(self, address: str) -> None:
        """Something genuine came from there; of those who are known the ones longest silent are forgotten."""
        group = _group(address)
        self._known[group] = None
        self._known.move_to_end(group)
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)

    @property
    def connections(self) -> int:
        """How many there are."""
        return self._open.total()


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a door, and an end to waiting."""

    doorkeeper: Doorkeeper
    deadlines: Deadlines
    _deadline: asyncio.TimerHandle | None = None
    _body_ends_at = 0.0
    _is_admitted = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Taken, or hung up on."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._is_admitted = self.doorkeeper.admit(self._address)
        if self._is_admitted:
            self._deadline = self.loop.call_later(self.deadlines.header_s, self._give_up)
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It counts no longer."""
        self._forget_deadline()
        if self._is_admitted:
            self._is_admitted = False
            self.doorkeeper.leave(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        if not self._is_admitted:
            return
        super().data_received(data)
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            self._wait_for_body()
        elif state is not h11.IDLE:
            self._body_ends_at = 0.0
            self._forget_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.deadlines.header_s, self._give_up)

    def _wait_for_body(self) -> None:
        now = self.loop.time()
        self._body_ends_at = self._body_ends_at or now + self.deadlines.body_s
        self._forget_deadline()
        self._deadline = self.loop.call_at(min(now + self.deadlines.body_pause_s, self._body_ends_at), self._give_up)

    def _give_up(self) -> None:
        self._deadline = None
        if self.flow.read_paused:  # it is us who do not read
            self._deadline = self.loop.call_later(self.deadlines.body_pause_s, self._give_up)
        else:
            self.transport.abort()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def on_response_complete(self) -> None:
        """The next request has its own time."""
        self._body_ends_at = 0.0
        super().on_response_complete()


def bounded_protocol(doorkeeper: Doorkeeper, deadlines: Deadlines | None = None) -> type[H11Protocol]:
    """The protocol for uvicorn, with this door."""
    return type("ServedProtocol", (BoundedProtocol,), {"doorkeeper": doorkeeper, "deadlines": deadlines or Deadlines()})


def _group(address: str) -> str:
    """An address, of version 6 its network: whoever has one of those has all in it."""
    try:
        found: Any = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Address(int(found) >> 64 << 64))
    return str(found)
