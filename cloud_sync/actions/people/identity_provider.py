"""What is asked of an identity provider: its addresses, its keys, and the ID token for a code."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cloud_sync.domain.oidc import ALGORITHMS, OidcSettings, challenge_of, fault_of_claims
from cloud_sync.errors import Conflict, NotKnown

TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 256 * 1024
TRY_AGAIN = "Try again, or sign in with your password."


def endpoints_of(settings: OidcSettings) -> dict[str, Any]:
    """The provider's addresses (OpenID Connect Discovery 1.0). Raises ``Conflict`` if it does not give them."""
    found = _asked("GET", settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if found.get("issuer") != settings.issuer:
        raise Conflict("the identity provider says that it is another one", "Compare issuer in [oidc] with its own.")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        url = found.get(name)
        if not isinstance(url, str) or urlsplit(url).scheme != urlsplit(settings.issuer).scheme:
            raise Conflict(f"the identity provider has no {name.replace('_', ' ')} that can be used", TRY_AGAIN)
    return found


def authorization_url(endpoint: str, settings: OidcSettings, *, state: str, nonce: str, verifier: str) -> str:
    """Where a browser is sent (OpenID Connect Core 1.0, 3.1.2.1)."""
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": settings.redirect_url,
        "scope": "openid",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def subject_of(settings: OidcSettings, code: str, *, verifier: str, nonce: str, at: datetime) -> str:
    """Who came back with this code, as the provider calls them. Raises ``NotKnown``, ``Conflict``."""
    endpoints = endpoints_of(settings)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": settings.redirect_url,
        "code_verifier": verifier,
    }
    answer = _asked("POST", endpoints["token_endpoint"], data=form, auth=(settings.client_id, settings.client_secret))
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise NotKnown("the identity provider did not say who you are", TRY_AGAIN)
    keys = _asked("GET", endpoints["jwks_uri"])
    try:
        claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(ALGORITHMS)).claims  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise NotKnown("what the identity provider said is not signed by it", TRY_AGAIN) from error
    if fault := fault_of_claims(claims, settings, nonce=nonce, at=at):
        raise NotKnown(f"what the identity provider said does not count: {fault}", TRY_AGAIN)
    return str(claims["sub"])


def _asked(method: str, url: str, **more: Any) -> dict[str, Any]:
    """A JSON object from the provider. No redirects, little time, few bytes."""
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream(method, url, headers={"accept": "application/json"}, **more) as answer,
        ):
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > ANSWER_BYTES_MAX:
                    raise Conflict("the identity provider answers too much", TRY_AGAIN)
            status = answer.status_code
        found = json.loads(body) if status == 200 else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        raise Conflict("the identity provider does not answer", TRY_AGAIN) from error
    if not isinstance(found, dict):
        raise Conflict(f"the identity provider refused this ({status})", TRY_AGAIN)
    return found
