"""The task that tells the ledger every minute what this gateway runs, and takes what the ledger hands out.

A ledger of before the fleet answers 404 and is asked again an hour later; nothing else changes for it.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from edge_agent.buffer.stored_batch import JournalStatus
from edge_agent.config.model import GatewayConfig
from edge_agent.domain.fleet.handed_out import (
    CONFIG_FORMAT,
    ORDER_FORMAT,
    Signed,
    config_of,
    order_of,
    signed_of,
    signed_words,
)
from edge_agent.domain.fleet.heartbeats import PATH, ConfigStanding, Heartbeat, signed_path
from edge_agent.domain.fleet.managed_config import NO_CONFIG, TAKES_POLICIES
from edge_agent.domain.wire.protocol import PROTOCOLS_WRITTEN, agreed, versions_of
from edge_agent.domain.wire.records import Notice, NoticeKind, Record
from edge_agent.errors import ConfigError, JournalError, UplinkError
from edge_agent.fleet.config_file import ConfigFile
from edge_agent.fleet.config_trial import ConfigTrial
from edge_agent.fleet.health import HealthFigures
from edge_agent.fleet.releases import Releases
from edge_agent.timekeeping.clock import Clock, stamp
from edge_agent.uplink.desk_client import DeskClient
from edge_agent.uplink.trust import LedgerTrust

OLDER_LEDGER_S = 3600.0
LOOK_S = 1.0
"""How often a probation is looked at."""
WHEN_RUNNING = ("gateway", "uplink", "journal", "clock", "calendar", "desk", "page", "output")
"""Sections of which a change counts from the next start on."""

_log = logging.getLogger("edge_agent.fleet")


@dataclass(frozen=True, slots=True)
class Hands:
    """What the link may do to the agent: let it read its configuration again, let it start again, record a notice; and
    ask when the last receipt came (monotonic seconds), and for the journal's figures."""

    reload: Callable[[], None]
    restart: Callable[[], None]
    record: Callable[[Record], Awaitable[None]]
    receipt_s: Callable[[], float | None]
    journal: Callable[[], Awaitable[JournalStatus]]


