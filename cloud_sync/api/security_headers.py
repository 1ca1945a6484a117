"""What browsers are told about every answer."""

from starlette.datastructures import MutableHeaders

SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Of every answer that does not say otherwise itself. Our own pages learn where a form came from: with no referrer at
all, a browser names no origin either, and where there is no TLS each form would be taken for another site's."""
HSTS = "max-age=31536000"


def secure(headers: MutableHeaders, scheme: str, **otherwise: str) -> None:
    """Add what is missing; ``otherwise`` has values of this answer's own, with underscores for dashes."""
    own = {name.replace("_", "-"): value for name, value in otherwise.items()}
    for name, value in (SECURITY_HEADERS | own).items():
        headers.setdefault(name, value)
    if scheme == "https":
        headers.setdefault("strict-transport-security", HSTS)
