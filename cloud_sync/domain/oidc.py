"""Sign-in by OpenID Connect: what is agreed with the provider, and what proves that an answer is to our question."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

RETURNS_WITHIN = timedelta(minutes=10)
"""Whoever was sent to the provider comes back within that time."""
CLOCKS_DIFFER = timedelta(seconds=60)
ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures by a key of the provider's own: neither none at all, nor one that our secret could make."""
SUBJECT_CHARACTERS_MAX = 255


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The provider, and who we are there. ``redirect_url`` is our own address ``/login/oidc/back``."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_url: str
    title: str = "Single sign-on"

    def __repr__(self) -> str:
        """Without the secret."""
        return f"OidcSettings({self.issuer}, {self.client_id})"


def challenge_of(verifier: str) -> str:
    """The challenge of a code verifier (RFC 7636, S256).

    >>> challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def fault_of_claims(claims: Mapping[str, Any], settings: OidcSettings, *, nonce: str, at: datetime) -> str | None:
    """What is wrong with an ID token whose signature is good (OpenID Connect Core 1.0, 3.1.3.7); None: nothing."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    now, leeway = at.timestamp(), CLOCKS_DIFFER.total_seconds()
    subject = claims.get("sub")
    if claims.get("iss") != settings.issuer:
        return "it is of another issuer"
    if settings.client_id not in audiences:
        return "it is for somebody else"
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != settings.client_id:
        return "it was given to somebody else"
    if claims.get("nonce") != nonce:
        return "it answers another question"
    if not _is_number(claims.get("exp")) or claims["exp"] + leeway <= now:
        return "it is over"
    if not _is_number(claims.get("iat")) or not now - RETURNS_WITHIN.total_seconds() <= claims["iat"] <= now + leeway:
        return "it is not of now: compare the clocks of ledger and provider"
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARACTERS_MAX:
        return "it names nobody"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
