"""The ledger through an MQTT broker: one batch a message, and the ledger's own receipts on a topic of the gateway.

Nothing but a receipt of the ledger counts. The broker's acknowledgement (PUBACK) says that the link is alive, and no
more: a broker may lose what it holds. So the session is clean on purpose: the journal is the queue, and what a broker
kept for an absent gateway would only be receipts for batches that are sent again anyway. A batch that a broker or a
second attempt delivers twice is a duplicate to the ledger, and acknowledged as such.

A receipt counts if the ledger has signed it (``edge_agent.uplink.trust``): whoever else may write to the topic of
receipts, the broker's own people among them, can make nobody forget a batch.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.config.model import UplinkSection, url_fault
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.wire import digest_of
from edge_agent.errors import ConfigError, LinkDown, Refused
from edge_agent.uplink.base import Outcome, Receipt
from edge_agent.uplink.mqtt_link import Broker, Link, Unanswered, Version, VersionRefused
from edge_agent.uplink.receipts import NoReceipts, Parsed, parse_receipts
from edge_agent.uplink.tls import tls_context
from edge_agent.uplink.trust import HOW_TO_TRUST, LedgerTrust, forged_words

WHOLE_EXCHANGE_FACTOR = 6
"""``timeout_s`` limits the wait for the next receipt; this many of them limit a whole exchange."""
ASKED_MAX = 1000
"""Batches whose receipts are recognised and kept, also when they come after their exchange was given up."""
FORGED_MAX = 1000
"""Of receipts that are not the ledger's, only so many are counted."""
PACKET_OVERHEAD_BYTES = 256
CREDENTIALS_BYTES_MAX = 2000
PORTS = {"mqtt": 1883, "mqtts": 8883}
VERSIONS = {"auto": (Version.V5, Version.V311), "5": (Version.V5,), "3.1.1": (Version.V311,)}

_log = logging.getLogger("edge_agent.uplink")


