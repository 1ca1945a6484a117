"""What a configuration names, looked at before it is used: files that can be read, are good, and are nobody else's."""

import os
import ssl
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from cloud_sync.config import LedgerConfig, environment_file

OTHERS = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH


def file_faults(config: LedgerConfig, path: Path, *, at: datetime) -> tuple[str, ...]:
    """Every fault of the files that ``config``, read from ``path``, names at a time; each with what to do."""
    faults = [*_tls_faults(config, at)]
    for key, secret in _secrets(config, path):
        faults += _mode_faults(key, secret)
    return tuple(faults)


def _tls_faults(config: LedgerConfig, at: datetime) -> Iterator[str]:
    cert, key = config.server.tls_cert_file, config.server.tls_key_file
    if cert is None or key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except ssl.SSLError as error:
        yield (
            f"server.tls_cert_file: {cert} and {key} are no certificate chain with its key ({error.reason or error}); "
            "write PEM files that belong together, the key without a passphrase"
        )
        return
    except OSError as error:
        reason = f"{cert} or {key} cannot be read ({error.strerror})"
        yield f"server.tls_cert_file: {reason}; let the ledger's user read them"
        return
    chain = x509.load_pem_x509_certificates(cert.read_bytes())
    for each in chain[:1]:
        if each.not_valid_after_utc <= at:
            yield f"server.tls_cert_file: {cert} expired at {each.not_valid_after_utc:%Y-%m-%d %H:%M} UTC; renew it"
        if each.not_valid_before_utc > at:
            yield (
                f"server.tls_cert_file: {cert} is valid from {each.not_valid_before_utc:%Y-%m-%d %H:%M} UTC only; "
                "check this machine's clock, or use another certificate"
            )


def _secrets(config: LedgerConfig, path: Path) -> Iterator[tuple[str, Path]]:
    """Files with keys and passwords, each with the key of the configuration that names it."""
    if config.server.tls_key_file is not None:
        yield "server.tls_key_file", config.server.tls_key_file
    for name, section in (("mqtt", config.mqtt), ("jetstream", config.jetstream)):
        for key in ("client_key_file", "credentials_file"):
            secret: Path | None = getattr(section, key, None)
            if secret is not None:
                yield f"{name}.{key}", secret
    if config.alerts.smtp_credentials_file is not None and config.alerts.smtp_credentials_file.exists():
        yield "alerts.smtp_credentials_file", config.alerts.smtp_credentials_file
    if config.backup.key_file is not None and config.backup.key_file.exists():
        yield "backup.key_file", config.backup.key_file
    if (credentials := config.backup.s3.credentials_file) is not None and credentials.exists():
        yield "backup.s3.credentials_file", credentials
    if environment_file(path).exists():
        yield "environment", environment_file(path)
    urls = (config.database.url, config.database.migration_url)
    if any(url and urlsplit(url).password and url in path.read_text(encoding="utf-8") for url in urls):
        yield "database.url", path


def _mode_faults(key: str, secret: Path) -> Iterator[str]:
    mode = stat.S_IMODE(secret.stat().st_mode)
    if mode & OTHERS:
        yield f"{key}: everybody on this machine can open {secret} (mode {mode:03o}), and it holds a secret; " + (
            f"chmod 640 {secret}, and give it to the ledger's group"
        )
    if key != "environment" and not os.access(secret, os.R_OK):
        yield f"{key}: {secret} cannot be read by this user; let the ledger's user read it"
