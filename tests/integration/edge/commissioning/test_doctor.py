"""The doctor on a gateway that is well, and on gateways with one thing wrong each: what it says, and the fix."""

import asyncio
import dataclasses
import datetime as dt
import os
import random
import socket
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent.agent import journal_dir, run
from edge_agent.buffer.desk_store import DeskStore
from edge_agent.buffer.journal import Journal
from edge_agent.buffer.opening import start_journal
from edge_agent.commissioning.checks import Check, CheckState
from edge_agent.commissioning.checks_machine import check_clock, check_disk, check_key, check_port
from edge_agent.commissioning.checks_uplink import check_desk, check_journal, check_uplink
from edge_agent.config.model import UplinkSection
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.records import Lane
from edge_agent.runtime.config_loader import load_config
from edge_agent.timekeeping.clock import ManualClock, SystemClock
from edge_agent.uplink.identity import Identity
from tests.support.commissioning_parts import config_in, edge_agent
from tests.support.desk_parts import SITE, desk_from
from tests.support.journal_parts import START, reading
from tests.support.small_ledger import Ledger

NOW = dt.datetime.now(dt.UTC)


def only(checks: object, name: str) -> Check:
    (check,) = [check for check in checks if check.name == name]  # type: ignore[attr-defined]
    return check


@dataclass
class Certificate:
    cert: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context


def certificate(folder: Path, *, days_left: float, names: str = "127.0.0.1") -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ledger")])
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=30)).not_valid_after(NOW + dt.timedelta(days=days_left))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(names))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    made = Certificate(folder / "ca.pem", folder / "ca.key")
    made.cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


async def over_tls(folder: Path, made: Certificate, ca: Path | None) -> list[Check]:
    ledger = await Ledger(Identity.load_or_make(folder / "id").verify).start(made.context())
    try:
        url = f"https://127.0.0.1:{ledger.port}"
        return await check_uplink(UplinkSection(url=url, ca_file=ca, timeout_s=2), NOW)
    finally:
        await ledger.stop()


async def test_a_good_certificate_is_good_and_one_that_ends_soon_is_warned_about(tmp_path: Path) -> None:
    made = certificate(tmp_path, days_left=90)
    checks = await over_tls(tmp_path, made, made.cert)
    assert [check.state for check in checks] == [CheckState.OK] * 3
    made = certificate(tmp_path, days_left=5)
    soon = only(await over_tls(tmp_path, made, made.cert), "certificate")
    assert soon.state is CheckState.WARN and "in 4 days" in soon.says


@pytest.mark.parametrize(
    ("days_left", "names", "trusted", "said", "fix"),
    [
        (-1, "127.0.0.1", True, "expired", "renew it"),
        (90, "10.1.2.3", True, "IP address mismatch", "into uplink.url"),
        (90, "127.0.0.1", False, "self-signed", "uplink.ca_file"),
    ],
)
async def test_a_bad_certificate_fails_with_its_own_remedy(
    tmp_path: Path, days_left: float, names: str, trusted: bool, said: str, fix: str
) -> None:
    made = certificate(tmp_path, days_left=days_left, names=names)
    (check,) = await over_tls(tmp_path, made, made.cert if trusted else None)
    assert check.state is CheckState.FAIL and said in check.says and fix in check.fix


