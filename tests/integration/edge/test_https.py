"""TLS verifies or the connection fails; the way to the ledger is never in the clear."""

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from edge_agent.config import UplinkSection
from edge_agent.domain.records import Lane
from edge_agent.errors import ConfigError, LinkDown, Refused
from edge_agent.uplink.base import Outcome
from edge_agent.uplink.https import HttpsUplink
from tests.integration.edge.ledger import Ledger
from tests.journal_parts import IDENTITY, open_journal, scan


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificates(home: Path, *, host: str = "127.0.0.1") -> tuple[Path, Path]:
    """A fresh authority's certificate, and key and certificate of a server that it vouches for."""
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def build(subject: str, public: ec.EllipticCurvePublicKey, *, is_ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("test authority"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False
            )
        return builder.sign(ca_key, hashes.SHA256())

    home.mkdir(exist_ok=True)
    ca_file, server_file = home / "ca.pem", home / "server.pem"
    ca_file.write_bytes(build("test authority", ca_key.public_key(), is_ca=True).public_bytes(Encoding.PEM))
    server_file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + build("ledger", key.public_key(), is_ca=False).public_bytes(Encoding.PEM)
    )
    return ca_file, server_file


async def tls_ledger(server_file: Path) -> Ledger:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file)
    return await Ledger(IDENTITY.verify).start(context)


def unit(tmp_path: Path) -> bytes:
    with open_journal(tmp_path / "journal") as journal:
        journal.append(Lane.SCANS, [scan(1)])
        return journal.pending(Lane.SCANS, bytes_max=1, batches_max=1)[0].raw


async def test_a_ledger_whose_authority_is_known_is_trusted(tmp_path: Path) -> None:
    ca_file, server_file = certificates(tmp_path / "ours")
    ledger = await tls_ledger(server_file)
    uplink = HttpsUplink(UplinkSection(url=f"https://127.0.0.1:{ledger.port}", ca_file=ca_file))
    (receipt,) = await uplink.send([unit(tmp_path)])
    assert receipt.outcome is Outcome.STORED
    await uplink.close()
    await ledger.stop()


@pytest.mark.parametrize("case", ["no authority given", "another authority", "another host"])
async def test_a_ledger_that_cannot_be_verified_gets_nothing(tmp_path: Path, case: str) -> None:
    host = "127.0.0.2" if case == "another host" else "127.0.0.1"
    ca_file, server_file = certificates(tmp_path / "ours", host=host)
    other_ca, _ = certificates(tmp_path / "theirs")
    trusted = {"no authority given": None, "another authority": other_ca, "another host": ca_file}[case]
    ledger = await tls_ledger(server_file)
    uplink = HttpsUplink(UplinkSection(url=f"https://127.0.0.1:{ledger.port}", ca_file=trusted))
    with pytest.raises(LinkDown, match=r"(?i)certificate"):
        await uplink.send([unit(tmp_path)])
    assert ledger.messages == []
    await uplink.close()
    await ledger.stop()


async def test_plain_http_to_another_machine_is_refused_at_the_start() -> None:
    section = UplinkSection.model_construct(url="http://192.0.2.1:8080", ca_file=None, timeout_s=1.0, retry_max_s=1.0)
    with pytest.raises(ConfigError, match="this very machine only"):
        HttpsUplink(section)


async def test_an_authority_file_without_certificates_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="write the path of a PEM file"):
        HttpsUplink(UplinkSection(url="https://127.0.0.1:1", ca_file=tmp_path / "ca.pem"))


async def test_a_ledger_that_knows_us_and_says_no_is_told_from_a_lost_link(tmp_path: Path) -> None:
    ledger = await Ledger(IDENTITY.verify, ["403", "503"]).start()
    uplink = HttpsUplink(UplinkSection(url=ledger.url))
    with pytest.raises(Refused, match="403"):
        await uplink.send([unit(tmp_path)])
    with pytest.raises(LinkDown, match="503"):
        await uplink.send([unit(tmp_path)])
    await uplink.close()
    await ledger.stop()


async def test_an_exchange_cut_off_at_any_instant_does_not_spoil_the_next(tmp_path: Path) -> None:
    """Cancelled after 0, 1, 2... turns of the event loop: some of them leave a pool of httpcore full for ever."""
    sent = unit(tmp_path)
    ledger = await Ledger(IDENTITY.verify).start()
    for turns in range(50):
        uplink = HttpsUplink(UplinkSection(url=ledger.url, timeout_s=2))
        cut_off = asyncio.create_task(uplink.send([sent]))
        for _ in range(turns):
            await asyncio.sleep(0)
        cut_off.cancel()
        await asyncio.wait([cut_off])
        (receipt,) = await uplink.send([sent])
        assert receipt.outcome in (Outcome.STORED, Outcome.DUPLICATE)
        await uplink.close()
    await ledger.stop()


async def test_receipts_for_what_was_not_sent_are_ignored_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = await Ledger(IDENTITY.verify, ["foreign"]).start()
    uplink = HttpsUplink(UplinkSection(url=ledger.url))
    assert await uplink.send([unit(tmp_path)]) == ()
    assert "ignored 1 receipts" in caplog.text
    await uplink.close()
    await ledger.stop()
