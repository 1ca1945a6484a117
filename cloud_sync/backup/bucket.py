"""A bucket of an S3-compatible object storage as a place for backups (extra ``lotwarden[s3]``).

An object appears whole or not at all, so a backup whose upload was cut off is none. What was uploaded is downloaded
again before it counts, like the file in a folder.
"""

import io
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import urlsplit

from cloud_sync.backup.archive import SUFFIX, Source, Written
from cloud_sync.backup.places import PREFIX, TOLD_SUFFIX, Fill, Made, json_of
from cloud_sync.backup.settings import BucketSettings
from cloud_sync.errors import Invalid, LedgerError, NotFound

if TYPE_CHECKING:
    from minio import Minio

ACCESS_KEY, SECRET_KEY, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
"""Environment variables that S3 clients share; they win over the file."""
PART_BYTES = 64 << 20
"""An upload has at most 10,000 parts, so a backup at most 640 GB; one part is in memory at a time."""
PIECES_WAITING_MAX = 16
READ_BYTES = 1 << 20
CONNECT_S, ANSWER_S = 10.0, 60.0
NOT_ACCEPTED = frozenset({
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired",
    "InvalidClientTokenId", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed",
})  # fmt: skip
"""Codes of errors by which it says that the keys are wrong."""
UNTOUCHED = "What was there is untouched."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """``s3://bucket/path``: ``key`` is the path without slashes at its ends."""

    bucket: str
    key: str

    @classmethod
    def of(cls, text: str) -> "BucketAddress":
        """Raises ``Invalid``."""
        parts = urlsplit(text)
        if (
            parts.scheme != "s3"
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.netloc != parts.hostname
        ):
            raise Invalid(f"{text} is no address of a bucket", "Write it like s3://bucket/folder.")
        return cls(parts.netloc, parts.path.strip("/"))


class BucketFault(Invalid):
    """The object storage refused, or does not answer."""


