"""Two roles: migrations own the tables, the ledger works as one that may not change what it must not.

Whoever is no owner of a table cannot switch off its triggers, nor empty it.
"""

import logging

import psycopg

from cloud_sync.storage.tables import TABLES, TableKind

RUNTIME_ROLE = "lotwarden_runtime"
"""As whom the ledger works: it may add to evidence, and neither delete nor change it."""

log = logging.getLogger(__name__)

PRIVILEGES = {
    # UPDATE is needed to lock rows, too; what may be changed, the triggers say.
    TableKind.EVIDENCE: "SELECT, INSERT, UPDATE",
    TableKind.DERIVED: "SELECT, INSERT, UPDATE, DELETE",
    TableKind.SETTING: "SELECT, INSERT, UPDATE, DELETE",
}


def protect(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Bring triggers and privileges in line with :data:`TABLES`, in the transaction of a migration."""
    for name, rule in TABLES.items():
        if rule.kind is TableKind.EVIDENCE:
            connection.execute("SELECT protect_evidence(%s, %s)", (name, list(rule.may_change)))
    if connection.execute("SELECT make_runtime_role()").fetchone() != (True,):
        log.warning(
            "the ledger works as the owner of its tables, for this user may not make the role %s: "
            "let an administrator run CREATE ROLE %s, and GRANT it to this user",
            RUNTIME_ROLE, RUNTIME_ROLE,
        )  # fmt: skip
        return
    for name, rule in TABLES.items():
        connection.execute("SELECT grant_runtime(%s, %s)", (name, PRIVILEGES[rule.kind]))
    connection.execute("SELECT grant_runtime_others(%s)", (list(TABLES),))


def may_work_as_runtime(url: str) -> bool:
    """Whether this user can take the role of the ledger at work."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute("SELECT may_be_runtime()").fetchone()
    return row is not None and bool(row[0])
