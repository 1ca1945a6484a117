"""Everything the docks and the local page of one gateway share: the desk, what happened since, alarms, the status."""

import logging
from collections.abc import Iterable

from edge_agent.buffer.desk_store import Desk, DeskStore
from edge_agent.config.model import GatewayConfig
from edge_agent.config.policy_files import read_policies
from edge_agent.dock.downtime_pack import DowntimePacks
from edge_agent.dock.lamps import Lamps
from edge_agent.dock.local_holds import LocalHolds, WatchStore
from edge_agent.dock.offline_eligibility import DeskJudge
from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.dock.status_model import StatusModel
from edge_agent.domain.wire.records import Notice, Record, ScanTransaction
from edge_agent.timekeeping.clock import Clock

_log = logging.getLogger("edge_agent.desk")


class DockContext:
    """Opened once, before the sources are built. The data directory exists."""

    def __init__(self, config: GatewayConfig, clock: Clock, lamps: Lamps | None = None) -> None:
        """``lamps`` are the outputs of this gateway, if it has any: they follow alarms and answer scans."""
        self.lamps = lamps
        data_dir = config.gateway.data_dir
        self.store = DeskStore(data_dir)
        self.offline_stock = OfflineStock(read_policies(config.fleet.policies_dir))
        desk, damage = self.store.load()
        if desk is not None and desk.snapshot.gateway != config.gateway.name:
            damage = f"the desk on the disk is that of {desk.snapshot.gateway}, and is not used"
            desk = None
        if damage:
            _log.error("%s. The docks have no desk until the ledger sends one", damage)
        self.damage = damage
        self.offline_stock.take(desk)
        self._not_booked: frozenset[int] = frozenset()
        self._tell_not_booked()
        self.local_holds = LocalHolds(self.offline_stock, clock, WatchStore(data_dir))
        self.status_model = StatusModel(config, clock, self.offline_stock, open_alarms=self.local_holds.open_alarms)
        self.judge = DeskJudge(
            self.offline_stock,
            clock,
            old_after_s=config.desk.old_after_s,
            local_holds=self.local_holds.holds_on,
            alarm_at=self.local_holds.alarm_at,
            safe_place=self.local_holds.safe_place,
        )

        self.downtime_packs = DowntimePacks(
            config.gateway.name, data_dir, self.offline_stock, clock, local_holds=self.local_holds.holds_on
        )

    @property
    def desk(self) -> Desk | None:
        """The desk in use."""
        return self.offline_stock.desk

    def follow(self, config: GatewayConfig) -> None:
        """The configuration is this one now: judge by its policies, show its docks and devices."""
        self.offline_stock.use_policies(read_policies(config.fleet.policies_dir))
        self.status_model.follow(config)

    def remember(self, transactions: Iterable[ScanTransaction]) -> None:
        """What the journal still holds from before the start: the desk may not contain it."""
        for transaction in transactions:
            self.offline_stock.add(transaction)

    async def recorded(self, record: Record) -> tuple[Notice, ...]:
        """Something was recorded; what else has to be recorded because of it. Never raises for the world's faults."""
        if isinstance(record, ScanTransaction):
            self.offline_stock.add(record)
        notices = await self.local_holds.heard(record)
        for each in (record, *notices):
            self.status_model.heard(each)
            if self.lamps is not None:
                self.lamps.follow(each)
        self.status_model.changed()
        return notices

    async def ledger_has_spoken(self) -> None:
        """A desk came that was asked for when the ledger knew all that this gateway knows."""
        await self.local_holds.ledger_has_spoken()
        self.status_model.changed()

    def take(self, desk: Desk, contained: Iterable[str]) -> None:
        """A desk came that was asked for when the ledger had the transactions in ``contained``."""
        if self.offline_stock.desk is not None and desk.etag == self.offline_stock.desk.etag:
            gone = self.offline_stock.since & frozenset(contained)
            if gone:
                self.offline_stock.take(desk, contained=gone)
            else:
                self.offline_stock.confirm(desk)
        else:
            self.offline_stock.take(desk, contained=frozenset(contained))
        self._tell_not_booked()
        self.status_model.changed()

    def _tell_not_booked(self) -> None:
        """The lamp follows what the ledger could not book; the log names each once."""
        now = {case.number: case for case in self.offline_stock.not_booked}
        for number in now.keys() - self._not_booked:
            _log.error("not booked at the ledger (case %d): %s", number, now[number].text)
        self._not_booked = frozenset(now)
        if self.lamps is not None:
            self.lamps.not_booked(bool(now))