class FleetLink:
    """Run it as a task. ``trial`` and ``releases`` were settled before the agent started."""

    def __init__(
        self,
        config: GatewayConfig,
        client: DeskClient,
        clock: Clock,
        trial: ConfigTrial,
        releases: Releases,
        health: HealthFigures,
        hands: Hands,
    ) -> None:
        self._config = config
        self._client = client
        self._clock = clock
        self._trial = trial
        self._releases = releases
        self._health = health
        self._hands = hands
        self._trust = LedgerTrust.load_or_none(config.gateway.data_dir)
        self._on_probation_since_s = clock.mono_s()
        self._told = ""

    async def run(self) -> None:
        """Tell and take until cancelled."""
        next_s = self._clock.mono_s()
        while True:
            if await self.look_at_probation():
                next_s = self._clock.mono_s()  # the ledger hears of it at once
            if self._clock.mono_s() >= next_s:
                pause_s = await self._beat_in_peace()
                next_s = self._clock.mono_s() + pause_s
            is_soon = self._trial.state().trial is not None or self._releases.is_on_probation
            pause_s = max(0.05, next_s - self._clock.mono_s())
            await asyncio.sleep(min(LOOK_S, pause_s) if is_soon else pause_s)

    def reload_failed(self, error: ConfigError) -> None:
        """The agent could not take the file as it is: if it is on trial, it goes out at once."""
        if self._trial.go_back("; ".join(error.faults)):
            self._hands.reload()

    async def beat(self) -> float:
        """One heartbeat and what follows from the answer; gives the pause until the next. Raises ``UplinkError``."""
        body = (await self._heartbeat()).model_dump_json(exclude_none=True).encode()
        answer = await self._client.signed_post(PATH, signed_path(hashlib.sha256(body).hexdigest()), body)
        if answer is None:
            return OLDER_LEDGER_S
        said = json.loads(answer)
        self._trust.reread()
        if agreed(PROTOCOLS_WRITTEN, versions_of(said.get("protocols"))) is None:
            raise ValueError(
                f"it reads batches of version {said['protocols']} only, this gateway writes {PROTOCOLS_WRITTEN}"
            )
        for each in said.get("handovers", ()):
            self._trust.follow(str(each["key"]), str(each["by"]), str(each["signature"]))
        if (handed := self._genuine(said.get("config"), CONFIG_FORMAT)) is not None:
            await self._take_config(handed)
        if (order := self._genuine(said.get("release"), ORDER_FORMAT)) is not None:
            await self._take_release(order)
        return self._config.gateway.heartbeat_s

    async def _beat_in_peace(self) -> float:
        try:
            pause_s = await self.beat()
            if self._told:
                _log.info("heartbeats reach the ledger again")
            self._told = ""
            return pause_s
        except UplinkError as error:
            self._tell_once(f"no heartbeat reached the ledger: {error}")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._tell_once(f"the ledger's answer to a heartbeat cannot be read: {error}")
        except OSError as error:
            self._tell_once(f"what the ledger hands out cannot be kept: {error}")
        return self._config.gateway.heartbeat_s

    def _tell_once(self, text: str) -> None:
        if not self._told:
            _log.warning("%s", text)
        self._told = text

    async def look_at_probation(self) -> bool:
        """Confirmed by the first receipt since it began; out again when none came in time. Whether either happened."""
        trial = self._trial.state().trial
        if trial is None and not self._releases.is_on_probation:
            return False
        receipt_s = self._hands.receipt_s()
        if receipt_s is not None and receipt_s > self._on_probation_since_s:
            if (version := self._trial.confirm()) is not None:
                await self._note(f"configuration {version} of the ledger is confirmed", {"version": version})
            self._releases.confirm()
            return True
        waited_s = self._clock.mono_s() - self._on_probation_since_s
        if waited_s < self._config.gateway.probation_s:
            return False
        why = f"no receipt of the ledger came within {self._config.gateway.probation_s:.0f} s"
        if self._releases.go_back(why) or self._trial.go_back(why):
            self._hands.restart()
        return True

    async def _take_config(self, handed: Signed) -> None:
        config = config_of(handed.body)
        if config.gateway != self._config.gateway.name:
            raise ValueError(f"it is a configuration of gateway {config.gateway}")
        before = ConfigFile.read(self._trial.path).raw
        if not await asyncio.to_thread(self._trial.put_in, config):
            return
        self._on_probation_since_s = self._clock.mono_s()
        await self._note(f"configuration {config.version} of the ledger is in place", {"version": config.version})
        after = ConfigFile.read(self._trial.path).raw
        if any(before.get(section) != after.get(section) for section in WHEN_RUNNING):
            self._hands.restart()
        else:
            self._hands.reload()

    async def _take_release(self, signed: Signed) -> None:
        order = order_of(signed.body)
        if order.gateway != self._config.gateway.name or not self._releases.wants(order):
            return
        if await self._releases.install_from_ledger(order, self._client, self._trust):
            self._hands.restart()

    async def _heartbeat(self) -> Heartbeat:
        status: JournalStatus | None = None
        with suppress(JournalError):
            status = await self._hands.journal()
        return Heartbeat(
            gateway=self._config.gateway.name,
            protocols=PROTOCOLS_WRITTEN,
            config=await asyncio.to_thread(self._config_standing),
            release=self._releases.standing(),
            health=self._health.now(status),
        )

    def _config_standing(self) -> ConfigStanding:
        state = self._trial.state()
        try:
            file = ConfigFile.read(self._trial.path)
        except (OSError, ValueError) as error:  # somebody is at it: the agent runs on with what it read before
            return ConfigStanding(sha256=NO_CONFIG, state="unreadable", reason=str(error)[:1900])
        word = "probation" if state.trial else "running" if state.sha256 else "unmanaged"
        if self._trial.is_drifted(file):
            word = "drifted"
        tells_text = word in ("drifted", "unmanaged")
        return ConfigStanding(
            version=file.version, sha256=file.digest, state=word, tried=state.tried, last=state.last,
            reason=state.reason, toml=file.managed_text() if tells_text else None,
            parts=file.parts() if tells_text else None, takes=(TAKES_POLICIES,),
        )  # fmt: skip

    def _genuine(self, said: Any, form: str) -> Signed | None:
        """What the ledger signed itself; None if there is nothing. Raises ``ValueError`` for what it did not."""
        signed = signed_of(said)
        if signed is None:
            return None
        if not self._trust.has_said(signed_words(form, signed.body), signed.by, signed.signature):
            raise ValueError("what it hands out is not signed by the ledger that this gateway knows")
        return signed

    async def _note(self, text: str, data: dict[str, str | int | float | None]) -> None:
        """Which configuration was in force is evidence. Only a ledger that knows this kind of notice hands one out."""
        with suppress(JournalError):
            await self._hands.record(Notice(stamp(self._clock), NoticeKind.CONFIGURED, "configuration", text, data))
