"""TLS of every uplink: the other side is always verified."""

import ssl

from edge_agent.config import UplinkSection
from edge_agent.errors import ConfigError


def tls_context(section: UplinkSection) -> ssl.SSLContext:
    """A context that verifies certificate and host name, and shows the client certificate if there is one.

    Trusts the system's authorities and, if given, those of ``ca_file``. TLS 1.2 at least. Raises ``ConfigError``.
    """
    context = ssl.create_default_context()
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
