"""A client of the served ledger, as lean as may be, so that what is measured is the ledger's side.

``python -m tests.bench.http_client PORT CA_FILE TOKEN SEED ROUNDS EVERY_S`` is four clients of sixteen; it says ready,
waits for a line, and prints when each request began and how many ms it took, as JSON.
"""

import http.client
import json
import ssl
import sys
import uuid
from random import Random
from threading import Barrier, Thread
from time import perf_counter, sleep
from typing import Any

from tests.bench.ledger_data import ITEMS
from tests.bench.pace import Timed

PROCESSES, THREADS = 4, 4
"""Of sixteen clients, who are none of the ledger's processes."""
WARM_UP = 20


class Client:
    """One kept connection."""

    def __init__(self, port: int, ca_file: str, token: str = "") -> None:
        context = ssl.create_default_context(cafile=ca_file)
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def post(self, path: str, body: bytes, kind: str) -> Any:
        """The answer, from JSON."""
        self._connection.request("POST", path, body, {**self._headers, "Content-Type": kind})
        response = self._connection.getresponse()
        answer = response.read()
        assert response.status in (200, 201), answer
        return json.loads(answer)

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


def main(port: int, ca_file: str, token: str, seed: int, rounds: int, every_s: float | None) -> None:
    """Four clients."""
    told: list[Timed] = []
    ready = Barrier(THREADS + 1)

    def run(number: int) -> None:
        told.extend(times(Client(port, ca_file, token), number, ready, rounds, every_s))

    threads = [Thread(target=run, args=(seed * THREADS + number,)) for number in range(THREADS)]
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
    main(int(port), ca_file, token, int(seed), int(rounds), float(every_s) if every_s else None)
