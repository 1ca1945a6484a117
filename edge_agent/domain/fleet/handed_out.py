"""What the ledger hands to a gateway, signed with the ledger's key: a configuration, or the order to install a release.

Each is a body (JSON as text) with the key and a signature over a first line that says what it is, and the body: neither
can stand in for the other, for receipts, or for a handover.
"""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

CONFIG_FORMAT = "lotwarden gateway config 1"
ORDER_FORMAT = "lotwarden release order 1"
BODY_BYTES_MAX = 8 << 20

T = TypeVar("T", bound=BaseModel)

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Signed:
    """A body, and who signed it: key and signature in base64."""

    body: str
    by: str
    signature: str


class NotHandedOut(ValueError):
    """A body that is not what it should be."""


class HandedOutConfig(BaseModel):
    """One version of a gateway's configuration.

    ``sha256`` is that of :func:`edge_agent.domain.fleet.managed_config.digest_of_config`. ``replaces``: the digest of a
    local edit that a person at the ledger has seen and decided to replace; without it a local edit is left alone.
    ``profiles`` are TOML, ``policies`` JSON (``domain/monitoring/policies.py``), both by name.
    """

    model_config = ConfigDict(frozen=True)

    gateway: str
    version: Annotated[int, Field(ge=1)]
    toml: str
    profiles: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")], str] = {}
    policies: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,100}$")], str] = {}
    sha256: Digest
    replaces: Digest | None = None


class ReleaseOrder(BaseModel):
    """Install this release. ``number`` grows: an older order is never followed after a newer one."""

    model_config = ConfigDict(frozen=True)

    gateway: str
    number: Annotated[int, Field(ge=1)]
    version: Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+~-]{0,59}$")]
    manifest_sha256: Digest


def signed_words(form: str, body: str) -> bytes:
    """What the signature is over."""
    return f"{form}\n{body}".encode()


def body_of(handed_out: BaseModel) -> str:
    """The same text for the same content."""
    return json.dumps(handed_out.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


def signed_of(said: Any) -> Signed | None:
    """What an answer has of these three fields; None if it has none. Raises ``NotHandedOut``."""
    if said is None:
        return None
    try:
        signed = Signed(str(said["body"]), str(said["by"]), str(said["signature"]))
    except (KeyError, TypeError) as error:
        raise NotHandedOut(f"nothing that was signed: {error}") from error
    if len(signed.body) > BODY_BYTES_MAX:
        raise NotHandedOut(f"it is larger than {BODY_BYTES_MAX} bytes")
    return signed


def config_of(body: str) -> HandedOutConfig:
    """The configuration in a body whose signature was checked. Raises ``NotHandedOut``."""
    return _read(HandedOutConfig, body)


def order_of(body: str) -> ReleaseOrder:
    """The order in a body whose signature was checked. Raises ``NotHandedOut``."""
    return _read(ReleaseOrder, body)


def _read(model: type[T], body: str) -> T:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = re.sub(r"[^a-z0-9_.]", "", ".".join(map(str, first["loc"])))
        raise NotHandedOut(f"{where or 'the body'}: {first['msg']}") from error
