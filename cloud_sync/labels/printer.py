"""Handing ZPL to a label printer on a raw TCP port (9100), after it has said that it can print.

A printer that takes bytes and prints nothing is worse than one that refuses: it is asked for its status first
(``~HS``), and what stops it is told. Source: Zebra, ZPL II Programming Guide, ~HS Host Status Return.
"""

import re
import socket
from dataclasses import dataclass
from time import monotonic

from cloud_sync.errors import Conflict, Invalid

PORT = 9100
STATUS_BYTES_MAX = 400
STATUS = re.compile(rb"\x02([^\x03]*)\x03\s*\x02([^\x03]*)\x03\s*\x02([^\x03]*)\x03")
"""Three strings of fields with commas between."""
STOPS = ((0, 1, "it is out of labels"), (0, 2, "it is paused"), (1, 2, "its head is open"),
         (1, 3, "its ribbon is used up"))  # fmt: skip
"""String, field (from 0) and meaning of what keeps it from printing when it is ``1``."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a printer listens."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(text: str) -> Address:
    """``HOST``, ``HOST:PORT`` or ``[IPV6]:PORT``. Raises ``ValueError``.

    >>> address_of("zebra-1").port, address_of("[::1]:6101").host
    (9100, '::1')
    """
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?", text)
    if found is None or int(found[3] or PORT) not in range(1, 65536):
        raise ValueError(f"{text!r} is not the address of a printer; write HOST or HOST:PORT, such as 10.0.0.5:9100")
    return Address(found[1] or found[2], int(found[3] or PORT))


def send(zpl: bytes, to: Address, *, timeout_s: float = 5.0) -> None:
    """Print. Raises ``Conflict`` with what is wrong if the printer does not answer or cannot print.

    ``timeout_s`` is how long the printer may take to answer, and how long it may stand still while it takes the labels.
    """
    try:
        with socket.create_connection((to.host, to.port), timeout=timeout_s) as connection:
            stopped = _stopped_by(_status(connection, timeout_s))
            if stopped:
                raise Conflict(
                    f"printer {to} cannot print: {', '.join(stopped)}",
                    "Nothing was sent. Make it ready, and print again.",
                )
            connection.settimeout(timeout_s)
            connection.sendall(zpl)
            connection.shutdown(socket.SHUT_WR)
    except socket.gaierror as error:
        raise Conflict(
            f"there is no printer {to}: its name is not known here", "Check the name or use its IP address."
        ) from error
    except TimeoutError as error:
        raise Conflict(
            f"printer {to} does not answer within {timeout_s:g} s",
            "Check that it is switched on, on the network, speaks ZPL and has nothing else to do. Look at its output "
            "before you print again.",
        ) from error
    except OSError as error:
        raise Conflict(
            f"printer {to} cannot be reached ({error.strerror or error})",
            "Check that it is switched on, its address, and that it takes raw print jobs on this port.",
        ) from error


def _status(connection: socket.socket, timeout_s: float) -> list[list[bytes]]:
    """What the printer says of itself: three lists of fields. Raises ``TimeoutError``, ``OSError``."""
    connection.sendall(b"~HS\r\n")
    deadline = monotonic() + timeout_s
    answer = b""
    while (found := STATUS.search(answer)) is None:
        left_s = deadline - monotonic()
        if left_s <= 0 or len(answer) > STATUS_BYTES_MAX:
            raise TimeoutError
        connection.settimeout(left_s)
        received = connection.recv(STATUS_BYTES_MAX)
        if not received:
            raise ConnectionResetError("it closed the connection")
        answer += received
    return [string.split(b",") for string in found.groups()]


def _stopped_by(status: list[list[bytes]]) -> list[str]:
    return [
        meaning
        for string, field, meaning in STOPS
        if field < len(status[string]) and status[string][field].strip() == b"1"
    ]


def check_address(text: str) -> Address:
    """As ``address_of``, for what a person typed. Raises ``Invalid``."""
    try:
        return address_of(text)
    except ValueError as error:
        raise Invalid(str(error)) from error
