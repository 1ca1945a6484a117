"""``edge-agent``: run the gateway, check its configuration, look into its journal."""

import asyncio
import json
import logging
import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from edge_agent.agent import TaskDied, journal_dir, run, start_journal
from edge_agent.buffer.reader import JournalReader
from edge_agent.buffer.rows import JournalStatus
from edge_agent.clock import Clock, SystemClock
from edge_agent.clock_sync import always, file_is_there, kernel_is_synced
from edge_agent.config import GatewayConfig, url_fault
from edge_agent.config_load import load_config
from edge_agent.dock.build import build_docks
from edge_agent.domain.wire import join_units
from edge_agent.drivers.base import Source
from edge_agent.drivers.build import build_buses
from edge_agent.errors import ConfigError, EdgeError
from edge_agent.logs import set_up_logging
from edge_agent.uplink.backfill import STATUS_FILE, UplinkStatus, duration, read_status
from edge_agent.uplink.identity import Identity

EXIT_CONFIG = 78
"""EX_CONFIG of sysexits.h: systemd does not start the agent again until a person has been there."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Lotwarden's gateway: reads, keeps, forwards.",
)
buffer = typer.Typer(no_args_is_help=True, help="Look into the journal; safe while the agent runs.")
app.add_typer(buffer, name="buffer")

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The gateway's TOML file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DEFAULT_CONFIG = Path("/etc/lotwarden/gateway.toml")


def build_sources(config: GatewayConfig, clock: Clock) -> tuple[Source, ...]:
    """Every bus and scanner of the configuration. Raises ``ConfigError``."""
    return (*build_buses(config, clock), *build_docks(config, clock))


def build_clock(config: GatewayConfig) -> SystemClock:
    """The computer's clock, with the source of synchronisation that is configured."""
    path = config.clock.synced_file
    sources = {"kernel": kernel_is_synced, "trusted": always}
    return SystemClock(file_is_there(path) if path else sources[config.clock.source])


@app.command("run")
def run_command(
    config: ConfigOption = DEFAULT_CONFIG,
    debug: Annotated[bool, typer.Option("--debug", help="Log every step.")] = False,
) -> None:
    """Run the gateway until SIGTERM or SIGINT."""
    set_up_logging(debug=debug)
    with _errors_told(EXIT_CONFIG):
        loaded = load_config(config)
        try:
            asyncio.run(_run(loaded))
        except TaskDied:
            logging.getLogger("edge_agent").critical("the agent has a bug and stops", exc_info=True)
            raise typer.Exit(1) from None


