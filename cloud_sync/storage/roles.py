"""Two roles: migrations own the tables, the ledger works as one that may not change what it must not.

Whoever is no owner of a table cannot switch off its triggers, nor empty it.
"""

import logging
import re
from functools import cache
from importlib import resources
from typing import Any

import aiosql
import psycopg

from cloud_sync.storage.free_texts import FREE_TEXT
from cloud_sync.storage.owners import CLIENT_ROLE, OPEN_TO_OWNERS
from cloud_sync.storage.tables import TABLES, TableKind

RUNTIME_ROLE = "lotwarden_runtime"
"""As whom the ledger works: it may add to evidence, and neither delete nor change it."""

log = logging.getLogger(__name__)

_READ_FROM = re.compile(r"\bFROM (\w+)")

_ADD = ("select", "insert", "update")
"""To change a row is needed to lock it, too; what may be changed, the triggers say."""
PRIVILEGES = {
    TableKind.EVIDENCE: _ADD,
    TableKind.DERIVED: (*_ADD, "delete"),
    TableKind.SETTING: (*_ADD, "delete"),
}


def protect(connection: psycopg.Connection[Any]) -> None:
    """Bring triggers and privileges in line with :data:`TABLES`, in the transaction of a migration."""
    roles = _queries()
    there = {row[0] for row in roles.table_names(connection)}  # fewer where a restored ledger is older than this
    tables = {name: rule for name, rule in TABLES.items() if name in there}
    for name, rule in tables.items():
        if rule.kind is TableKind.EVIDENCE and not rule.has_own_trigger:
            roles.protect_evidence(connection, of_table=name, may_change=list(rule.may_change))
        if rule.kind is TableKind.EVIDENCE and rule.is_sealed:
            left_out = list(rule.not_sealed)
            roles.seal_table(connection, of_table=name, may_change=list(rule.may_change), left_out=left_out)
    roles.seal_note_migration(connection)
    if "word_erasure" in tables:  # a restored ledger may be older
        columns = [(name, column) for name, found in FREE_TEXT.items() if name in there for column in found]
        roles.mark_free_text(connection, tables=[name for name, _ in columns], columns=[each for _, each in columns])
    if not roles.make_runtime_role(connection):
        log.warning(
            "the ledger works as the owner of its tables, for this user may not make the role %s: "
            "let an administrator run CREATE ROLE %s, and GRANT it to this user",
            RUNTIME_ROLE, RUNTIME_ROLE,
        )  # fmt: skip
        return
    for name, rule in tables.items():
        roles.grant_runtime(connection, of_table=name, privileges=", ".join(PRIVILEGES[rule.kind]))
    roles.grant_runtime_others(connection, known=list(tables))
    _open_to_owners(connection, there)


def _open_to_owners(connection: psycopg.Connection[Any], there: set[str]) -> None:
    roles = _queries()
    if not roles.make_client_role(connection):
        log.warning("owners see nothing: let an administrator run CREATE ROLE %s, and GRANT it to this user and to %s",
                    CLIENT_ROLE, RUNTIME_ROLE)  # fmt: skip
        return
    if not roles.let_runtime_pass_by_policies(connection):
        log.warning(
            "queries are slower than they could be: let an administrator run ALTER ROLE %s BYPASSRLS", RUNTIME_ROLE
        )
    roles.make_views_look_as_who_asks(connection)
    roles.close_privileged_functions(connection)
    for name, only_where in OPEN_TO_OWNERS.items():
        if {name, *_READ_FROM.findall(only_where)} <= there:  # an older schema lacks some: owners see nothing of it
            roles.open_to_owners(connection, of_table=name, only_where=only_where)


def act_for_owner(connection: psycopg.Connection[Any], owner: str) -> None:
    """Until the end of this transaction, see what that owner may see."""
    _queries().act_for_owner(connection, owner=owner)


def may_work_as_runtime(url: str) -> bool:
    """Whether this user can take the role of the ledger at work."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        return bool(_queries().may_be_runtime(connection))


def holds_ledger(url: str) -> bool:
    """Whether there is a ledger in this database, of whatever version. Raises ``psycopg.OperationalError``."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        return bool(_queries().holds_ledger(connection))


def revision_of(url: str) -> str:
    """Which version of the schema a database has; '' for one without a ledger. Raises ``psycopg.OperationalError``."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        return str(_queries().revision(connection)) if _queries().holds_ledger(connection) else ""


def is_reached_directly(connection: psycopg.Connection[Any]) -> bool:
    """Whether the process that answers is that with which the connection was made; a pooler has its own."""
    return int(_queries().answering_process(connection)) == connection.info.backend_pid


@cache
def _queries() -> Any:
    # Not by way of storage.queries: that needs the database, which needs the roles.
    text = (resources.files("cloud_sync.storage") / "roles.sql").read_text(encoding="utf-8")
    return aiosql.from_str(text, "psycopg")