async def test_a_closed_port_an_unknown_name_and_a_stranger_are_told_apart() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (closed,) = await check_uplink(UplinkSection(url=f"http://127.0.0.1:{taken.getsockname()[1]}"), NOW)
    assert closed.state is CheckState.FAIL and "nothing listens" in closed.says
    (unknown,) = await check_uplink(UplinkSection(url="https://no-such-ledger.invalid"), NOW)
    assert unknown.state is CheckState.FAIL and "cannot be resolved" in unknown.says

    async def stranger(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(stranger, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        checks = await check_uplink(UplinkSection(url=f"http://127.0.0.1:{port}"), NOW)
    assert only(checks, "ledger").state is CheckState.FAIL


async def test_a_gateway_that_is_well_has_nothing_to_mend(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    identity = Identity.load_or_make(tmp_path / "data")
    ledger = await Ledger(identity.verify).start()
    path = config_in(tmp_path, url=ledger.url)
    config, clock, stop = load_config(path), SystemClock(), asyncio.Event()
    running = asyncio.create_task(run(config, clock, [], stop=stop, random=random.Random(1).random))
    try:
        async with asyncio.timeout(20):
            while not ledger.records:  # noqa: ASYNC110 - the ledger has nothing to wait on
                await asyncio.sleep(0.02)
        said, as_json = await asyncio.gather(
            edge_agent("doctor", "-c", path), edge_agent("doctor", "-c", path, "--json")
        )
    finally:
        stop.set()
        await running
        await ledger.stop()
    states = {check["name"]: check["state"] for check in as_json.data}
    assert said.code == as_json.code == 0 and "0 failures" in said.out, said.out
    assert {states[name] for name in ("configuration", "key", "agent", "network", "ledger", "journal")} == {"ok"}
    assert states["registration"] == "ok"


async def test_a_broken_configuration_and_a_dead_ledger_fail_with_exit_code_1(tmp_path: Path) -> None:
    said = await edge_agent("doctor", "-c", config_in(tmp_path, "[[device]]\nnam = 3\n"))
    assert said.code == 1 and "did you mean name?" in said.words and "sudoedit" in said.words
    said = await edge_agent("doctor", "-c", config_in(tmp_path))
    assert said.code == 1 and "FAIL network" in said.words and "127.0.0.1 is there" in said.words


def journal_with(tmp_path: Path, clock: ManualClock) -> tuple[Journal, Path]:
    path = config_in(tmp_path)
    identity = Identity.load_or_make(tmp_path / "data")
    config = load_config(path)
    journal = start_journal(
        journal_dir(config), GatewayName("gw-1"), sign=identity.sign, verify=identity.verify, clock=clock,
        bytes_max=config.journal.bytes_max,
    )  # fmt: skip
    return journal, path


def test_a_gateway_that_the_ledger_does_not_know_is_told_how_to_register(tmp_path: Path) -> None:
    journal, path = journal_with(tmp_path, ManualClock(START))
    journal.append(Lane.READINGS, [reading(1)])
    journal.set_aside(list(journal.batches()), "refused", "no gateway is registered as gw-1")
    config = load_config(path)
    check = only(check_journal(config, START, is_reachable=True), "registration")
    assert check.state is CheckState.FAIL and "cloud-sync gateway add gw-1 --public-key" in check.fix
    journal.append(Lane.READINGS, [reading(2)])  # and this one is taken
    journal.acknowledge([batch for batch in journal.batches() if batch.state == "pending"])
    assert only(check_journal(config, START, is_reachable=True), "registration").state is CheckState.OK
    assert only(check_journal(config, START, is_reachable=True), "set aside").state is CheckState.WARN
    journal.close()


def test_records_that_wait_for_hours_fail_only_if_the_ledger_answers(tmp_path: Path) -> None:
    journal, path = journal_with(tmp_path, ManualClock(START))
    journal.append(Lane.READINGS, [reading(1)])
    later = START + dt.timedelta(hours=5)
    config = load_config(path)
    assert only(check_journal(config, later, is_reachable=True), "registration").state is CheckState.FAIL
    assert only(check_journal(config, later, is_reachable=False), "registration").state is CheckState.WARN
    journal.close()


def test_a_clock_that_lost_its_time_fails_and_an_unsynchronised_one_is_warned_about() -> None:
    assert check_clock(dt.datetime(1970, 1, 2, tzinfo=dt.UTC), is_synced=False).state is CheckState.FAIL
    assert check_clock(NOW, is_synced=False).state is CheckState.WARN
    assert check_clock(NOW, is_synced=True).state is CheckState.OK


MOUNTS = """\
21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
22 21 0:20 / {path} {options} - {kind} {device} rw
"""


@pytest.mark.parametrize(
    ("kind", "device", "options", "state", "said"),
    [
        ("ext4", "/dev/sda2", "rw", CheckState.OK, "ext4"),
        ("ext4", "/dev/mmcblk0p2", "rw", CheckState.WARN, "wears out"),
        ("ext4", "/dev/mmcblk0p2", "ro", CheckState.FAIL, "read only"),
        ("tmpfs", "tmpfs", "rw", CheckState.WARN, "gone after a power cut"),
        ("vfat", "/dev/sdb1", "rw", CheckState.FAIL, "survives no power cut"),
    ],
)
def test_the_file_system_below_the_journal_is_judged(
    tmp_path: Path, kind: str, device: str, options: str, state: CheckState, said: str
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(path=tmp_path.resolve(), kind=kind, device=device, options=options))
    check = only(check_disk(tmp_path, 1_000_000, 0, mounts), "file system")
    assert check.state is state and said in check.says


def test_a_journal_that_may_grow_beyond_the_disk_fails(tmp_path: Path) -> None:
    assert only(check_disk(tmp_path, 1 << 60, 0), "disk space").state is CheckState.FAIL
    assert only(check_disk(tmp_path, 1_000_000, 1 << 60), "disk space").state is CheckState.WARN
    assert only(check_disk(tmp_path, 1_000_000, 0), "disk space").state is CheckState.OK


def test_a_port_that_is_not_there_or_may_not_be_opened_fails_with_the_group(tmp_path: Path) -> None:
    assert check_port("scanner", str(tmp_path / "ttyUSB0")).fix == "edge-agent scan"
    assert check_port("scanner", "/dev/null").state is CheckState.OK
    if os.geteuid() != 0:  # root may open everything
        closed = tmp_path / "closed"
        closed.touch(mode=0o040)
        assert "usermod -aG" in check_port("scanner", str(closed)).fix


def test_a_key_that_others_may_read_fails_with_chmod(tmp_path: Path) -> None:
    assert only(check_key(tmp_path / "nowhere"), "data directory").state is CheckState.FAIL
    assert only(check_key(tmp_path), "key").state is CheckState.WARN
    Identity.load_or_make(tmp_path)
    assert only(check_key(tmp_path), "key").state is CheckState.OK
    (tmp_path / "gateway.key").chmod(0o644)
    bad = only(check_key(tmp_path), "key")
    assert bad.state is CheckState.FAIL and bad.fix.startswith("chmod 600")


@pytest.mark.parametrize(("is_known", "state"), [(False, CheckState.WARN), (True, CheckState.OK)])
def test_a_site_without_time_zone_is_warned_of(tmp_path: Path, is_known: bool, state: CheckState) -> None:
    config = load_config(config_in(tmp_path))
    assert list(check_desk(config)) == []
    places = tuple(dataclasses.replace(p, zone="Europe/Berlin", is_zone_known=is_known) for p in SITE.places)
    desk = desk_from(dataclasses.replace(SITE, places=places), ManualClock(START))
    DeskStore(config.gateway.data_dir).keep(desk)
    (check,) = check_desk(config)
    assert check.state is state
    assert ("end at midnight UTC" in check.says) is not is_known
    assert ("POST /v1/places/north/zone" in check.fix) is not is_known
