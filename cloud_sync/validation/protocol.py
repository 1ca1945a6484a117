"""A whole run: IQ on the installation, OQ on a ledger that is thrown away, and the run signed with the ledger's key."""

import hashlib
import json
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.types.json import Jsonb

from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.storage.database import Database
from cloud_sync.storage.embedded import EmbeddedServer
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from cloud_sync.validation.installation import Installation
from cloud_sync.validation.operation import Operation
from cloud_sync.validation.requirements import trace_matrix
from cloud_sync.validation.results import Outcome, StepResult, execute

SIGNED = "lotwarden validation 1"
"""The first line of what the ledger's key signs; the second is the SHA-256 of the run as JSON."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is kept."""

    number: int
    passed: int
    failed: int
    not_applicable: int
    results: tuple[StepResult, ...]


def validate(
    database: Database, installation: Installation, *, clock: Callable[[], datetime], actor: str, server_url: str | None
) -> Run:
    """Do all checks, and keep the run in the ledger, signed.

    ``server_url``: a server where databases may be made; None: one of our own is started for the time.
    """
    begun_at = clock()
    results = (*execute(installation.steps(), clock), *operated(server_url, clock))
    return keep_run(database, results, begun_at=begun_at, actor=actor)


def keep_run(database: Database, results: tuple[StepResult, ...], *, begun_at: datetime, actor: str) -> Run:
    """Keep a run in the ledger, signed with its key."""
    outcomes = {each.id: each.outcome.value for each in results}
    counts = {outcome: sum(each.outcome is outcome for each in results) for outcome in Outcome}
    body = {"results": [each.as_data() for each in results], "matrix": trace_matrix(outcomes)}
    number = _keep(database, body, counts, begun_at=begun_at, actor=actor)
    return Run(number, counts[Outcome.PASSED], counts[Outcome.FAILED], counts[Outcome.NOT_APPLICABLE], results)


def operated(server_url: str | None, clock: Callable[[], datetime]) -> tuple[StepResult, ...]:
    """The checks of OQ, each on what the ones before left."""
    with _two_databases(server_url) as (owner_url, spare_url), Database.at_url(owner_url) as throwaway:
        operation = Operation(throwaway, owner_url, spare_url, clock())
        operation.furnish()
        return tuple(execute(operation.steps(), clock))


def signed_words(sha256: str) -> bytes:
    """What the signature of a run is over."""
    return f"{SIGNED}\n{sha256}\n".encode()


def body_sha256(body: dict[str, Any]) -> str:
    """Of canonical JSON (keys sorted, no spaces)."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _keep(
    database: Database, body: dict[str, Any], counts: dict[Outcome, int], *, begun_at: datetime, actor: str
) -> int:
    sha256 = body_sha256(body)
    with database.transaction() as connection:
        keys = keys_in(connection)
        queries("validation").lock_runs(connection)
        number = int(queries("validation").next_number(connection))
        queries("validation").add_run(
            connection, number=number, begun_at=begun_at, run_by=actor, passed=counts[Outcome.PASSED],
            failed=counts[Outcome.FAILED], body=Jsonb(body), sha256=sha256,
            public_key=keys.private.public_key().public_bytes_raw(), signature=keys.private.sign(signed_words(sha256)),
        )  # fmt: skip
        data = {"passed": counts[Outcome.PASSED], "failed": counts[Outcome.FAILED], "sha256": sha256}
        add_event(connection, actor=actor, kind="validated", subject=f"validation:{number}", data=data)
    return number


@contextmanager
def _two_databases(server_url: str | None) -> Iterator[tuple[str, str]]:
    """URLs of two empty databases, which are dropped afterwards."""
    if server_url is not None:
        with _made(server_url) as first, _made(server_url) as second:
            yield first, second
        return
    folder = Path(tempfile.mkdtemp(prefix="lotwarden-oq-"))
    try:
        server = EmbeddedServer(folder / "postgres")
        try:
            with _made(server.owner_url) as first, _made(server.owner_url) as second:
                yield first, second
        finally:
            server.leave()
    finally:
        with suppress(OSError):
            shutil.rmtree(folder)


@contextmanager
def _made(server_url: str) -> Iterator[str]:
    name = f"lotwarden_oq_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True, connect_timeout=5) as connection:
        connection.execute(queries("validation").to_make_database(connection, name=name))
    try:
        parts = urlsplit(server_url)
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server_url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(queries("validation").to_drop_database(connection, name=name))
