"""The whole agent, in this process and as one of its own, and its command line."""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from edge_agent.agent import FAREWELL_S, TaskDied, journal_dir, run
from edge_agent.buffer.opening import start_journal
from edge_agent.buffer.reader import JournalReader
from edge_agent.config.dock_sections import OutputSection
from edge_agent.config.model import GatewayConfig, GatewaySection, JournalSection, UplinkSection
from edge_agent.dock.dock_context import DockContext
from edge_agent.dock.lamps import Lamps
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.records import Lane, Notice, Record
from edge_agent.domain.wire.wire import decode_batch, decode_record, split_units
from edge_agent.drivers.base import Emit
from edge_agent.drivers.gpio import Outputs
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.backfill import read_status
from edge_agent.uplink.identity import Identity
from tests.support.journal_parts import START, reading, scan
from tests.support.small_ledger import Ledger
from tests.support.warm_commands import run_command

PATIENCE_S = 30


class Heard:
    """A source that has something to say, and then listens on, fails or ends."""

    name = "heard"

    def __init__(self, records: Sequence[Record], then: str = "listens") -> None:
        self._records = records
        self._then = then
        self.said = asyncio.Event()

    async def run(self, emit: Emit) -> None:
        for record in self._records:
            await emit(record)
        self.said.set()
        if self._then == "fails":
            raise ZeroDivisionError("a bug")
        if self._then == "listens":
            await asyncio.Event().wait()


def config_for(tmp_path: Path, url: str) -> GatewayConfig:
    return GatewayConfig(
        gateway=GatewaySection(name="gw-test", data_dir=tmp_path / "data"),
        uplink=UplinkSection(url=url, timeout_s=1, retry_max_s=1),
        journal=JournalSection(readings_commit_s=60),
    )


@asynccontextmanager
async def ledger_for(data_dir: Path) -> AsyncIterator[Ledger]:
    ledger = await Ledger(Identity.load_or_make(data_dir).verify).start()
    yield ledger
    await ledger.stop()


def said(ledger: Ledger, lane: str) -> list[Record]:
    return [decode_record(line) for line in ledger.lines(lane)]


async def test_what_a_source_says_reaches_the_ledger_between_started_and_stopped(tmp_path: Path) -> None:
    async with ledger_for(tmp_path / "data") as ledger:
        config = config_for(tmp_path, ledger.url)
        source, stop = Heard([reading(1), scan(1), reading(2)]), asyncio.Event()
        running = asyncio.create_task(
            run(config, ManualClock(START), [source], stop=stop, random=random.Random(1).random)
        )
        async with asyncio.timeout(PATIENCE_S):
            await source.said.wait()
            stop.set()
            asked_s = asyncio.get_running_loop().time()
            await running
        assert asyncio.get_running_loop().time() - asked_s < FAREWELL_S, "it does not wait when all is sent"
        scans = said(ledger, "scans")
        assert [r.notice if isinstance(r, Notice) else r for r in scans] == ["started", scan(1), "stopped"]
        assert said(ledger, "readings") == [reading(1), reading(2)], "flushed by the stop, long before their time"
        with JournalReader.open(journal_dir(config)) as reader:
            assert reader.pending_records() == 0


@pytest.mark.parametrize("then", ["fails", "ends"])
async def test_a_task_that_dies_stops_the_agent_loudly_and_loses_nothing(tmp_path: Path, then: str) -> None:
    config = config_for(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(TaskDied, match="heard ended unexpectedly"):
        await run(
            config, ManualClock(START), [Heard([reading(1), scan(1)], then)], stop=asyncio.Event(),
            random=random.Random(1).random,
        )  # fmt: skip
    with JournalReader.open(journal_dir(config)) as reader:
        assert [lane.records for lane in reader.status().lanes] == [3, 1]


def write_config(tmp_path: Path, url: str = "http://127.0.0.1:9") -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'[gateway]\nname = "gw-test"\ndata_dir = "{tmp_path / "data"}"\n'
        f'[uplink]\nurl = "{url}"\ntimeout_s = 1\nretry_max_s = 1\n'
    )
    return path


