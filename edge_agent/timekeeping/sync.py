"""Whether this computer's wall clock is synchronised: asked of those who know."""

import ctypes
import errno
from collections.abc import Callable
from functools import cache
from pathlib import Path

STA_UNSYNC = 0x0040
"""Linux ``timex.h``: set at boot and whenever somebody sets the clock by hand, cleared by every NTP program."""
TIMESYNCD = Path("/run/systemd/timesync")


def kernel_is_synced() -> bool:
    """What the kernel says (``adjtimex``): chrony, ntpd, timesyncd and PTP programs all tell it.

    Where it cannot be asked (another system, a sandbox), the mark of systemd-timesyncd counts, and without that the
    clock is taken at its word.
    """
    status = _kernel_status()
    if status is not None:
        return status_is_synced(status)
    return not TIMESYNCD.exists() or (TIMESYNCD / "synchronized").exists()


def status_is_synced(status: int) -> bool:
    """What a ``timex.status`` means. PPS, PLL and leap second bits come and go on a synchronised clock."""
    return not status & STA_UNSYNC


def file_is_there(path: Path) -> Callable[[], bool]:
    """Synchronised as long as ``path`` exists, for clocks that the kernel knows nothing of (a GPS script)."""
    return path.exists


def always() -> bool:
    """Synchronised by the word of the one who configured it."""
    return True


class Timex(ctypes.Structure):
    """``struct timex`` as far as it is read here; the rest is room for what the kernel writes."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    )


def _kernel_status() -> int | None:
    adjtimex = _adjtimex()
    if adjtimex is None:
        return None
    timex = Timex(modes=0)
    if adjtimex(ctypes.byref(timex)) < 0:
        if ctypes.get_errno() == errno.EINTR:
            return _kernel_status()
        return None
    return int(timex.status)


@cache
def _adjtimex() -> Callable[..., int] | None:
    try:
        function = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    function.restype = ctypes.c_int
    return function
