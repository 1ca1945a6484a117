"""Memory that a long-running ledger was done with goes back to the system.

glibc gives each of many threads an arena of its own, keeps what one of them once needed, and lets the size from which
it maps memory by itself grow with the largest message that ever came. Measured by ``./dev bench --only soak_*``. Does
nothing where the C library is another one.
"""

import ctypes

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""``mallopt`` parameters of glibc's malloc.h."""
ARENAS_MAX = 2
MAPPED_FROM_BYTES = 128 * 1024
"""From this size on an allocation is mapped by itself, and unmapped when it is freed. glibc's own first value; said
here, it does not grow."""


def bound_allocations() -> None:
    """Call it before threads are started."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, ARENAS_MAX)
        libc.mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES)
