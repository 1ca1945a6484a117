"""TLS verifies or the connection fails; the way to the ledger is never in the clear."""

import asyncio
import ssl
from pathlib import Path

import pytest

from edge_agent.config.model import UplinkSection
from edge_agent.domain.wire.records import Lane
from edge_agent.errors import ConfigError, LinkDown, Refused
from edge_agent.uplink.base import Outcome
from edge_agent.uplink.https import HttpsUplink
from tests.support.certificates import certificates
from tests.support.journal_parts import IDENTITY, open_journal, scan
from tests.support.small_ledger import Ledger


async def tls_ledger(server_file: Path, gateways_ca: Path | None = None) -> Ledger:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if gateways_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(gateways_ca)
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


async def test_a_ledger_that_asks_for_a_certificate_is_shown_it(tmp_path: Path) -> None:
    ca_file, server_file = certificates(tmp_path / "ours")
    gateways_ca, gateway_file = certificates(tmp_path / "gateways", subject="gw-test")
    ledger = await tls_ledger(server_file, gateways_ca)
    section = UplinkSection(url=f"https://127.0.0.1:{ledger.port}", ca_file=ca_file, client_cert_file=gateway_file)
    uplink = HttpsUplink(section)
    (receipt,) = await uplink.send([unit(tmp_path)])
    assert receipt.outcome is Outcome.STORED
    await uplink.close()
    without = HttpsUplink(section.model_copy(update={"client_cert_file": None}))
    with pytest.raises(LinkDown):
        await without.send([unit(tmp_path / "again")])
    await without.close()
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