class Bucket:
    """A bucket, and the path in it below which backups lie."""

    def __init__(self, address: BucketAddress, settings: BucketSettings, *, part_bytes: int = PART_BYTES) -> None:
        """Nothing is asked yet. Raises ``Invalid`` without the extra or without credentials."""
        self._address = address
        self._settings = settings
        self._host = urlsplit(settings.endpoint).netloc
        self._part_bytes = part_bytes
        self._client = _client(settings)

    def write(self, name: str, fill: Fill) -> Written:
        """Upload in parts while it is made: nothing of it lies on this machine's disk."""
        with self._told_in_words():
            self._check_new(name)
            pipe = _Pipe(fill)
            try:
                self._client.put_object(
                    self._address.bucket, self._key(name), cast("BinaryIO", pipe), -1, part_size=self._part_bytes,
                    content_type="application/octet-stream",
                )  # fmt: skip
            finally:
                pipe.close()
            return pipe.written()

    @contextmanager
    def read(self, name: str) -> Iterator[Source]:
        """Download."""
        with self._told_in_words():
            response = self._client.get_object(self._address.bucket, self._key(name))
        source = _Download(self, response)
        try:
            yield source
        except Exception as error:
            if source.fault is not None and source.fault is not error:
                raise source.fault from error
            raise
        finally:
            response.close()
            response.release_conn()

    def publish(self, made: Made) -> None:
        """Put what is said of it beside it."""
        said = json_of(made)
        with self._told_in_words():
            self._client.put_object(
                self._address.bucket, self._key(made.name + TOLD_SUFFIX), io.BytesIO(said), len(said),
                content_type="application/json",
            )  # fmt: skip

    def discard(self, name: str) -> None:
        """Remove it, if it was uploaded and nothing is said of it."""
        with suppress(Exception):
            if self._key(name) in self._sizes() and self._key(name + TOLD_SUFFIX) not in self._sizes():
                self._client.remove_object(self._address.bucket, self._key(name))

    def told(self) -> Iterator[dict[str, Any]]:
        """From the objects beside them."""
        with self._told_in_words():
            sizes = self._sizes()
        for key in sizes:
            if not key.endswith(f"{SUFFIX}{TOLD_SUFFIX}"):
                continue
            with suppress(ValueError, KeyError, TypeError):
                said = json.loads(self._content(key))
                is_whole = sizes.get(self._key(said["name"])) == said["bytes"]
                if is_whole and key == self._key(said["name"] + TOLD_SUFFIX):
                    yield said

    def remove(self, name: str) -> bool:
        """First the backup: what is said of one that is gone counts for nothing."""
        try:
            with self._told_in_words():
                for each in (name, name + TOLD_SUFFIX):
                    self._client.remove_object(self._address.bucket, self._key(each))
        except BucketFault as fault:
            log.warning("the old backup %s cannot be removed: %s", name, fault)
            return False
        return True

    def _check_new(self, name: str) -> None:
        """A wrong bucket or key is told before the whole ledger is read."""
        if self._key(name) in self._sizes():
            raise Invalid(f"{name} is there already", "Wait a second, and make it again.")

    def _sizes(self) -> Mapping[str, int]:
        found = self._client.list_objects(self._address.bucket, prefix=self._key(PREFIX))
        return {str(each.object_name): int(each.size or 0) for each in found}

    def _content(self, key: str) -> bytes:
        with self._told_in_words():
            response = self._client.get_object(self._address.bucket, key)
            try:
                return response.read(READ_BYTES)
            finally:
                response.close()
                response.release_conn()

    def _key(self, name: str) -> str:
        return f"{self._address.key}/{name}" if self._address.key else name

    @contextmanager
    def _told_in_words(self) -> Iterator[None]:
        from minio.error import MinioException, S3Error
        from urllib3.exceptions import HTTPError

        try:
            yield
        except S3Error as error:
            raise self._refusal(str(error.code), str(error.message)) from error
        except MinioException as error:
            raise BucketFault(f"{self._host} answers nothing that S3 storage would: {error}", CHECK_ENDPOINT) from error
        except (HTTPError, OSError) as error:
            raise self.lost(error) from error
        except ValueError as error:  # the client's own word on a name that can be none
            raise BucketFault(f"{self._address.bucket}: {error}", "Write it like s3://bucket/folder.") from error

    def lost(self, error: Exception) -> BucketFault:
        """The network or the server went away."""
        return BucketFault(
            f"{self._host} does not answer, or stopped in the middle ({_first_line(error)})",
            f"Check the network and [backup.s3] endpoint, then start again. {UNTOUCHED}",
        )

    def _refusal(self, code: str, message: str) -> BucketFault:
        bucket = self._address.bucket
        if code == "NoSuchBucket":
            return BucketFault(
                f"there is no bucket {bucket} at {self._host}",
                "Correct its name, or make it first. Nothing was written.",
            )
        if code == "NoSuchKey":
            return BucketFault(
                f"there is no such backup in the bucket {bucket}",
                "cloud-sync backup tells which were made; give the whole name: s3://bucket/folder/NAME.",
            )
        if code in NOT_ACCEPTED:
            return BucketFault(
                f"{self._host} does not accept the access key ({code}: {message})",
                f"Correct [backup.s3] credentials_file, or {ACCESS_KEY} and {SECRET_KEY}; check this machine's clock.",
            )
        if code in ("AccessDenied", "AllAccessDisabled", "Forbidden"):
            return BucketFault(
                f"the access key may not do this in the bucket {bucket} ({code})",
                "Give it the rights s3:ListBucket on the bucket, and s3:PutObject, s3:GetObject, s3:DeleteObject and "
                f"s3:AbortMultipartUpload below {self._address.key or 'it'}. {UNTOUCHED}",
            )
        return BucketFault(f"{self._host} refuses: {code}: {message}", f"See what it says of this code. {UNTOUCHED}")


CHECK_ENDPOINT = "Check [backup.s3] endpoint."


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A backup in a bucket."""

    bucket: Bucket
    name: str

    @contextmanager
    def opened(self) -> Iterator[Source]:
        """Downloaded from its beginning."""
        with self.bucket.read(self.name) as source:
            yield source


def stored_object(text: str, settings: BucketSettings) -> StoredObject:
    """The backup at ``s3://bucket/folder/NAME``. Raises ``Invalid``."""
    address = BucketAddress.of(text)
    folder, _, name = address.key.rpartition("/")
    if not name.endswith(SUFFIX):
        raise Invalid(f"{text} is no backup", f"Give its whole name; it ends in {SUFFIX}.")
    return StoredObject(Bucket(BucketAddress(address.bucket, folder), settings), name)


