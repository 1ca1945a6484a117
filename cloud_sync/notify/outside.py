"""Requests to addresses outside: no private address unless its host is allowed by name, no redirects, little time.

The name is looked up once and the request goes to the very address that was checked, so that a name which answers
otherwise the next time (DNS rebinding) leads nowhere else.
"""

import json
import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from cloud_sync.errors import Invalid

TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 64 * 1024
TRANSLATED = ip_network("64:ff9b::/96")
"""IPv4 addresses behind NAT64 (RFC 6052)."""


class NotDelivered(Exception):
    """A message was not taken. The text is shown to people and holds no secrets."""


def check_url(url: str, private_hosts: frozenset[str], *, setting: str = "alerts.private_hosts") -> SplitResult:
    """The parts of an address. Raises ``Invalid`` if no request may ever go there. ``setting`` allows hosts by name."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid("this is not a web address", "Write it as https://example.org/path.") from error
    if parts.scheme not in ("https", "http") or not host or not url.isascii() or any(sign <= " " for sign in url):
        raise Invalid("this is not a web address", "Write it as https://example.org/path.")
    if parts.scheme == "http" and host not in private_hosts:
        raise Invalid(
            f"{host} would be reached without TLS",
            f"Write https://, or allow the host by name: {setting} in the ledger's configuration.",
        )
    return parts


def refuse_private(parts: SplitResult, private_hosts: frozenset[str], setting: str) -> None:
    """Raise ``Invalid`` for an address that is private as far as can be told now; requests look again."""
    host = parts.hostname or ""
    if host in private_hosts:
        return
    try:
        found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return  # not known yet
    private = [str(each[4][0]) for each in found if not is_public(str(each[4][0]))]
    if private:
        raise Invalid(
            f"{host} has the private address {private[0]}",
            f"Allow the host by name if it is yours: {setting} in the ledger's configuration.",
        )


def checked_address(
    host: str, port: int, private_hosts: frozenset[str], *, setting: str = "alerts.private_hosts"
) -> str:
    """An address of a host to which requests may go. Raises ``NotDelivered``."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotDelivered(f"{host} is not found") from error
    addresses = [str(each[4][0]) for each in found]
    if host not in private_hosts:
        for address in addresses:
            if not is_public(address):
                raise NotDelivered(
                    f"{host} has the private address {address}; allow it by name in {setting} if it is yours"
                )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address is one of the internet's, also if it is an IPv4 address in the clothes of IPv6.

    >>> [is_public(each) for each in ("8.8.8.8", "10.1.2.3", "::ffff:127.0.0.1", "169.254.169.254", "64:ff9b::a00:1")]
    [True, False, False, False, False]
    """
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif found.sixtofour is not None:
            found = found.sixtofour
        elif found in TRANSLATED:
            found = IPv4Address(int(found) & 0xFFFFFFFF)
    return found.is_global and not found.is_multicast


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    private_hosts: frozenset[str],
    *,
    setting: str = "alerts.private_hosts",
) -> None:
    """Send ``body``; a status of 2xx means that it was taken. Raises ``NotDelivered``."""
    try:
        parts = check_url(url, private_hosts, setting=setting)
    except Invalid as error:
        raise NotDelivered(str(error)) from error
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = checked_address(host, port, private_hosts, setting=setting)
    target = httpx.URL(url).copy_with(host=address)
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST", target, content=body, headers={**headers, "host": parts.netloc.rpartition("@")[2]},
                extensions={"sni_hostname": host},
            ) as answer,
        ):  # fmt: skip
            status = answer.status_code
    except httpx.HTTPError as error:
        raise NotDelivered(f"{host}: {type(error).__name__}") from error
    if not 200 <= status < 300:
        raise NotDelivered(f"{host} answered {status}")


def get_json(url: str, private_hosts: frozenset[str], *, token: str = "") -> Any:
    """The JSON at an address, asked under the same rules, with a bearer token if one is given. Raises
    ``NotDelivered``."""
    try:
        parts = check_url(url, private_hosts)
    except Invalid as error:
        raise NotDelivered(str(error)) from error
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = httpx.URL(url).copy_with(host=checked_address(host, port, private_hosts))
    headers = {"accept": "application/json", "host": parts.netloc.rpartition("@")[2]}
    if token:
        headers["authorization"] = f"Bearer {token}"
    body = b""
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", target, headers=headers, extensions={"sni_hostname": host}) as answer,
        ):
            status = answer.status_code
            for part in answer.iter_bytes():
                body += part
                if len(body) > ANSWER_BYTES_MAX:
                    raise NotDelivered(f"{host} answers more than {ANSWER_BYTES_MAX} bytes")
    except httpx.HTTPError as error:
        raise NotDelivered(f"{host}: {type(error).__name__}") from error
    if status != 200:
        raise NotDelivered(f"{host} answered {status}")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotDelivered(f"{host} answered something that is no JSON") from error
