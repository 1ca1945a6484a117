"""What makes a change of names survive a power cut."""

import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Make new names, renames and removals in directory ``path`` durable. Raises ``OSError``."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
