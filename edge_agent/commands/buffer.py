"""``edge-agent buffer``: look into the journal; safe while the agent runs."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from edge_agent.agent import journal_dir, start_configured_journal
from edge_agent.buffer.reader import FILE_NAME, JournalReader
from edge_agent.buffer.replacement import set_journal_aside
from edge_agent.buffer.stored_batch import JournalStatus, LaneStatus
from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, JsonOption, errors_told, fail, print_json
from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.records import Lane
from edge_agent.domain.wire.wire import join_units
from edge_agent.runtime.config_loader import load_config
from edge_agent.timekeeping.build import build_clock
from edge_agent.uplink.backfill import STATUS_FILE, UplinkStatus, duration, read_status
from edge_agent.uplink.identity import Identity

buffer = typer.Typer(no_args_is_help=True, help="Look into the journal; safe while the agent runs.")


@buffer.command("status")
def buffer_status(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """What waits to be sent, since when, and what was set aside."""
    with errors_told(1), _reader(config) as (reader, loaded):
        status = reader.status()
        forked = reader.forked_batches()
    uplink = read_status(loaded.gateway.data_dir)
    if as_json:
        print_json({**asdict(status), "uplink": asdict(uplink) if uplink else None})
    else:
        _print_status(status)
        _print_uplink(uplink)
        if forked:
            print(
                f"FORK: the ledger holds {forked} batches of this journal with other content: the journal was copied "
                "to another gateway or restored from an old copy. Find and stop the copy, stop this agent, then: "
                "edge-agent buffer new-journal --reason ..."
            )


@buffer.command("inspect")
def buffer_inspect(
    config: ConfigOption = DEFAULT_CONFIG,
    lane: Annotated[Lane, typer.Option("--lane", help="Which of the two queues.")] = Lane.SCANS,
    first: Annotated[int, typer.Option("--from", min=1, help="The first sequence number to show.")] = 1,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many records at most.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show records that are still in the journal, as they will be sent."""
    with errors_told(1), _reader(config) as (reader, _):
        found = list(islice(reader.records_from(lane, first), limit))
    if as_json:
        print_json([{"seq": seq, "record": json.loads(line)} for seq, line in found])
        return
    for seq, line in found:
        print(f"{lane} {seq}  {line.decode()}")
    if not found:
        print(f"no records of lane {lane} from {first} on: the ledger has acknowledged them, or there were none")


