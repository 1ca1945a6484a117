"""TLS of every uplink: the other side is always verified."""

import os
import re
import ssl
from pathlib import Path

from edge_agent.config.model import UplinkSection
from edge_agent.errors import ConfigError


def tls_context(section: UplinkSection, *, is_broker: bool = False) -> ssl.SSLContext:
    """A context that verifies certificate and host name, and shows the client certificate if there is one.

    Trusts the system's authorities and, if given, those of ``ca_file``; the ledger's certificate may be bound to the
    latter (``ca_file_only``). TLS 1.2 at least. Raises ``ConfigError``.
    Its authorities are looked up when a certificate asks for them, where the system allows it.
    """
    if section.ca_file_only and section.ca_file is not None and not is_broker:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.create_default_context(capath=_system_authorities_by_name())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if section.ca_file is not None:
        try:
            context.load_verify_locations(cafile=section.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                (f"uplink.ca_file: {section.ca_file} holds no certificates that can be read ({error}): write the path "
                 "of a PEM file",)
            ) from error  # fmt: skip
    if section.client_cert_file is not None:
        try:
            # An empty passphrase: a key that has one is a fault, not a prompt that nobody sees.
            context.load_cert_chain(section.client_cert_file, section.client_key_file, password="")
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                (f"uplink.client_cert_file: {section.client_cert_file} and its key cannot be used ({error}): write the "
                 "path of a PEM certificate, and of its key without a passphrase",)
            ) from error  # fmt: skip
    return context


_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def _system_authorities_by_name() -> str | None:
    """The directory in which OpenSSL finds an authority by the hash of its name, if all of the system's are in it.

    The same authorities as one file are read and kept in memory one and all: a megabyte and more for each context.
    None where there is no such directory, where it holds fewer (not every system keeps both in step), or where
    somebody names a file of his own.
    """
    paths = ssl.get_default_verify_paths()
    if paths.capath is None or paths.openssl_cafile_env in os.environ:
        return None
    try:
        in_directory = sum(1 for name in os.listdir(paths.capath) if _HASHED.fullmatch(name))
        in_file = Path(paths.cafile).read_bytes().count(b"-----BEGIN CERTIFICATE-----") if paths.cafile else 0
    except OSError:
        return None
    return paths.capath if in_directory and in_directory >= in_file else None
