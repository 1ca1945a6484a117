"""What a process of a bench uses, and when one that was just started is at rest."""

import os
from pathlib import Path
from time import sleep

RESTING_S = 0.06
"""Of processor time in a second: a ledger that nobody asks for anything uses half of that, one that prepares its pages
twice as much."""
RESTS = 3
"""Seconds in a row: in one in which the machine itself is slow, little is done of anything."""


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
    rests, before_s = 0, cpu_s(pid)
    while rests < RESTS:
        sleep(1.0)
        now_s = cpu_s(pid)
        rests = rests + 1 if now_s - before_s <= RESTING_S else 0
        before_s = now_s
