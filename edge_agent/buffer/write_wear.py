"""How much the journal has the disk write: SD cards wear out by it."""

from pathlib import Path

_COUNTS = Path("/proc/thread-self/io")


class WearCounter:
    """Bytes that the calling thread gave the disk to write, as Linux counts them (whole pages, as the disk sees them).

    Only one thread works on a journal, and on nothing else, so what that thread writes is the journal. Where the
    kernel keeps no such count, it stays 0.
    """

    def __init__(self) -> None:
        self._uncounted = 0
        self._last = 0

    def start(self) -> None:
        """What this thread writes from here on is counted."""
        self._last = _written_bytes()

    def stop(self) -> None:
        """What was written since :meth:`start` is not yet in the books."""
        self._uncounted += max(0, _written_bytes() - self._last)

    @property
    def uncounted_bytes(self) -> int:
        """Written, and not yet in the books."""
        return self._uncounted

    def book(self, count: int) -> None:
        """``count`` bytes are in the books now."""
        self._uncounted -= count


def _written_bytes() -> int:
    try:
        for line in _COUNTS.read_bytes().splitlines():
            if line.startswith(b"write_bytes: "):
                return int(line[13:])
    except OSError:
        pass
    return 0
