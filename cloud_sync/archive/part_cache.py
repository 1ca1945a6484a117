"""What was fetched lately and held against its hash, by that hash: never more bytes than it may have."""

from collections import OrderedDict
from threading import Lock


class PartCache:
    """The least recently used go first. For threads of one process."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._known: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, sha256: bytes) -> bytes | None:
        """None if it is not here (any longer)."""
        with self._lock:
            if (raw := self._known.get(sha256)) is not None:
                self._known.move_to_end(sha256)
            return raw

    def put(self, sha256: bytes, raw: bytes) -> None:
        """The caller has compared them."""
        with self._lock:
            if sha256 in self._known or len(raw) > self._bytes_max:
                return
            self._known[sha256] = raw
            self._bytes += len(raw)
            while self._bytes > self._bytes_max:
                _, gone = self._known.popitem(last=False)
                self._bytes -= len(gone)
