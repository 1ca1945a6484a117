"""The ledger's own certificate authority, compared with what a person brought along before it is trusted."""

import ssl
from binascii import Error as NotBase64
from hashlib import sha256
from pathlib import Path

import httpx

from edge_agent.config.model import UplinkSection
from edge_agent.domain.wire.enrolment import AUTHORITY_PATH, PINNED_AUTHORITY
from edge_agent.errors import LinkDown, Refused

PEM_BYTES_MAX = 20_000


def pin_authority(section: UplinkSection, fingerprint: str, data_dir: Path) -> Path:
    """Keep the authority's certificate if its SHA-256 (hexadecimal) is ``fingerprint``; gives where.

    Nothing but that certificate is read over the connection, and nothing is sent: until then nobody knows who answers.
    Raises ``LinkDown``, and ``Refused`` where it is another one.
    """
    address = f"{section.url.rstrip('/')}{AUTHORITY_PATH}"
    try:
        # Not verified on purpose: what comes is compared with the fingerprint, whoever sent it.
        with httpx.Client(verify=False, timeout=section.timeout_s, trust_env=False) as client:  # noqa: S501
            answer = client.get(address, headers={"user-agent": "lotwarden-edge"})
    except httpx.HTTPError as error:
        raise LinkDown(f"{address}: {error or type(error).__name__}: check --url and the network") from error
    if answer.status_code != httpx.codes.OK:
        raise Refused(f"{address}: this ledger has no authority of its own: leave --authority out")
    try:
        certificate = ssl.PEM_cert_to_DER_cert(answer.content[:PEM_BYTES_MAX].decode("ascii").strip())
    except (ValueError, NotBase64) as error:
        raise Refused(f"{address}: the answer is no certificate: check --url") from error
    if sha256(certificate).hexdigest() != fingerprint.replace(":", "").strip().lower():
        raise Refused(
            f"{address}: the authority there is another one than the invitation names. Check --url and --authority; if "
            "both are right, somebody is between this gateway and the ledger"
        )
    new = data_dir / f"{PINNED_AUTHORITY}.new"
    new.write_text(ssl.DER_cert_to_PEM_cert(certificate), encoding="ascii")
    return new.replace(data_dir / PINNED_AUTHORITY)
