"""One writer a journal: a lock that the kernel gives back when its holder dies."""

import fcntl
import os
from pathlib import Path

from edge_agent.errors import JournalError


def lock_journal(path: Path) -> int:
    """One writer: a lock beside the directory, because the directory may be set aside. Raises ``JournalError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.parent / f"{path.name}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(
            f"{path.parent} cannot be used ({error.strerror}): make it writable for the agent's user"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise JournalError(f"{path} is in use by another edge-agent: stop that one first") from error
    return lock
