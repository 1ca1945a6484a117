"""Enrolment of this gateway at a ledger, once, over https: its key pair is made here and the private part stays."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import httpx

from edge_agent.config.model import UplinkSection
from edge_agent.domain.wire.enrolment import PATH, enrolment_words, plain_code
from edge_agent.errors import LinkDown, Refused
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.tls import tls_context

ANSWER_BYTES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the ledger answered."""

    gateway: str
    public_key: str
    ledger_key: str
    """Whose receipts count from now on."""


def enrol(section: UplinkSection, gateway: str, code: str, identity: Identity) -> Enrolled:
    """Introduce ``gateway`` at the ledger of ``section.url``.

    Raises ``LinkDown`` when it is worth trying again, ``Refused`` with the ledger's own words, ``ConfigError`` for
    certificates that cannot be used.
    """
    address = f"{section.url.rstrip('/')}{PATH}"
    body = {
        "gateway": gateway,
        "public_key": identity.public_key,
        "code": plain_code(code),
        "proof": base64.b64encode(identity.sign(enrolment_words(gateway, identity.public_key, code))).decode(),
    }
    try:
        with httpx.Client(verify=tls_context(section), timeout=section.timeout_s, trust_env=False) as client:
            answer = client.post(address, json=body, headers={"user-agent": "lotwarden-edge"})
    except httpx.HTTPError as error:
        raise LinkDown(f"{address}: {error or type(error).__name__}: check --url, --ca-file and the network") from error
    said = _said(answer)
    if answer.status_code == 201 and said.get("name") == gateway and said.get("public_key") == identity.public_key:
        return Enrolled(gateway, identity.public_key, str(said.get("ledger_key", "")))
    if answer.status_code == 201 or "error" not in said:
        raise Refused(f"{address}: the answer ({answer.status_code}) is not a ledger's: check --url")
    words = f"{said['error']}. {said.get('what_to_do', '')}".strip()
    raise LinkDown(words) if answer.status_code >= 500 or answer.status_code == 429 else Refused(words)


def _said(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = json.loads(answer.content[:ANSWER_BYTES_MAX])
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
