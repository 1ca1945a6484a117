"""A release of the gateway's program: a signed manifest, and the files that it names. Pure.

On a stick, and at the ledger, ``manifest.json`` is ``{"body", "by", "signature"}``: the signature (Ed25519, base64) is
over ``lotwarden release 1``, a line end, and the body, which is JSON. Archives among the files (``.tar.gz``) hold the
program as it will lie in the release's folder, with ``bin/edge-agent`` in it.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.domain.fleet.handed_out import Digest, Signed, signed_of

MANIFEST_FORMAT = "lotwarden release 1"
MANIFEST_FILE = "manifest.json"
FILES_PATH = "/v1/release-files"
FILE_BYTES_MAX = 512 << 20
CHUNK_BYTES = 1 << 20
"""So much of a file is in one answer of the ledger: what came stays, however often the link goes."""


class ReleaseFault(ValueError):
    """Why a release is not installed, in words."""


class ReleaseFile(BaseModel):
    """One file of a release."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$")]
    sha256: Digest
    bytes: Annotated[int, Field(ge=1, le=FILE_BYTES_MAX)]


class ReleaseNeeds(BaseModel):
    """What a gateway has to have; what is left out may be any. ``from_version``: the oldest release to come from."""

    model_config = ConfigDict(frozen=True)

    python: Annotated[str, Field(pattern=r"^3\.[0-9]{1,2}$")] | None = None
    machine: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,20}$")] | None = None
    from_version: Annotated[str, Field(max_length=60)] | None = None


class Manifest(BaseModel):
    """What a release is."""

    model_config = ConfigDict(frozen=True)

    version: Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+~-]{0,59}$")]
    files: Annotated[tuple[ReleaseFile, ...], Field(min_length=1, max_length=50)]
    needs: ReleaseNeeds = ReleaseNeeds()
    notes: Annotated[str, Field(max_length=10_000)] = ""


@dataclass(frozen=True, slots=True)
class SignedManifest:
    """A manifest with who signed it. ``sha256`` names it: of its body."""

    manifest: Manifest
    signed: Signed

    @property
    def sha256(self) -> str:
        """64 hex digits."""
        return hashlib.sha256(self.signed.body.encode()).hexdigest()

    def to_json(self) -> str:
        """As it stands in ``manifest.json``."""
        said = {"body": self.signed.body, "by": self.signed.by, "signature": self.signed.signature}
        return json.dumps(said, indent=1)


def manifest_of(said: Any) -> SignedManifest:
    """The manifest in what ``manifest.json`` holds; its signature is the caller's to check. Raises ``ReleaseFault``."""
    try:
        signed = signed_of(said)
        if signed is None:
            raise ReleaseFault("there is no manifest")
        return SignedManifest(Manifest.model_validate_json(signed.body), signed)
    except ValidationError as error:
        first = error.errors()[0]
        raise ReleaseFault(
            f"the manifest cannot be read: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from error
    except ReleaseFault:
        raise
    except ValueError as error:
        raise ReleaseFault(f"the manifest cannot be read: {error}") from error


def needs_fault(manifest: Manifest, *, python: str, machine: str, running: str) -> str | None:
    """Why a release is not for this gateway, in words; None if it is."""
    needs = manifest.needs
    if needs.python is not None and needs.python != python:
        return f"release {manifest.version} is for Python {needs.python}, here is {python}"
    if needs.machine is not None and needs.machine != machine:
        return f"release {manifest.version} is for {needs.machine} machines, this one is {machine}"
    if needs.from_version is not None and version_key(running) < version_key(needs.from_version):
        return (
            f"release {manifest.version} follows {needs.from_version} or later; here runs {running}: install that first"
        )
    return None


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """To compare versions by.

    >>> version_key("0.10.0") > version_key("0.9.3"), version_key("1.0") < version_key("1.0.1")
    (True, True)
    """
    return tuple((int(found[0] or 0), found[1]) for found in re.findall(r"([0-9]+)|([A-Za-z]+)", version))
