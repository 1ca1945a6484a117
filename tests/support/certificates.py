"""Certificates made on the spot, by an authority that nobody else trusts."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def certificates(home: Path, *, host: str = "127.0.0.1", subject: str = "ledger") -> tuple[Path, Path]:
    """A fresh authority's certificate, and key and certificate (in one file) of ``subject`` that it vouches for.

    ``host``: one address, or several with commas between.
    """
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def build(who: str, public: ec.EllipticCurvePublicKey, *, is_ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(who))
            .issuer_name(_name("test authority"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(each)) for each in host.split(",")]),
                critical=False,
            )
        return builder.sign(ca_key, hashes.SHA256())

    home.mkdir(exist_ok=True)
    ca_file, server_file = home / "ca.pem", home / "server.pem"
    ca_file.write_bytes(build("test authority", ca_key.public_key(), is_ca=True).public_bytes(Encoding.PEM))
    server_file.touch(mode=0o600)  # it holds the key: a ledger refuses one that others can read
    server_file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + build(subject, key.public_key(), is_ca=False).public_bytes(Encoding.PEM)
    )
    return ca_file, server_file


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
