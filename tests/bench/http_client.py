"""A client of the served ledger, as lean as may be, so that what is measured is the ledger's side.

``python -m tests.bench.http_client PORT CA_FILE TOKEN SEED ROUNDS EVERY_S`` is sixteen clients; it says ready, waits
for a line, and prints when each request began and how many ms it took, as JSON.
"""

import json
import re
import socket
import ssl
import sys
import uuid
from random import Random
from threading import Barrier, Thread
from time import perf_counter, sleep

from tests.bench.ledger_data import ITEMS
from tests.bench.pace import Timed

CLIENTS = 16
"""In one process: it takes a third of what four take, and at a usual pace they do not wait for each other."""
WARM_UP = 20
HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)", re.IGNORECASE)


class Client:
    """One kept connection. It speaks just enough HTTP/1.1 for this ledger: its work would be another machine's."""

    def __init__(self, port: int, ca_file: str, token: str = "") -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._socket = ssl.create_default_context(cafile=ca_file).wrap_socket(plain, server_hostname="127.0.0.1")
        self._headers = f"Host: 127.0.0.1:{port}\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")

    def post(self, path: str, body: bytes, kind: str) -> bytes:
        """The body of the answer."""
        said = f"POST {path} HTTP/1.1\r\n{self._headers}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(said.encode() + body)
        received = b""
        while HEAD_END not in received:
            received += self._more()
        head, _, answer = received.partition(HEAD_END)
        length = LENGTH.search(head)
        assert length is not None and head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")), received
        while len(answer) < int(length[1]):
            answer += self._more()
        return answer

    def _more(self) -> bytes:
        more = self._socket.recv(1 << 16)
        assert more, "the ledger hung up"
        return more

    def allocate(self, random: Random) -> None:
        """A few units of any item."""
        body = {
            "client_id": str(uuid.uuid4()),
            "item": f"item-{random.randrange(ITEMS)}",
            "quantity": random.randint(1, 20),
            "demand": f"SO-{random.randrange(10**9)}",
        }
        self.post("/v1/allocations", json.dumps(body).encode(), "application/json")


def times(client: Client, seed: int, ready: Barrier, rounds: int, every_s: float | None) -> list[Timed]:
    """Of each of ``rounds`` allocations, from when it was meant to start; flat out, or ``every_s`` on the average."""
    random = Random(seed)
    for _ in range(WARM_UP):
        client.allocate(random)
    ready.wait()
    meant = perf_counter()
    took = []
    for _ in range(rounds):
        if every_s is None:
            meant = perf_counter()
        else:
            meant += random.expovariate(1 / every_s)
            sleep(max(0.0, meant - perf_counter()))
        client.allocate(random)
        took.append(Timed.since(meant))
    return took


def main(port: int, ca_file: str, token: str, seed: int, rounds: int, every_s: float) -> None:
    """Sixteen clients."""
    told: list[Timed] = []
    ready = Barrier(CLIENTS + 1)

    def run(number: int) -> None:
        told.extend(times(Client(port, ca_file, token), number, ready, rounds, every_s))

    threads = [Thread(target=run, args=(seed * CLIENTS + number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.readline()
    ready.wait()
    for thread in threads:
        thread.join()
    print(json.dumps([(each.began_s, each.took_ms) for each in told]), flush=True)


if __name__ == "__main__":
    port, ca_file, token, seed, rounds, every_s = sys.argv[1:]
    main(int(port), ca_file, token, int(seed), int(rounds), float(every_s))
