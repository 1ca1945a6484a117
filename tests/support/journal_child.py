"""A process that appends to a journal until it is killed, telling each append that returned."""

import os
from pathlib import Path

from edge_agent.domain.wire.records import Lane
from tests.support.journal_parts import open_journal, reading, scan


def append_for_ever(path: str, told: int, start: int) -> None:
    """Write ``lane number`` lines to the pipe ``told``, each after its append has returned."""
    with open_journal(Path(path)) as journal:
        os.write(told, b"ready 0\n")
        number = start
        while True:
            number += 1
            if number % 3:
                journal.append(Lane.SCANS, [scan(number)])
                os.write(told, f"scans {number}\n".encode())
            else:
                journal.append(Lane.READINGS, [reading(number * 1000 + i) for i in range(50)])
                os.write(told, f"readings {number}\n".encode())
            if number % 7 == 0:
                journal.acknowledge(journal.pending(Lane.READINGS, bytes_max=1, batches_max=1))
                os.write(told, b"acknowledged 0\n")
