"""Checks of the way to the ledger: name, connection, certificate, answer; and of what waits to be sent."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from edge_agent.agent import journal_dir
from edge_agent.buffer.desk_store import last_desk
from edge_agent.buffer.reader import JournalReader
from edge_agent.buffer.stored_batch import JournalStatus
from edge_agent.commissioning.checks import Check, CheckState
from edge_agent.config.model import GatewayConfig, UplinkSection
from edge_agent.errors import ConfigError, EdgeError, JournalError, LinkDown, Refused
from edge_agent.uplink.https import HttpsUplink
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.tls import tls_context

PORTS = {"https": 443, "http": 80, "mqtts": 8883, "mqtt": 1883}
CERTIFICATE_WARN = timedelta(days=21)
WAITING_WARN = timedelta(hours=1)
FULL_WARN = 0.8


async def check_uplink(section: UplinkSection, now: datetime) -> list[Check]:
    """From the name to an answer, of each node of a broker; stops with a node at the first thing that fails, since the
    rest would only repeat it."""
    others = section.mqtt.other_urls if section.kind == "mqtt" else ()
    checks = [await _check_address(section, url, now) for url in (section.url, *others)]
    return [each for found in checks for each in found]


async def _check_address(section: UplinkSection, url: str, now: datetime) -> list[Check]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    try:
        context = tls_context(section) if parts.scheme in ("https", "mqtts") else None
    except ConfigError as error:
        return [Check("certificates", CheckState.FAIL, str(error), "write the paths of PEM files in [uplink]")]
    try:
        async with asyncio.timeout(section.timeout_s):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError) as error:
        return [_no_connection(error, host, port)]
    checks = [Check("network", CheckState.OK, f"{host}:{port} takes connections")]
    certificate = writer.get_extra_info("peercert")
    writer.close()
    if context is not None and certificate:
        checks.append(_certificate(certificate, host, now))
    if section.kind == "https":  # over a broker only the receipts show that a ledger is there: see registration
        checks.append(await _answer(section))
    return checks


def check_desk(config: GatewayConfig) -> Iterator[Check]:
    """Whether the desk says in which time zone this site's days end; nothing where there is no desk yet."""
    desk = last_desk(config.gateway.data_dir)
    if desk is None:
        return
    site = next((place for place in desk.snapshot.places if place.name == desk.snapshot.site), None)
    if site is None or site.kind != "site":
        return
    if site.is_zone_known:
        yield Check("time zone", CheckState.OK, f"labels' days end at midnight in {site.zone}")
        return
    text = f"site {site.name} has no time zone in the ledger: labels' days end at midnight UTC"
    yield Check("time zone", CheckState.WARN, text, f"set it in the ledger: POST /v1/places/{site.name}/zone")


def check_journal(config: GatewayConfig, now: datetime, *, is_reachable: bool) -> Iterator[Check]:
    """What the journal holds, and whether the ledger takes it, which it does from registered gateways only."""
    try:
        with JournalReader.open(journal_dir(config)) as reader:
            status = reader.status()
            aside = _set_aside(reader, status)
    except JournalError as error:
        is_new = not (journal_dir(config) / "journal.db").exists()
        if is_new:
            yield Check("journal", CheckState.WARN, "none yet: the agent makes it at its first start", "")
            yield _registration_unknown(config)
        else:
            yield Check(
                "journal", CheckState.FAIL, str(error), "sudo systemctl restart edge-agent (it sets damage aside)"
            )
        return
    yield from _journal(config, status)
    yield _registration(config, status, aside, now, is_reachable=is_reachable)


def _no_connection(error: Exception, host: str, port: int) -> Check:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message or str(error)
        return Check(
            "certificate", CheckState.FAIL, f"{host} is not trusted: {reason}", _fix_for_certificate(reason, host)
        )
    if isinstance(error, ssl.SSLError):
        return Check("certificate", CheckState.FAIL, f"{host}:{port} does not speak TLS as it should ({error.reason})",
                     f"openssl s_client -connect {host}:{port} </dev/null")  # fmt: skip
    if isinstance(error, socket.gaierror):
        return Check("network", CheckState.FAIL, f"the name {host} cannot be resolved",
                     f"resolvectl query {host}; correct uplink.url, or the gateway's DNS server")  # fmt: skip
    if isinstance(error, ConnectionRefusedError):
        return Check("network", CheckState.FAIL, f"{host} is there, but nothing listens on port {port}",
                     "correct the port in uplink.url, or start the ledger (cloud-sync serve)")  # fmt: skip
    if isinstance(error, TimeoutError):
        return Check("network", CheckState.FAIL, f"{host}:{port} does not answer: no route, or a firewall swallows it",
                     f"ping {host}; ask for TCP port {port} to be opened from here")  # fmt: skip
    return Check(
        "network", CheckState.FAIL, f"no way to {host}:{port}: {error}", f"ip route get {host}; ip -brief address"
    )