class MqttUplink:
    """Publishes batches to ``lotwarden/{gateway}/batches``, takes receipts from ``lotwarden/{gateway}/receipts``.

    Connects when there is something to send and stays connected. Speaks MQTT 5, or 3.1.1 with a broker that refuses
    5, and remembers which. The certificate is always verified; plain ``mqtt://`` is for this very machine only;
    anything else raises ``ConfigError``.
    """

    def __init__(self, section: UplinkSection, gateway: GatewayName, trust: LedgerTrust) -> None:
        """``trust`` is whose receipts count. As long as it knows no key, nothing is sent."""
        fault = url_fault(section.url, "mqtt")
        if fault:
            raise ConfigError((f"uplink.url: {fault}",))
        self._broker, *others = _brokers(section, gateway)
        self._others = deque(others)
        """Further nodes, the next to be tried first."""
        self._batches_topic = f"lotwarden/{gateway}/batches"
        self._receipts_topic = f"lotwarden/{gateway}/receipts"
        self._timeout_s = section.timeout_s
        self._inflight_max = section.mqtt.inflight_max
        self._versions = deque(VERSIONS[section.mqtt.version])
        """The first is the one to speak."""
        self._spoken: Version | None = None
        self._link: Link | None = None
        self._asked: OrderedDict[str, dict[Outcome, Receipt]] = OrderedDict()
        self._ledger = trust
        self._forged_digests: list[str] = []
        self._forged = ""
        self._missing = ""
        self._noise = 0
        self._is_noisy = False

    @property
    def version(self) -> str | None:
        """What is spoken with the broker, "5" or "3.1.1"; nothing before the first connection."""
        return self._spoken.value if self._spoken else None

    async def send(self, units: Sequence[bytes]) -> tuple[Receipt, ...]:
        """Publish ``units`` and collect their receipts. See :class:`edge_agent.uplink.base.Uplink`.

        What was acknowledged before the link broke or the time was up is given back all the same.
        """
        self._ledger.reread()
        if not self._ledger.keys:
            raise Refused(f"the key of the ledger behind {self._broker.address} is not known here: {HOW_TO_TRUST}")
        by_digest = {digest_of(unit): unit for unit in units}
        self._ask(by_digest)
        fault: LinkDown | Refused | None = None
        noise_before = self._noise
        limit_s = self._timeout_s * WHOLE_EXCHANGE_FACTOR
        try:
            async with asyncio.timeout(limit_s):
                await self._exchange(await self._open_link(), by_digest)
        except TimeoutError:
            fault = LinkDown(f"{self._broker.address}: not all receipts within {limit_s:.0f} s")
        except (LinkDown, Refused) as error:
            fault = error
        if isinstance(fault, LinkDown) and self._others:
            await self._turn_to_next()
        receipts = self._answers(by_digest)
        self._forged = forged_words(self._receipts_topic, self._forged_digests)
        self._forged_digests = []
        if fault is not None and not receipts:
            raise fault
        if fault is None and self._noise == noise_before and self._is_noisy:
            self._is_noisy = False
            _log.warning("%s: receipts are sound again", self._broker.address)
        return receipts

    @property
    def forged(self) -> str:
        """See :class:`edge_agent.uplink.base.Uplink`."""
        return self._forged

    def take_missing(self) -> str:
        """What the ledger has last said that it has not got; given once, '' if it said nothing since."""
        said, self._missing = self._missing, ""
        return said

    async def close(self) -> None:
        """Let go of the connection."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _turn_to_next(self) -> None:
        """A node that brings no receipts may be cut off from the others, even if it answers itself."""
        await self.close()
        self._others.append(self._broker)
        self._broker = self._others.popleft()

    async def _open_link(self) -> Link:
        if self._link is not None and self._link.is_open:
            return self._link
        await self.close()
        refused: VersionRefused | None = None
        for _ in range(len(self._versions)):
            link = self._link = Link(
                self._broker,
                self._versions[0],
                self._receipts_topic,
                self._take,
                inflight_max=self._inflight_max,
            )
            try:
                await link.open()
            except VersionRefused as error:
                refused = error
                self._versions.rotate(-1)
                await self.close()
            except Unanswered:
                if self._spoken is None:
                    self._versions.rotate(-1)  # the next attempt speaks the other version
                raise
            else:
                self._note_version(link.version)
                return link
        raise Refused(f"{refused}: write another uplink.mqtt.version, or leave it out")

    def _note_version(self, version: Version) -> None:
        if version is not self._spoken:
            self._spoken = version
            _log.info("%s: connected with MQTT %s", self._broker.address, version.value)

    async def _exchange(self, link: Link, units: Mapping[str, bytes]) -> None:
        """Until every unit has a receipt. At most so many at once as neither side's limit is passed."""
        loop = asyncio.get_running_loop()
        waiting = deque(digest for digest in units if not self._asked[digest])
        unanswered: set[str] = set()
        turned_down: dict[str, str] = {}
        since_s = loop.time()
        while waiting or unanswered:
            link.changed.clear()
            while waiting and len(unanswered) < link.inflight_max:
                digest = waiting.popleft()
                if not self._fits(link, units[digest]):
                    turned_down[digest] = f"it takes messages of up to {link.packet_bytes_max} bytes, raise its limit"
                    continue
                link.publish(digest, self._batches_topic, units[digest])
                unanswered.add(digest)
            turned_down |= {digest: link.rejected[digest] for digest in unanswered & link.rejected.keys()}
            settled = {digest for digest in unanswered if self._asked[digest] or digest in turned_down}
            if settled:
                unanswered -= settled
                since_s = loop.time()
            elif unanswered:
                await self._wait(link, since_s)
        if turned_down:
            reason = next(iter(turned_down.values()))
            raise LinkDown(f"{self._broker.address}: the broker turned {len(turned_down)} batches down: {reason}")

    async def _wait(self, link: Link, since_s: float) -> None:
        """For anything to happen. Raises ``LinkDown`` if the link ended, or nothing came for ``timeout_s``."""
        if link.fault is not None:
            raise link.fault
        try:
            async with asyncio.timeout_at(since_s + self._timeout_s):
                await link.changed.wait()
        except TimeoutError:
            where, limit = self._broker.address, f"{self._timeout_s:.0f} s"
            if link.unacknowledged and link.heard_s < since_s:
                # A half-open link: the next attempt makes a new one, without waiting for the keep-alive.
                await self.close()
                raise LinkDown(f"{where}: the broker said nothing for {limit}") from None
            raise LinkDown(
                f"{where}: no receipt from the ledger for {limit}: is it connected to this broker, and does the broker "
                f"let this gateway write {self._batches_topic} and read {self._receipts_topic}?"
            ) from None

    def _fits(self, link: Link, unit: bytes) -> bool:
        return link.packet_bytes_max is None or len(unit) + PACKET_OVERHEAD_BYTES <= link.packet_bytes_max

    def _ask(self, digests: Mapping[str, bytes]) -> None:
        for digest in digests:
            self._asked.setdefault(digest, {})
            self._asked.move_to_end(digest)
        while len(self._asked) > max(ASKED_MAX, len(digests)):
            self._asked.popitem(last=False)

    def _answers(self, digests: Mapping[str, bytes]) -> tuple[Receipt, ...]:
        """Given back once: a batch that is sent again afterwards is asked for anew."""
        found: list[Receipt] = []
        for digest in digests:
            found += self._asked[digest].values()
            self._asked[digest] = {}
        return tuple(found)

    def _take(self, payload: bytes) -> None:
        """One message on the topic of receipts. Repeated receipts fall together; those for strangers are noise."""
        try:
            parsed = parse_receipts(payload, self._ledger)
        except NoReceipts:
            parsed = Parsed((), 1, ())
        noise = parsed.unreadable
        if len(self._forged_digests) < FORGED_MAX:
            self._forged_digests += parsed.forged
        for digest, words in parsed.missing:
            if digest in self._asked:  # one that was kept by somebody says what was missing long ago
                self._missing = words
        for receipt in parsed.receipts:
            if receipt.digest in self._asked:
                self._asked[receipt.digest][receipt.outcome] = receipt
            else:
                noise += 1
        self._noise += noise
        if noise and not self._is_noisy:
            self._is_noisy = True
            _log.warning(
                "%s: ignoring receipts that are unreadable or for batches not sent, the first is %r",
                self._receipts_topic,
                payload[:80],
            )


