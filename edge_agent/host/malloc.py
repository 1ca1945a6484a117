"""A small process stays small: what glibc keeps back by default is worth megabytes on a small computer.

Measured with 50 devices (``./dev bench --only agent_rss_mb``). Does nothing where the C library is another one.
"""

import ctypes
import gc

M_ARENA_MAX = -8
"""``mallopt`` parameter of glibc's malloc.h: how many arenas threads may spread allocations over."""


def share_arenas() -> None:
    """Let all threads allocate from one arena. Call it before threads are started."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Return what starting up needed for a moment, and stop the collector from walking what will stay anyway."""
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
