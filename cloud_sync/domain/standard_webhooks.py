"""Signatures of webhooks as Standard Webhooks 1.0 has them (standardwebhooks.com, "Signature scheme", v1)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets begin
SECRET_BYTES = 32
REPLAY_WINDOW = timedelta(minutes=5)


class NotSigned(Exception):
    """A webhook that is not from whoever has the secret, or not of now."""


def secret_text(secret: bytes) -> str:
    """The secret as people copy it: ``whsec_`` and base64."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signed_headers(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` of a body."""
    seconds = str(int(at.timestamp()))
    signature = base64.b64encode(_mac(secret, message_id, seconds, body)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": f"v1,{signature}"}


def check_signature(secret: str, headers: Mapping[str, str], body: bytes, *, at: datetime) -> str:
    """What a receiver does: gives the message's id. Raises ``NotSigned``.

    The same id may come again: a message is sent until its receipt is known.
    """
    try:
        message_id, seconds = headers["webhook-id"], headers["webhook-timestamp"]
        sent_at = datetime.fromtimestamp(int(seconds), UTC)
        given = [each.removeprefix("v1,") for each in headers["webhook-signature"].split() if each.startswith("v1,")]
        signatures = [base64.b64decode(each, validate=True) for each in given]
    except (KeyError, ValueError, OverflowError, OSError, binascii.Error) as error:
        raise NotSigned(f"no Standard Webhooks headers ({error})") from error
    if abs(at - sent_at) > REPLAY_WINDOW:
        raise NotSigned(f"sent at {sent_at}, more than {REPLAY_WINDOW} from now")
    expected = _mac(secret, message_id, seconds, body)
    if not any(hmac.compare_digest(expected, each) for each in signatures):
        raise NotSigned("the signature is another one")
    return message_id


def _mac(secret: str, message_id: str, seconds: str, body: bytes) -> bytes:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return hmac.digest(key, b".".join((message_id.encode(), seconds.encode(), body)), hashlib.sha256)