@buffer.command("verify")
def buffer_verify(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Check every batch: bytes, signature, chain. Exit code 1 if anything is wrong."""
    with errors_told(1), _reader(config) as (reader, loaded):
        verdict = reader.verify(Identity.load(loaded.gateway.data_dir).verify)
    if as_json:
        print_json(asdict(verdict))
    else:
        for fault in verdict.faults:
            print(fault)
        word = f"{len(verdict.faults)} faults" if verdict.faults else "all good"
        print(f"{verdict.batches} batches, {verdict.records} records: {word}")
    if verdict.faults:
        raise typer.Exit(1)


@buffer.command("new-journal")
def buffer_new_journal(
    reason: Annotated[str, typer.Option("--reason", help="Reason; it is reported to the ledger.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Set the journal aside and go on with a new one: after a fork, a copied or restored disk. Stop the agent first.

    Nothing is deleted. What waits is still sent as it is; what the ledger called a fork is sent again under the new
    journal.
    """
    with errors_told(1):
        loaded = load_config(config)
        identity, clock = Identity.load(loaded.gateway.data_dir), build_clock(loaded)
        aside = set_journal_aside(journal_dir(loaded), reason, clock.now())
        (loaded.gateway.data_dir / STATUS_FILE).unlink(missing_ok=True)
        with start_configured_journal(loaded, identity, clock) as journal:
            print(f"{aside} was kept; journal {journal.journal} is now in use. Start the agent again")


@buffer.command("resend")
def buffer_resend(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Send once more what the ledger refused: after its cause is gone. Stop the agent first.

    Batches that are forks or damaged stay set aside: see new-journal and export.
    """
    with errors_told(1):
        loaded = load_config(config)
        if not (journal_dir(loaded) / FILE_NAME).exists():
            fail(f"there is no journal in {journal_dir(loaded)}: nothing was ever refused", 1)
        identity, clock = Identity.load(loaded.gateway.data_dir), build_clock(loaded)
        with start_configured_journal(loaded, identity, clock) as journal:
            again = journal.resend_refused()
            left = journal.status().set_aside
    records = sum(batch.count for batch in again)
    if as_json:
        print_json({"batches": len(again), "records": records, "still_set_aside": len(left)})
        return
    for batch in again:
        print(f"{batch.lane} {batch.first}..{batch.first + batch.count - 1} waits again; refused was: {batch.reason}")
    print(f"{len(again)} batches, {records} records are sent when the agent starts; {len(left)} stay set aside")
    for line in left:
        print(f"set aside: {line}")


@buffer.command("export")
def buffer_export(
    to: Annotated[Path, typer.Option("--to", help="The file to write; must not exist.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Write all batches to a file, to be carried to the ledger by hand. Nothing is removed from the journal."""
    with errors_told(1), _reader(config) as (reader, _):
        batches = records = 0
        try:
            with to.open("xb") as file:
                for batch in reader.batches():
                    file.write(join_units([batch.raw]))
                    batches, records = batches + 1, records + batch.count
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            fail(f"{to} exists already: write --to another file", 1)
        except OSError as error:
            fail(f"{to} cannot be written ({error.strerror})", 1)
    if as_json:
        print_json({"file": str(to), "batches": batches, "records": records})
    else:
        print(f"{batches} batches, {records} records written to {to}")


@contextmanager
def _reader(config: Path) -> Iterator[tuple[JournalReader, GatewayConfig]]:
    loaded = load_config(config)
    with JournalReader.open(journal_dir(loaded)) as reader:
        reader.bytes_max = loaded.journal.bytes_max
        yield reader, loaded


def _print_status(status: JournalStatus) -> None:
    table = Table(title=f"journal {status.journal} of {status.gateway}", box=SIMPLE_HEAD, title_justify="left")
    table.add_column("waiting to be sent", no_wrap=True)
    for lane in status.lanes:
        table.add_column(lane.lane.value, justify="right", no_wrap=True)
    # A column for each lane: there are two of them, and what is said of each may be long.
    for what, said in _SAID_OF_LANE:
        table.add_row(what, *(said(lane) for lane in status.lanes))
    console = Console()
    console.print(table)
    if status.bytes_max:
        share = status.used_bytes / status.bytes_max
        console.print(f"{status.used_bytes:,} of {status.bytes_max:,} bytes used ({share:.1%})")
    console.print(f"{status.free_bytes:,} bytes free on the disk; {status.written_bytes:,} written to it so far")
    for line in status.set_aside:
        console.print(f"set aside: {line}", markup=False)
    for name in status.damaged_journals:
        console.print(f"damaged journal kept: {name}", markup=False)


def _print_uplink(uplink: UplinkStatus | None) -> None:
    if uplink is None:
        print("link: never used by this agent")
        return
    print(f"link {uplink.link} since {_time(uplink.since)}{f' ({uplink.reason})' if uplink.reason else ''}")
    if uplink.backfill_total:
        eta = f", about {duration(uplink.backfill_eta_s)} left" if uplink.backfill_eta_s is not None else ""
        print(
            f"back-fill: {uplink.backfill_sent:,} of {uplink.backfill_total:,} records, "
            f"{uplink.backfill_records_per_s or 0:,.0f}/s{eta} (as of {_time(uplink.as_of)})"
        )


_SAID_OF_LANE: tuple[tuple[str, Callable[[LaneStatus], str]], ...] = (
    ("batches", lambda lane: f"{lane.batches:,}"),
    ("records", lambda lane: f"{lane.records:,}"),
    ("bytes", lambda lane: f"{lane.bytes:,}"),
    ("oldest", lambda lane: _time(lane.oldest)),
    ("last number written", lambda lane: f"{lane.last_seq:,}"),
    ("batches set aside", lambda lane: f"{lane.set_aside_batches:,}"),
)


def _time(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ") if at else "-"
