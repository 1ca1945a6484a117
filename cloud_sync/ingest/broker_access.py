"""How the ledger gets to a broker: addresses, certificates and passwords, checked before anything connects."""

import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

CREDENTIALS_BYTES_MAX = 2000


def url_fault(url: str, ports: Mapping[str, int], *, clear: str, secure: str) -> str | None:
    """What is wrong with the address of a broker, or nothing. The scheme ``clear`` is for this very machine only."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"{url!r} is not an address ({error}); write e.g. {secure}://broker.example.org"
    if parts.scheme not in ports or not host:
        return f"{url!r} is not the address of a broker; write e.g. {secure}://broker.example.org"
    if parts.scheme == clear and not is_loopback(host):
        return f"{clear}:// is for this very machine only and would send in the clear; write {secure}://{parts.netloc}"
    if parts.username or parts.query or parts.fragment or parts.path not in ("", "/"):
        return f"write the address alone, without user, path or query: {parts.scheme}://{host}"
    return None


def file_fault(paths: Mapping[str, Path | None]) -> str | None:
    """What is wrong with the files that a section names by these keys, or nothing."""
    for key, path in paths.items():
        if path is not None and not path.is_file():
            return f"{key}: there is no file {path}; write the path of a file the ledger can read"
    if paths.get("client_key_file") is not None and paths.get("client_cert_file") is None:
        return "client_key_file: a key needs its certificate; write client_cert_file too"
    return None


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by name or address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tls_context(
    section: str, ca_file: Path | None, client_cert_file: Path | None, client_key_file: Path | None
) -> ssl.SSLContext:
    """Verifies certificate and host name, always. Raises ``ValueError``."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if ca_file is not None:
            context.load_verify_locations(cafile=ca_file)
        if client_cert_file is not None:
            # An empty passphrase: a key that has one is a fault, not a prompt that nobody sees.
            context.load_cert_chain(client_cert_file, client_key_file, password="")
    except (OSError, ssl.SSLError) as error:
        reason = f"{section}: ca_file or client_cert_file cannot be used ({error}); they must be PEM"
        raise ValueError(reason) from error
    return context


def credentials(section: str, path: Path) -> tuple[str, str]:
    """User name and password: the first and second line of ``path``. Raises ``ValueError``."""
    try:
        is_open = path.stat().st_mode & 0o007
        lines = path.read_text(encoding="utf-8")[:CREDENTIALS_BYTES_MAX].splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{section}.credentials_file: {path} cannot be read ({error})") from error
    if is_open:
        raise ValueError(f"{section}.credentials_file: {path} may be read by everyone: run chmod 600 {path}")
    if len(lines) < 2 or not lines[0] or not lines[1]:
        raise ValueError(f"{section}.credentials_file: {path} needs the user name on line 1 and the password on line 2")
    return lines[0], lines[1]