def _brokers(section: UplinkSection, gateway: GatewayName) -> list[Broker]:
    """The broker, and its further nodes. Raises ``ConfigError``."""
    addresses = [urlsplit(url) for url in (section.url, *section.mqtt.other_urls)]
    tls = tls_context(section, is_broker=True) if any(parts.scheme == "mqtts" for parts in addresses) else None
    credentials = read_credentials(section.mqtt.credentials_file) if section.mqtt.credentials_file else None
    return [
        Broker(
            address=f"{parts.scheme}://{parts.netloc}",
            host=parts.hostname or "",
            port=parts.port or PORTS[parts.scheme],
            client_id=client_id_of(gateway),
            tls=tls if parts.scheme == "mqtts" else None,
            credentials=credentials,
            keepalive_s=section.mqtt.keepalive_s,
            step_s=section.timeout_s,
        )
        for parts in addresses
    ]


def client_id_of(gateway: GatewayName) -> str:
    """Always the same, so that a broker drops the half-open connection of this gateway's last life.

    nats-server refuses a dot in it; a colon is in no name.
    """
    return f"lotwarden-{gateway}".replace(".", ":")


def read_credentials(path: Path) -> tuple[str, str]:
    """User name and password: the first and second line of ``path``. Raises ``ConfigError``."""
    at = "uplink.mqtt.credentials_file"
    try:
        is_open = path.stat().st_mode & 0o007
        lines = path.read_text(encoding="utf-8")[:CREDENTIALS_BYTES_MAX].splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError((f"{at}: {path} cannot be read ({error}): make it readable for the agent's user",)) from error
    if is_open:
        raise ConfigError((f"{at}: {path} may be read by everyone: run chmod 600 {path}",))
    if len(lines) < 2 or not lines[0] or not lines[1]:
        raise ConfigError((f"{at}: {path} must have the user name on the first line and the password on the second",))
    return lines[0], lines[1]