async def edge_agent(*arguments: str | Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge_agent", *map(str, arguments), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


async def result_of(*arguments: str | Path) -> tuple[int | None, str, str]:
    """Exit status and output of a command that ends by itself; ``edge_agent`` starts one that goes on."""
    ended = await asyncio.to_thread(run_command, "edge_agent", *map(str, arguments), timeout_s=PATIENCE_S)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, ended.stdout, ended.stderr


async def test_the_process_stops_cleanly_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    async with ledger_for(tmp_path / "data") as ledger, asyncio.timeout(PATIENCE_S):
        config = write_config(tmp_path, ledger.url)
        for number, how in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGINT), start=1):
            process = await edge_agent("run", "--config", config)
            assert process.stderr
            async for line in process.stderr:
                if b"gateway gw-test runs with 0 sources" in line:
                    break
            while sum(isinstance(r, Notice) and r.notice == "started" for r in said(ledger, "scans")) < number:
                await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=0.01)
            process.send_signal(how)
            assert await process.wait() == (-signal.SIGKILL if how is signal.SIGKILL else 0)
        notices = [r.notice.value for r in said(ledger, "scans") if isinstance(r, Notice)]
        assert notices == ["started", "stopped", "started", "started", "stopped"]
        assert ledger.stored_twice == 0
        assert len({journal for journal, _, _ in ledger.records}) == 1, "one journal throughout"