class _Download:
    """An object as it comes. ``fault`` is what ended it, for those who read give its text only."""

    def __init__(self, bucket: Bucket, response: Any) -> None:
        self._bucket = bucket
        self._response = response
        self.fault: LedgerError | None = None

    def read(self, size: int = -1, /) -> bytes:
        from urllib3.exceptions import HTTPError

        try:
            return bytes(self._response.read(READ_BYTES if size < 0 else size))
        except (HTTPError, OSError) as error:
            self.fault = self._bucket.lost(error)
            raise OSError(str(self.fault)) from error


class _Pipe:
    """Turns who writes into who is read from: ``fill`` writes in a thread of its own, a few pieces ahead."""

    def __init__(self, fill: Fill) -> None:
        self._pieces: Queue[bytes | None] = Queue(PIECES_WAITING_MAX)
        self._rest = b""
        self._is_left = Event()
        self._fault: Exception | None = None
        self._written: Written | None = None
        self._thread = Thread(target=self._run, args=(fill,), name="writing a backup", daemon=True)
        self._thread.start()

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, b"" at the end. Raises what ``fill`` raised."""
        if not self._rest:
            piece = self._pieces.get()
            if piece is None:
                self._pieces.put(None)
                if self._fault is not None:
                    raise self._fault
                return b""
            self._rest = piece
        if size < 0:
            size = len(self._rest)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def written(self) -> Written:
        """After the end."""
        assert self._written is not None  # noqa: S101 - read() has given its end
        return self._written

    def close(self) -> None:
        """Let the thread end, however far it is."""
        self._is_left.set()
        while self._thread.is_alive():
            while not self._pieces.empty():
                self._pieces.get_nowait()
            self._thread.join(0.01)

    def _run(self, fill: Fill) -> None:
        try:
            self._written = fill(cast("BinaryIO", _Writer(self._pieces, self._is_left)))
        except Exception as error:  # noqa: BLE001 - told to who reads
            self._fault = error
        self._pieces.put(None)


class _Writer:
    def __init__(self, pieces: Queue[bytes | None], is_left: Event) -> None:
        self._pieces = pieces
        self._is_left = is_left

    def write(self, raw: bytes) -> int:
        if self._is_left.is_set():
            raise OSError("the upload has ended")
        self._pieces.put(bytes(raw))
        return len(raw)

    def flush(self) -> None:
        pass


def _client(settings: BucketSettings) -> "Minio":
    try:
        import urllib3
        from minio import Minio
    except ImportError as error:
        raise Invalid(
            "backups to object storage need one more package, and it is not installed",
            "pip install 'lotwarden[s3]'; the Debian package and the container have it.",
        ) from error
    access, secret, token = _credentials(settings)
    parts = urlsplit(settings.endpoint)
    pool = urllib3.PoolManager(
        maxsize=8,
        timeout=urllib3.Timeout(connect=CONNECT_S, read=ANSWER_S),
        retries=urllib3.Retry(total=2, backoff_factor=0.5, status_forcelist=(500, 502, 503, 504)),
        cert_reqs="CERT_REQUIRED", ca_certs=str(settings.ca_file) if settings.ca_file else None,
    )  # fmt: skip
    return Minio(
        parts.netloc, access_key=access, secret_key=secret, session_token=token, secure=parts.scheme == "https",
        region=settings.region or None, http_client=pool,
    )  # fmt: skip


def _credentials(settings: BucketSettings) -> tuple[str, str, str | None]:
    access, secret = os.environ.get(ACCESS_KEY, ""), os.environ.get(SECRET_KEY, "")
    if access and secret:
        return access, secret, os.environ.get(TOKEN) or None
    if settings.credentials_file is None:
        raise Invalid(
            "there are no credentials for the object storage",
            f"Name a file in [backup.s3] credentials_file, or set {ACCESS_KEY} and {SECRET_KEY}.",
        )
    try:
        lines = settings.credentials_file.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(
            f"backup.s3.credentials_file cannot be read ({getattr(error, 'strerror', None) or 'not text'})",
            f"Let the ledger's user read {settings.credentials_file}.",
        ) from error
    if len(lines) != 2:
        raise Invalid(
            "backup.s3.credentials_file does not hold an access key and a secret key",
            "Write the access key on the first line, the secret key on the second.",
        )
    return lines[0], lines[1], None


def _first_line(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).splitlines()[0][:200] if str(reason) else type(reason).__name__
