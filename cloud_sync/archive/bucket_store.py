"""A bucket of an S3-compatible object storage as a place for the archive (extra ``lotwarden[s3]``).

Whoever reads across the border waits for it, perhaps with rows locked: so it is asked for seconds, not minutes, and one
that did not answer is not asked again for a while.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import TypeVar

from cloud_sync.archive.stores import StoreFault
from cloud_sync.backup.bucket_client import LOST, BucketAddress, BucketClient, BucketFault, Waits
from cloud_sync.backup.settings import BucketSettings
from cloud_sync.errors import LedgerError

MISSING_CODE = "NoSuchKey"
BEYOND_CODE = "InvalidRange"
WAITS = Waits(connect_s=3.0, answer_s=10.0, retries=1)
NOT_ASKED_S = 15.0
"""How long a storage that did not answer is taken to be away."""
T = TypeVar("T")


class BucketStore:
    """What lies below a path of a bucket. See :class:`cloud_sync.archive.stores.Store`."""

    is_far = True

    def __init__(
        self, address: BucketAddress, settings: BucketSettings, *, clock: Callable[[], float] = monotonic
    ) -> None:
        """Nothing is asked yet."""
        self.url = f"s3://{address.bucket}/{address.key}".rstrip("/")
        self._address, self._settings, self._clock = address, settings, clock
        self._client: BucketClient | None = None
        self._away: tuple[float, BucketFault] | None = None

    def put(self, name: str, path: Path) -> None:
        """See :class:`Store`. An object appears whole or not at all."""
        if self.size(name) is not None:
            raise StoreFault(f"{self.url}/{name} is there already", "Nothing was written over it.")
        self._asked(lambda to: to.minio.fput_object(to.address.bucket, to.key(name), str(path)))

    def part(self, name: str, offset: int, size: int) -> bytes:
        """See :class:`Store`."""
        if size <= 0:
            return b""

        def read(to: BucketClient) -> bytes:
            response = to.minio.get_object(to.address.bucket, to.key(name), offset=offset, length=size)
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

        try:
            return self._asked(read)
        except _Refused as refused:
            if refused.code == BEYOND_CODE:
                return b""
            raise

    def size(self, name: str) -> int | None:
        """See :class:`Store`."""
        try:
            return self._asked(lambda to: to.minio.stat_object(to.address.bucket, to.key(name)).size)
        except _Refused as refused:
            if refused.code == MISSING_CODE:
                return None
            raise

    def sizes(self) -> Mapping[str, int]:
        """See :class:`Store`. A thousand with each question."""

        def listed(to: BucketClient) -> dict[str, int]:
            below = to.key("")
            found = to.minio.list_objects(to.address.bucket, prefix=below, recursive=True)
            return {str(each.object_name).removeprefix(below): int(each.size or 0) for each in found}

        return self._asked(listed)

    def remove(self, name: str) -> None:
        """See :class:`Store`."""
        self._asked(lambda to: to.minio.remove_object(to.address.bucket, to.key(name)))

    def _asked(self, ask: Callable[[BucketClient], T]) -> T:
        """Raises ``StoreFault``."""
        if self._away is not None and self._clock() < self._away[0] + NOT_ASKED_S:
            raise _Refused(self._away[1])
        client = self._client = self._client or self._new_client()
        try:
            with client.in_words():
                answer = ask(client)
        except BucketFault as fault:
            if fault.code == LOST:
                self._away = self._clock(), fault
            elif fault.code != MISSING_CODE:
                self._client = None  # its keys are read again: somebody may have changed them since
            raise _Refused(fault) from fault
        self._away = None
        return answer

    def _new_client(self) -> BucketClient:
        missing = ("the file is missing", "")
        try:
            return BucketClient(self._address, self._settings, missing=missing, waits=WAITS)
        except LedgerError as error:  # this machine has no keys, or not the package
            raise StoreFault(str(error), error.what_to_do) from error


class _Refused(StoreFault):
    def __init__(self, fault: BucketFault) -> None:
        super().__init__(str(fault), fault.what_to_do)
        self.code = fault.code