async def test_a_good_configuration_is_counted_and_a_broken_one_told_in_full(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    code, out, err = await result_of("check-config", "--config", config)
    assert (code, out, err) == (0, "config is good: 0 buses, 0 devices, 0 scanners\n", "")
    config.write_text('[gateway]\nname = "GW"\n[uplinc]\nurl = 1\n')
    expected = (
        "the configuration has 4 faults:\n"
        "line 1: gateway.data_dir: is missing; write e.g. data_dir = \"/var/lib/lotwarden\"\n"
        "line 2: gateway.name: "
    )  # fmt: skip
    code, out, err = await result_of("check-config", "--config", config)
    assert (code, out) == (1, "")
    assert "line 3: uplinc: there is no such key; did you mean uplink?" in err
    assert err.startswith(expected.replace("4 faults", "3 faults"))
    code, out, err = await result_of("run", "--config", config)
    assert (code, out) == (78, "")
    assert "did you mean uplink?" in err


async def test_identity_tells_the_name_and_key_to_register(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    code, out, _ = await result_of("identity", "--config", config, "--json")
    key = Identity.load_or_make(tmp_path / "data").public_key
    assert code == 0
    assert json.loads(out) == {"gateway": "gw-test", "public_key": key}
    _, out, _ = await result_of("identity", "--config", config)
    assert "gw-test" in out
    assert key in out


def journal_with_records(tmp_path: Path) -> None:
    identity = Identity.load_or_make(tmp_path / "data")
    with start_journal(
        tmp_path / "data" / "journal", GatewayName("gw-test"), sign=identity.sign, verify=identity.verify,
        clock=ManualClock(START),
    ) as journal:  # fmt: skip
        journal.append(Lane.SCANS, [scan(1)])
        journal.append(Lane.READINGS, [reading(1), reading(2)])


async def test_the_buffer_can_be_looked_into_checked_and_carried_away(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    code, _, err = await result_of("buffer", "status", "--config", config)
    assert code == 1
    assert "makes it on its first start" in err
    journal_with_records(tmp_path)

    code, out, _ = await result_of("buffer", "status", "--config", config, "--json")
    assert code == 0
    assert [(lane["lane"], lane["records"]) for lane in json.loads(out)["lanes"]] == [("scans", 1), ("readings", 2)]
    _, out, _ = await result_of("buffer", "status", "--config", config)
    assert "2026-03-01 08:00:01Z" in out
    assert "written to it so far" in out
    assert "…" not in out, "80 columns are enough"

    code, out, _ = await result_of("buffer", "inspect", "--config", config, "--lane", "readings", "--from", "2")
    assert (code, out.count("\n")) == (0, 1)
    assert out.startswith('readings 2  {"stamp":')
    _, out, _ = await result_of("buffer", "inspect", "--config", config, "--json", "--limit", "1")
    assert [(row["seq"], row["record"]["kind"]) for row in json.loads(out)] == [(1, "scan")]
    _, out, _ = await result_of("buffer", "inspect", "--config", config, "--from", "99")
    assert out.startswith("no records of lane scans from 99 on")

    code, out, _ = await result_of("buffer", "verify", "--config", config)
    assert (code, out) == (0, "2 batches, 3 records: all good\n")

    carried = tmp_path / "carried.lwb"
    code, out, _ = await result_of("buffer", "export", "--config", config, "--to", carried)
    assert code == 0
    units = [decode_batch(unit) for unit in split_units(carried.read_bytes())]
    assert sorted((u.header.lane.value, u.header.count) for u in units) == [("readings", 2), ("scans", 1)]
    code, _, err = await result_of("buffer", "export", "--config", config, "--to", carried)
    assert code == 1
    assert "exists already" in err


@asynccontextmanager
async def running(config: Path) -> AsyncIterator[None]:
    process = await edge_agent("run", "--config", config)
    try:
        assert process.stderr
        async for line in process.stderr:
            if b"gateway gw-test runs with 0 sources" in line:
                break
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_what_was_refused_waits_again_by_a_command_while_the_agent_is_stopped(tmp_path: Path) -> None:
    async with ledger_for(tmp_path / "data") as ledger, asyncio.timeout(PATIENCE_S):
        config = write_config(tmp_path, ledger.url)
        code, _, err = await result_of("buffer", "resend", "--config", config)
        assert (code, "there is no journal" in err) == (1, True)
        journal_with_records(tmp_path)
        ledger.refuse = lambda _batch: True
        async with running(config):
            while not await set_aside(config, 3):
                pass
            code, out, err = await result_of("buffer", "resend", "--config", config)
            assert (code, out) == (1, "")
            assert "in use by another edge-agent: stop that one first" in err
        ledger.refuse = lambda _batch: False
        code, out, _ = await result_of("buffer", "resend", "--config", config)
        assert code == 0
        assert "readings 1..2 waits again; refused was: " in out and "0 stay set aside" in out.splitlines()[-1]
        code, out, _ = await result_of("buffer", "resend", "--config", config, "--json")
        assert (code, json.loads(out)) == (0, {"batches": 0, "records": 0, "still_set_aside": 0})
        async with running(config):
            while await waiting(config):
                pass
        assert scan(1) in said(ledger, "scans")
        assert said(ledger, "readings") == [reading(1), reading(2)]
        assert ledger.stored_twice == 0


async def set_aside(config: Path, batches: int) -> bool:
    _, out, _ = await result_of("buffer", "status", "--config", config, "--json")
    return sum(lane["set_aside_batches"] for lane in json.loads(out)["lanes"]) >= batches


async def waiting(config: Path) -> bool:
    _, out, _ = await result_of("buffer", "status", "--config", config, "--json")
    return any(lane["records"] for lane in json.loads(out)["lanes"])


async def test_verify_fails_for_a_key_that_did_not_sign(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    journal_with_records(tmp_path)
    (tmp_path / "data" / "gateway.key").unlink()
    code, _, err = await result_of("buffer", "verify", "--config", config)
    assert code == 1
    assert "gateway.key" in err
    assert not (tmp_path / "data" / "gateway.key").exists(), "looking makes nothing"
    Identity.load_or_make(tmp_path / "data")
    code, out, _ = await result_of("buffer", "verify", "--config", config)
    assert code == 1
    assert "not by this gateway's key" in out


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - of a pin or a file nobody tells us
            await asyncio.sleep(0.01)


async def test_a_lamp_is_on_while_the_ledger_is_unreachable_and_off_once_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.agent.LINK_SHOWN_S", 0.02)
    pins, clock, stop = MockFactory(), ManualClock(START), asyncio.Event()
    patient, hasty = (
        OutputSection(name=pin.lower(), pin=pin, shows="unreachable", after_minutes=minutes)
        for pin, minutes in (("GPIO5", 10), ("GPIO6", 5))
    )
    outputs = Outputs((patient, hasty), pins)

    async def until_they_are(*wanted: int) -> None:
        await until(lambda: (int(pins.pin("GPIO5").state), int(pins.pin("GPIO6").state)) == wanted)

    def is_link_lost() -> bool:
        status = read_status(tmp_path / "data")
        return status is not None and status.link == "down"

    async with ledger_for(tmp_path / "data") as ledger:
        config = config_for(tmp_path, ledger.url)
        await ledger.stop()
        dock_context = DockContext(config, clock, Lamps(outputs))
        source = Heard([scan(1)])
        running = asyncio.create_task(
            run(config, clock, [source], stop=stop, random=random.Random(1).random, dock_context=dock_context)
        )
        await source.said.wait()
        await until(is_link_lost)
        clock.advance(599)
        await until_they_are(0, 1)
        clock.advance(1)
        await until_they_are(1, 1)
        back = await Ledger(Identity.load_or_make(tmp_path / "data").verify).start(port=ledger.port)
        await until_they_are(0, 0)
        stop.set()
        await running
        await back.stop()
    outputs.close()
