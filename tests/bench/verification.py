"""How long a partner waits for the verification of a product identifier, over HTTP, at a million packages."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from statistics import quantiles
from threading import Thread
from time import perf_counter

import httpx
import psycopg
import uvicorn

from cloud_sync.actions.access import create_token
from cloud_sync.app import create_app
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.bench.figure import Figure
from tests.bench.ledger import new_database

PACKAGES, LOTS, QUESTIONS = 1_000_000, 1_000, 2_000
GTIN = "00361414567894"
FILL = f"""
    INSERT INTO place (name, kind, ancestors) VALUES ('site', 'site', '{{}}'), ('acme', 'supplier', '{{}}');
    UPDATE place SET ancestors = ARRAY[id];
    INSERT INTO item (name) VALUES ('insulin');
    INSERT INTO item_gtin (gtin, item_id, base_units) SELECT '{GTIN}', id, 1 FROM item;
    INSERT INTO lot (item_id, lot_number, owner, expires_on)
    SELECT i.id, 'L' || n, 'house', '2031-01-31' FROM item i, generate_series(1, {LOTS}) n;
    INSERT INTO position (lot_id, serial, place_id, quantity)
    SELECT l.id, 's' || n, (SELECT id FROM place WHERE name = 'site'), 1
    FROM generate_series(1, {PACKAGES}) n JOIN lot l ON l.lot_number = 'L' || 1 + n % {LOTS};
"""


def p99() -> Figure:
    """Half of the questions are of packages that there are, half of others; each is kept, and committed."""
    database = new_database("verification")
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(FILL.encode())
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")  # what loading them left to be written is no part of a question
    token = create_token(database, "bench", Role.OPERATOR)
    random, waited_ms = Random(7), list[float]()
    with _served(database) as url, httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        for number in range(QUESTIONS):
            of = random.randrange(PACKAGES) + (number % 2) * PACKAGES
            path = f"/v1/verification/gtin/{GTIN}/lot/L{1 + of % LOTS}/ser/s{of}"
            began = perf_counter()
            answer = client.get(path, params={"exp": "310131", "corrUUID": str(number)})
            waited_ms.append((perf_counter() - began) * 1000)
            assert answer.json()["data"]["verified"] is (0 < of <= PACKAGES), answer.text
    note = f"{QUESTIONS} questions one after the other over HTTP, {PACKAGES} packages"
    return Figure("verification_p99_ms", quantiles(waited_ms, n=100)[98], "ms", 100.0, note=note)


@contextmanager
def _served(database: Database) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(uvicorn.Config(create_app(database), log_level="error"))
        thread = Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


FIGURES = {"verification_p99_ms": p99}
