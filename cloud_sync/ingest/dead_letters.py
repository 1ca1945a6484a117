"""Batches that cannot be booked, however often they are tried: a fault of ours, or data that nobody has foreseen.

Without this such a batch would come again for ever, and in a message with others hold them up. It is kept as evidence,
byte for byte as the gateway signed it, and a case asks a person to look. Nothing of it is in stock or judged, until the
cause is gone and somebody has it booked again (``ingest.dead_letter_retry``).
"""

import psycopg

from cloud_sync.errors import LedgerError
from cloud_sync.posting.cases import Case
from edge_agent.domain.wire.wire import Batch

SET_ASIDE = "batch_set_aside"
"""The kind of their cases."""
TRIES_MAX = 3
"""What two transactions did to each other is over by then."""
ERROR_CHARACTERS_MAX = 500
OF_THE_LEDGER_ITSELF = "42"
"""SQLSTATE class of what no batch is to blame for: a table or a right is missing, as while a new version comes in."""


def is_poison(error: Exception) -> bool:
    """Whether the batch is to blame. If the database, or the ledger's own set-up, it shall come again."""
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    if isinstance(error, psycopg.DataError):
        return True  # what cannot even be sent to the database has no SQLSTATE
    if isinstance(error, psycopg.Error):
        return error.sqlstate is not None and not error.sqlstate.startswith(OF_THE_LEDGER_ITSELF)
    return not isinstance(error, LedgerError | MemoryError | OSError)


def poison_case(batch: Batch, evidence_id: int, error: Exception) -> Case:
    """The case that a batch leaves which was set aside."""
    header = batch.header
    last = header.first + header.count - 1
    words = words_of(error)
    return Case(
        SET_ASIDE,
        f"{header.gateway}/{header.journal}/{header.lane}/{header.first}",
        f"{header.lane} {header.first} to {last} of gateway {header.gateway} could not be booked in {TRIES_MAX} "
        f"tries and are kept as evidence {evidence_id} only: {words}",
        evidence_id=evidence_id,
        data={"lane": header.lane.value, "first": header.first, "records": header.count, "digest": batch.digest},
    )


def words_of(error: Exception) -> str:
    """What went wrong, as a case may show it."""
    return f"{type(error).__name__}: {error}".replace("\x00", "\\x00")[:ERROR_CHARACTERS_MAX]