@app.command("check-config")
def check_config(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Check a configuration: names every fault at once, with its line and what to write instead."""
    with _errors_told(1):
        loaded = load_config(config)
        build_sources(loaded, SystemClock())
    counts = ((len(loaded.bus), "bus", "buses"), (len(loaded.device), "device", "devices"),
              (len(loaded.scanner), "scanner", "scanners"))  # fmt: skip
    print("config is good: " + ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts))


@app.command("identity")
def identity_command(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show who this gateway is; makes its key pair on the first call."""
    with _errors_told(1):
        loaded = load_config(config)
        public_key = Identity.load_or_make(loaded.gateway.data_dir).public_key
    if as_json:
        _print_json({"gateway": loaded.gateway.name, "public_key": public_key})
        return
    print(f"gateway     {loaded.gateway.name}")
    print(f"public key  {public_key}")
    print(f"\nRegister it at the ledger:\n  cloud-sync gateway add {loaded.gateway.name} --public-key {public_key}")
    print("or, with a code from cloud-sync gateway invite, from here:\n  edge-agent enroll --code CODE")


@app.command("enroll")
def enroll_command(
    code: Annotated[str, typer.Option("--code", help="From the ledger: cloud-sync gateway invite NAME.")],
    url: Annotated[str | None, typer.Option("--url", help="The ledger, if it is not uplink.url.")] = None,
    ca_file: Annotated[Path | None, typer.Option("--ca-file", help="If it is not uplink.ca_file.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Enrol this gateway at the ledger; makes its key pair if there is none. The private key never leaves."""
    from edge_agent.uplink.enrol import enrol

    with _errors_told(1):
        loaded = load_config(config)
        if url is None and loaded.uplink.kind != "https":
            _fail("uplink.url is a broker's: write the ledger's own address, --url https://...", 1)
        section = loaded.uplink.model_copy(
            update={"url": url or loaded.uplink.url, "ca_file": ca_file or loaded.uplink.ca_file}
        )
        fault = url_fault(section.url)
        if fault:
            _fail(f"--url: {fault}", 1)
        enrolled = enrol(section, loaded.gateway.name, code, Identity.load_or_make(loaded.gateway.data_dir))
    print(f"gateway {enrolled.gateway} is enrolled with public key {enrolled.public_key}")


@buffer.command("status")
def buffer_status(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """What waits to be sent, since when, and what was set aside."""
    with _errors_told(1), _reader(config) as (reader, loaded):
        status = reader.status()
        forked = reader.forked_batches()
    uplink = read_status(loaded.gateway.data_dir)
    if as_json:
        _print_json({**asdict(status), "uplink": asdict(uplink) if uplink else None})
    else:
        _print_status(status)
        _print_uplink(uplink)
        if forked:
            print(
                f"FORK: the ledger holds {forked} batches of this journal with other content: the journal was copied "
                "to another gateway or restored from an old copy. Find and stop the copy, stop this agent, then: "
                "edge-agent buffer new-journal --reason ..."
            )


@buffer.command("verify")
def buffer_verify(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Check every batch: bytes, signature, chain. Exit code 1 if anything is wrong."""
    with _errors_told(1), _reader(config) as (reader, loaded):
        verdict = reader.verify(Identity.load(loaded.gateway.data_dir).verify)
    if as_json:
        _print_json(asdict(verdict))
    else:
        for fault in verdict.faults:
            print(fault)
        word = f"{len(verdict.faults)} faults" if verdict.faults else "all good"
        print(f"{verdict.batches} batches, {verdict.records} records: {word}")
    if verdict.faults:
        raise typer.Exit(1)


@buffer.command("new-journal")
def buffer_new_journal(
    reason: Annotated[str, typer.Option("--reason", help="Why; the ledger is told.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Set the journal aside and go on with a new one: after a fork, a copied or restored disk. Stop the agent first.

    Nothing is deleted. What waits is still sent as it is; what the ledger called a fork is sent again under the new
    journal.
    """
    from edge_agent.buffer.replace import set_journal_aside

    with _errors_told(1):
        loaded = load_config(config)
        identity, clock = Identity.load(loaded.gateway.data_dir), build_clock(loaded)
        aside = set_journal_aside(journal_dir(loaded), reason, clock.now())
        (loaded.gateway.data_dir / STATUS_FILE).unlink(missing_ok=True)
        with start_journal(loaded, identity, clock) as journal:
            print(f"{aside} is kept; journal {journal.journal} goes on. Start the agent again")


@buffer.command("export")
def buffer_export(
    to: Annotated[Path, typer.Option("--to", help="The file to write; must not exist.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Write all batches to a file, to be carried to the ledger by hand. Nothing is removed from the journal."""
    with _errors_told(1), _reader(config) as (reader, _):
        batches = records = 0
        try:
            with to.open("xb") as file:
                for batch in reader.batches():
                    file.write(join_units([batch.raw]))
                    batches, records = batches + 1, records + batch.count
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            _fail(f"{to} exists already: write --to another file", 1)
        except OSError as error:
            _fail(f"{to} cannot be written ({error.strerror})", 1)
    if as_json:
        _print_json({"file": str(to), "batches": batches, "records": records})
    else:
        print(f"{batches} batches, {records} records written to {to}")


def main() -> None:
    """The command ``edge-agent``."""
    app()


async def _run(config: GatewayConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = build_clock(config)
    await run(config, clock, build_sources(config, clock), stop=stop, random=random.SystemRandom().random)


@contextmanager
def _reader(config: Path) -> Iterator[tuple[JournalReader, GatewayConfig]]:
    loaded = load_config(config)
    with JournalReader.open(journal_dir(loaded)) as reader:
        reader.bytes_max = loaded.journal.bytes_max
        yield reader, loaded


@contextmanager
def _errors_told(exit_code: int) -> Iterator[None]:
    """Faults that people can mend end in their words and an exit code, not in a traceback."""
    try:
        yield
    except ConfigError as error:
        count = len(error.faults)
        _fail(
            "\n".join([f"the configuration has {count} {'fault' if count == 1 else 'faults'}:", *error.faults]),
            exit_code,
        )
    except EdgeError as error:
        _fail(str(error), 1)


def _fail(words: str, exit_code: int) -> NoReturn:
    print(words, file=sys.stderr)
    raise typer.Exit(exit_code)


def _print_status(status: JournalStatus) -> None:
    table = Table(title=f"journal {status.journal} of {status.gateway}", box=SIMPLE_HEAD, title_justify="left")
    for column in ("lane", "batches", "records", "bytes", "oldest waiting", "last seq", "set aside"):
        table.add_column(column, justify="left" if column in ("lane", "oldest waiting") else "right", no_wrap=True)
    for lane in status.lanes:
        table.add_row(
            lane.lane.value,
            f"{lane.batches:,}",
            f"{lane.records:,}",
            f"{lane.bytes:,}",
            _time(lane.oldest),
            f"{lane.last_seq:,}",
            f"{lane.set_aside_batches:,}",
        )
    console = Console()
    console.print(table)
    if status.bytes_max:
        share = status.used_bytes / status.bytes_max
        console.print(f"{status.used_bytes:,} of {status.bytes_max:,} bytes used ({share:.1%})")
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


def _time(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ") if at else "-"


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=lambda v: v.isoformat() if isinstance(v, datetime) else str(v)))


if __name__ == "__main__":
    main()
