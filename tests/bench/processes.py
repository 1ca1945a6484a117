"""What a process of a bench uses, and when one that was just started is at rest."""

import os
from pathlib import Path
from time import sleep

RESTING_S = 0.1
"""Of processor time in a second, for a ledger that nobody asks for anything."""


def cpu_s(pid: int) -> float:
    """User and system time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Resident memory of a process, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def await_rest(pid: int) -> None:
    """After its start a ledger prepares its pages and queries, for some seconds."""
    before = -RESTING_S
    while (now := cpu_s(pid)) - before > RESTING_S:
        before = now
        sleep(1.0)
