"""A client of an S3-compatible object storage (extra ``lotwarden[s3]``), and what its refusals mean in words.

For what lies in buckets: backups and the archive of readings.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cloud_sync.backup.settings import BucketSettings
from cloud_sync.errors import Invalid, NotFound

if TYPE_CHECKING:
    from minio import Minio

ACCESS_KEY, SECRET_KEY, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
"""Environment variables that S3 clients share; they win over the file."""
NOT_ACCEPTED = frozenset({
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired",
    "InvalidClientTokenId", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed",
})  # fmt: skip
"""Codes of errors by which it says that the keys are wrong."""
UNTOUCHED = "What was there is untouched."
LOST = "lost"
"""The code of a storage that does not answer."""


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
    """The object storage refused, or does not answer. ``code`` is its own word for it ("" where it said none)."""

    def __init__(self, message: str, what_to_do: str = "", *, code: str = "") -> None:
        super().__init__(message, what_to_do)
        self.code = code


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the storage may take to let us in and to answer, and how often it is asked again."""

    connect_s: float = 10.0
    answer_s: float = 60.0
    retries: int = 2


class BucketClient:
    """Talks to one bucket; ``missing`` is what is said of an object that is not there, and what to do."""

    def __init__(
        self,
        address: BucketAddress,
        settings: BucketSettings,
        *,
        missing: tuple[str, str] = ("there is no such object", "Check its name."),
        waits: Waits = Waits(),
    ) -> None:
        """Nothing is asked yet. Raises ``Invalid`` without the extra or without credentials."""
        self.address = address
        self._missing = missing
        self._host = urlsplit(settings.endpoint).netloc
        self.minio = _client(settings, waits)

    def key(self, name: str) -> str:
        """Of an object below the address."""
        return f"{self.address.key}/{name}" if self.address.key else name

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Raises ``BucketFault`` for whatever the library raises in the block."""
        from minio.error import MinioException, S3Error
        from urllib3.exceptions import HTTPError

        try:
            yield
        except S3Error as error:
            raise self._refusal(str(error.code), str(error.message)) from error
        except MinioException as error:
            raise BucketFault(
                f"{self._host} answers nothing that S3 storage would: {error}", "Check [backup.s3] endpoint."
            ) from error
        except (HTTPError, OSError) as error:
            raise self.lost(error) from error
        except ValueError as error:  # the client's own word on a name that can be none
            raise BucketFault(f"{self.address.bucket}: {error}", "Write it like s3://bucket/folder.") from error

    def lost(self, error: Exception) -> BucketFault:
        """The network or the server went away."""
        return BucketFault(
            f"{self._host} does not answer, or stopped in the middle ({_first_line(error)})",
            f"Check the network and [backup.s3] endpoint, then start again. {UNTOUCHED}",
            code=LOST,
        )

    def _refusal(self, code: str, message: str) -> BucketFault:
        bucket = self.address.bucket
        if code == "NoSuchBucket":
            return BucketFault(
                f"there is no bucket {bucket} at {self._host}",
                "Correct its name, or make it first. Nothing was written.",
                code=code,
            )
        if code == "NoSuchKey":
            return BucketFault(f"{self._missing[0]} in the bucket {bucket}", self._missing[1], code=code)
        if code in NOT_ACCEPTED:
            return BucketFault(
                f"{self._host} does not accept the access key ({code}: {message})",
                f"Correct [backup.s3] credentials_file, or {ACCESS_KEY} and {SECRET_KEY}; check this machine's clock.",
                code=code,
            )
        if code in ("AccessDenied", "AllAccessDisabled", "Forbidden"):
            return BucketFault(
                f"the access key may not do this in the bucket {bucket} ({code})",
                "Give it the rights s3:ListBucket on the bucket, and s3:PutObject, s3:GetObject, s3:DeleteObject and "
                f"s3:AbortMultipartUpload below {self.address.key or 'it'}. {UNTOUCHED}",
                code=code,
            )
        return BucketFault(
            f"{self._host} refuses: {code}: {message}", f"See what it says of this code. {UNTOUCHED}", code=code
        )


def _client(settings: BucketSettings, waits: Waits) -> "Minio":
    try:
        import urllib3
        from minio import Minio
    except ImportError as error:
        raise Invalid(
            "object storage needs one more package, and it is not installed",
            "pip install 'lotwarden[s3]'; the Debian package and the container have it.",
        ) from error
    access, secret, token = _credentials(settings)
    parts = urlsplit(settings.endpoint)
    pool = urllib3.PoolManager(
        maxsize=8,
        timeout=urllib3.Timeout(connect=waits.connect_s, read=waits.answer_s),
        retries=urllib3.Retry(total=waits.retries, backoff_factor=0.5, status_forcelist=(500, 502, 503, 504)),
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
