"""Made ``journal.db`` beside it: a journal as schema version 1 wrote it. Kept so that every later version opens it.

Run from the root of a source tree whose ``edge_agent/buffer/schema.sql`` says ``user_version = 1`` (any commit before
``migrate_2.sql``), with the key and the records of ``tests/support/journal_parts.py``::

    python -m tests.data.journal_v1.make tests/data/journal_v1/journal.db

In it: scans 1..3 (2 was refused by the ledger and set aside), readings 11..40 in three batches (1..10 acknowledged).
"""

import shutil
import sys
import tempfile
from pathlib import Path

from edge_agent.buffer.queries import SCHEMA_VERSION
from edge_agent.domain.wire.records import Lane
from tests.support.journal_parts import open_journal, reading, scan


def main(target: Path) -> None:
    assert SCHEMA_VERSION == 1, f"this tree writes schema version {SCHEMA_VERSION}; check out an older one"
    with tempfile.TemporaryDirectory() as home:
        with open_journal(Path(home) / "journal") as journal:
            for number in range(1, 4):
                journal.append(Lane.SCANS, [scan(number)])
            for start in range(1, 41, 10):
                journal.append(Lane.READINGS, [reading(number) for number in range(start, start + 10)])
            journal.acknowledge(journal.pending(Lane.READINGS, bytes_max=1, batches_max=1))
            second = journal.pending(Lane.SCANS, bytes_max=1 << 20, batches_max=2)[1]
            journal.set_aside([second], "refused", "unknown key")
        shutil.copy(Path(home) / "journal" / "journal.db", target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