def _fix_for_certificate(reason: str, host: str) -> str:
    if "expired" in reason:
        return "renew it at the ledger's server; if it is not expired, this clock is wrong: timedatectl"
    if "not yet valid" in reason:
        return "the clock here is behind: sudo timedatectl set-ntp true"
    if "Hostname" in reason or "IP address" in reason:
        return f"write the name that is in the certificate into uplink.url: openssl s_client -connect {host}:443"
    return "write the authority's PEM file as uplink.ca_file"


def _certificate(certificate: dict[str, object], host: str, now: datetime) -> Check:
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    left = until - now
    says = f"{host}: certificate valid; expires {until:%Y-%m-%d}, in {left.days} days"
    if left < CERTIFICATE_WARN:
        return Check("certificate", CheckState.WARN, says, "renew it at the ledger's server before then")
    return Check("certificate", CheckState.OK, says)


async def _answer(section: UplinkSection) -> Check:
    """An empty message is answered by a ledger with an empty list of receipts, and changes nothing there."""
    uplink = None
    try:
        uplink = HttpsUplink(section)
        await uplink.send([])
    except (LinkDown, Refused, ConfigError) as error:
        state = CheckState.WARN if isinstance(error, Refused) else CheckState.FAIL
        return Check("ledger", state, f"no ledger's answer: {error}", f"curl -sS {section.url}; correct uplink.url")
    finally:
        if uplink is not None:
            await uplink.close()
    return Check("ledger", CheckState.OK, f"{section.url} answers as a ledger does")


def _journal(config: GatewayConfig, status: JournalStatus) -> Iterator[Check]:
    share = status.used_bytes / config.journal.bytes_max
    waiting = sum(lane.records for lane in status.lanes)
    says = f"{waiting:,} records wait, {share:.0%} full"
    if share > FULL_WARN:
        yield Check(
            "journal", CheckState.WARN, f"{says}: when it is full, the oldest readings go", "raise journal.bytes_max"
        )
    else:
        yield Check("journal", CheckState.OK, says)
    if status.set_aside:
        yield Check("set aside", CheckState.WARN, f"{len(status.set_aside)} batches, for one {status.set_aside[0]}",
                    "edge-agent buffer status; show it to whoever runs the ledger")  # fmt: skip
    if status.damaged_journals:
        yield Check("damage", CheckState.WARN, f"damaged journals were set aside: {', '.join(status.damaged_journals)}",
                    "dmesg | grep -i -e mmc -e i/o; keep the files for the ledger's people")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Aside:
    """How many records of this journal the ledger refused; the latest reason, if nothing was taken since."""

    records: int
    reason: str


def _set_aside(reader: JournalReader, status: JournalStatus) -> _Aside:
    own = [batch for batch in reader.batches() if batch.journal == reader.journal]
    refused = [batch for batch in own if batch.state in ("refused", "fork")]
    latest = max(refused, key=lambda batch: batch.id, default=None)
    if latest is None:
        return _Aside(0, "")
    lane = next(lane for lane in status.lanes if lane.lane == latest.lane)
    since = lane.last_seq - lane.records - (latest.first + latest.count - 1)
    return _Aside(sum(batch.count for batch in refused), "" if since > 0 else latest.reason)


def _registration(
    config: GatewayConfig, status: JournalStatus, aside: _Aside, now: datetime, *, is_reachable: bool
) -> Check:
    if "registered" in aside.reason:
        return Check("registration", CheckState.FAIL, f"the ledger refuses: {aside.reason}", _register(config))
    oldest = min((lane.oldest for lane in status.lanes if lane.oldest), default=None)
    last_seq = sum(lane.last_seq for lane in status.lanes)
    waiting = sum(lane.records for lane in status.lanes)
    if oldest is not None and now - oldest > WAITING_WARN:
        hours = (now - oldest).total_seconds() / 3600
        says = f"nothing was acknowledged for {hours:.0f} h" + (", though the ledger answers" if is_reachable else "")
        return Check("registration", CheckState.FAIL if is_reachable else CheckState.WARN, says, _register(config))
    taken = last_seq - waiting - aside.records
    if taken > 0:
        return Check("registration", CheckState.OK, f"the ledger has acknowledged {taken:,} records")
    return _registration_unknown(config)


def _registration_unknown(config: GatewayConfig) -> Check:
    return Check("registration", CheckState.WARN, "the ledger has acknowledged nothing yet", _register(config))


def _register(config: GatewayConfig) -> str:
    try:
        key = Identity.load(config.gateway.data_dir).public_key
    except EdgeError:
        return "edge-agent identity, and do what it prints at the ledger"
    return f"at the ledger: cloud-sync gateway add {config.gateway.name} --public-key {key}"
