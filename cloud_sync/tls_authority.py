"""A certificate authority of the ledger's own, for houses that have none: TLS from the first day.

Gateways get the authority's fingerprint with their invitation and trust nobody else (RFC 5280 certificates, P-256).
"""

import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud_sync.errors import Invalid

AUTHORITY, AUTHORITY_KEY = "authority.pem", "authority-key.pem"
CERTIFICATE, KEY = "ledger.pem", "ledger-key.pem"
AUTHORITY_LASTS = timedelta(days=3653)
CERTIFICATE_LASTS = timedelta(days=825)
"""As long as clients of today accept."""
BEFORE = timedelta(hours=1)
"""For a clock that is a little behind."""


def own_names() -> list[str]:
    """What this machine is called, and itself."""
    return sorted({socket.gethostname(), socket.getfqdn(), "localhost", "127.0.0.1"})


def make_authority(folder: Path, *, at: datetime) -> None:
    """A key and certificate in ``folder``. Raises ``Invalid`` if there is one: gateways trust that."""
    if (folder / AUTHORITY).exists() or (folder / AUTHORITY_KEY).exists():
        raise Invalid(f"there is an authority already in {folder}", "Renew the certificate by it: certificate renew.")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Lotwarden ledger {socket.gethostname()}"[:64])])
    certificate = (
        _builder(name, name, key.public_key(), at, AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    _write(folder / AUTHORITY_KEY, _pem(key), 0o600)
    _write(folder / AUTHORITY, certificate.public_bytes(Encoding.PEM), 0o644)


def issue(folder: Path, hosts: Sequence[str], *, at: datetime) -> datetime:
    """A new key and certificate of the ledger for these names and addresses, by the authority in ``folder``; gives when
    it ends. Raises ``Invalid``."""
    authority, signing = _authority(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    lasts = min(CERTIFICATE_LASTS, authority.not_valid_after_utc - at)
    certificate = (
        _builder(name, authority.subject, key.public_key(), at, lasts)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .sign(signing, SHA256())
    )
    chain = certificate.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM)
    _write(folder / KEY, _pem(key), 0o600)
    _write(folder / CERTIFICATE, chain, 0o644)
    return at + lasts


def hosts_of(folder: Path) -> list[str]:
    """The names and addresses of the certificate there is. Raises ``Invalid``."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound) as error:
        raise Invalid(f"there is no certificate in {folder}", "Name the ledger's addresses with --host.") from error
    return [str(each.value) for each in names]


def fingerprint(pem: bytes) -> str:
    """SHA-256 of a certificate (DER), in hexadecimal. Raises ``ValueError``."""
    return sha256(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)).hexdigest()


def give_to_owner_of(folder: Path, data_dir: Path | None) -> None:
    """Let the ledger's own user read its files, where root made them."""
    if os.geteuid() != 0 or data_dir is None:
        return
    owned = next((each for each in (data_dir, *data_dir.parents) if each.exists()), None)
    if owned is None or owned.stat().st_uid == 0:
        return
    for name in (CERTIFICATE, KEY, AUTHORITY):
        os.chown(folder / name, owned.stat().st_uid, owned.stat().st_gid)


def _authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
        key = load_pem_private_key((folder / AUTHORITY_KEY).read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise Invalid(f"the authority in {folder} cannot be read ({error})", "Is this the ledger's machine?") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Invalid(f"the key of the authority in {folder} is of another kind", "Use that authority's own tools.")
    return certificate, key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, at: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - BEFORE)
        .not_valid_after(at + lasts)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all; nobody else may read a key even while it is written."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
