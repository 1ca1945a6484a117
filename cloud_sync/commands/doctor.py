"""``doctor``: everything that keeps a ledger from working, and what mends it; ``status``: how it is, in ten lines."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from cloud_sync.actions.overview.health import CLOCKS_DIFFER_S, Health, health, health_and_clocks
from cloud_sync.backup.archive import read_key
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, load, opened, out, say, told
from cloud_sync.config import LedgerConfig, load_config
from cloud_sync.config_check import file_faults
from cloud_sync.errors import ConfigError, LedgerError
from cloud_sync.storage.database import Database, holds_ledger
from cloud_sync.storage.embedded import is_there
from cloud_sync.storage.roles import RUNTIME_ROLE

CERTIFICATE_DAYS_MIN = 14
DISK_FREE_SHARE_MIN, DISK_FREE_BYTES_MIN = 0.1, 1 << 30
TRANSACTION_S_MAX = 3600
CONNECTIONS_SHARE_MAX = 0.9
UNSEALED_S_MAX = 60
SILENT_S_MAX = 900
MESSAGE_LATE_S_MAX = 120
HOUR_S = 3600


class CheckState(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


OK, WARN, FAIL = CheckState.OK, CheckState.WARN, CheckState.FAIL


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and what mends it."""

    name: str
    state: CheckState
    says: str
    fix: str = ""


def doctor(
    config: Config = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look for everything that keeps the ledger from working, and say what mends it. Ends with 1 for a failure.

    Run it as the ledger's user, whose rights it tries: sudo -u cloud-sync cloud-sync doctor
    """
    checks = examine(config, datetime.now(UTC))
    if as_json:
        sys.stdout.write(json.dumps([asdict(check) for check in checks], indent=1) + "\n")
    else:
        _show(checks)
    if any(check.state is FAIL for check in checks):
        raise typer.Exit(1)


def status(config: Config = DEFAULT_CONFIG) -> None:
    """How the ledger is: what it received, holds, waits for and sends, and when it was backed up."""
    with told(), opened(load(config)) as database:
        found = health(database)
    figures = found.figures
    silent = [name for name, age in found.silent_s.items() if age is None or age > SILENT_S_MAX]
    cases = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in found.cases.items())
    late = figures["message_late_s"]
    for name, text in (
        ("ledger", f"{figures['workers']} processes, {'one keeps' if figures['leaders'] else 'none keeps'} house"),
        ("database", f"PostgreSQL {figures['server_version']}, {figures['database_bytes'] / 1e6:.1f} MB, "
                     f"{figures['connections']} of {figures['connections_max']} connections"),
        ("ingest", f"{figures['records_in_order'] or 0} records, {figures['lanes_with_holes']} lanes with holes"),
        ("gateways", f"{len(found.silent_s)}, {len(silent)} silent{': ' + ', '.join(silent) if silent else ''}"),
        ("excursions", f"{figures['excursions_open']} open"),
        ("holds", f"{figures['holds_open']} by people"),
        ("exceptions", cases or "none open"),
        ("alerts", f"{figures['messages_waiting']} messages wait{f', {late:.0f} s late' if late else ''}"),
        ("seal", f"{figures['sealed_size'] or 0} rows sealed"),
        ("backup", _backup_words(found)),
    ):  # fmt: skip
        say(f"{name:<11} {text}")


def examine(path: Path, now: datetime) -> list[Check]:
    """All checks, in the order in which things are best mended."""
    try:
        config = load_config(path)
        if faults := file_faults(config, path, at=now):
            raise ConfigError(faults)
    except ConfigError as error:
        edit = f"sudoedit {path} && cloud-sync check-config --config {path}"
        return [Check("configuration", FAIL, fault, edit) for fault in error.faults]
    checks = [Check("configuration", OK, f"{path} is good"), *_certificate(config, now), *_disk(config)]
    with ExitStack() as stack:
        try:
            if not _is_ledger(config):
                return [*checks, Check("database", FAIL, "there is no ledger in it", f"cloud-sync migrate -c {path}")]
            database = stack.enter_context(opened(config, may_create=True))
            found, differ_s = health_and_clocks(database)
        except LedgerError as error:
            return [*checks, Check("database", FAIL, str(error).splitlines()[0], error.what_to_do)]
        checks += [*_database(found, database), *_clock(differ_s), *_work(found)]
    return [*checks, *_backups(config, found)]


def _is_ledger(config: LedgerConfig) -> bool:
    if config.database.url is not None:
        return holds_ledger(config.database.url)
    return config.database.data_dir is not None and is_there(config.database.data_dir)


def _certificate(config: LedgerConfig, now: datetime) -> Iterator[Check]:
    path = config.server.tls_cert_file
    if path is None:
        yield Check("certificate", OK, f"none: {config.server.host} is this machine, or behind a proxy")
        return
    ends = x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc
    days = (ends - now).days
    state = OK if days >= CERTIFICATE_DAYS_MIN else WARN
    yield Check("certificate", state, f"valid; expires {ends:%Y-%m-%d}", "" if state is OK else f"renew {path}")


def _disk(config: LedgerConfig) -> Iterator[Check]:
    folder = config.database.data_dir
    if folder is None:
        return
    try:
        space = shutil.disk_usage(folder)
    except OSError as error:
        yield Check("disk", FAIL, f"{folder} cannot be looked at: {error.strerror}", f"ls -ld {folder}")
        return
    enough = space.free >= max(DISK_FREE_BYTES_MIN, space.total * DISK_FREE_SHARE_MIN)
    says = f"{space.free / 1e9:.1f} GB of {space.total / 1e9:.1f} GB are free in {folder}"
    yield Check("disk", OK if enough else WARN, says, "" if enough else "free some space, or use a larger disk")


def _database(found: Health, database: Database) -> Iterator[Check]:
    figures = found.figures
    yield Check("database", OK, f"PostgreSQL {figures['server_version']}, schema {figures['revision']}")
    if figures["works_as"] == RUNTIME_ROLE:
        yield Check("rights", OK, "the ledger works as a role that cannot change evidence")
    else:
        yield Check(
            "rights", WARN, f"the ledger works as {figures['works_as']}, who owns the tables",
            f"let an administrator run: CREATE ROLE {RUNTIME_ROLE}; GRANT {RUNTIME_ROLE} TO {figures['works_as']};",
        )  # fmt: skip
    share = figures["connections"] / figures["connections_max"]
    if share > CONNECTIONS_SHARE_MAX:
        yield Check("connections", WARN, f"{figures['connections']} of {figures['connections_max']} are taken",
                    "raise max_connections, or run fewer processes")  # fmt: skip
    if figures["longest_transaction_s"] > TRANSACTION_S_MAX:
        yield Check(
            "transactions", WARN, f"one has been open for {figures['longest_transaction_s'] / HOUR_S:.0f} h",
            "end it: pg_stat_activity has the oldest xact_start; old rows cannot be cleaned up meanwhile",
        )  # fmt: skip


def _clock(differ_s: float) -> Iterator[Check]:
    if differ_s > CLOCKS_DIFFER_S:
        yield Check("clock", FAIL, f"this machine and the database's differ by {differ_s:.0f} s",
                    "synchronise both: timedatectl set-ntp true")  # fmt: skip
    else:
        yield Check("clock", OK, "this machine and the database's agree")


def _work(found: Health) -> Iterator[Check]:
    figures = found.figures
    if figures["leaders"]:
        yield Check("ledger", OK, f"{figures['workers']} processes serve, one of them keeps house")
    else:
        yield Check("ledger", WARN, "no process keeps house", "sudo systemctl enable --now cloud-sync")
    if found.unsealed_s > UNSEALED_S_MAX:
        yield Check("seal", FAIL if figures["leaders"] else WARN,
                    f"something has waited for {found.unsealed_s:.0f} s to be sealed",
                    "journalctl -u cloud-sync; cloud-sync verify")  # fmt: skip
    else:
        yield Check("seal", OK, f"{figures['sealed_size'] or 0} rows are sealed")
    silent = [name for name, age in found.silent_s.items() if age is None or age > SILENT_S_MAX]
    if silent:
        yield Check("gateways", WARN, f"silent: {', '.join(silent)}", "edge-agent doctor, on the gateway")
    elif found.silent_s:
        yield Check("gateways", OK, f"{len(found.silent_s)} were heard in the last {SILENT_S_MAX // 60} minutes")
    late = figures["message_late_s"] > MESSAGE_LATE_S_MAX
    if figures["targets_failing"] or late:
        yield Check(
            "alerts", FAIL, f"{figures['messages_waiting']} messages are not delivered", "cloud-sync alert list"
        )
    else:
        yield Check("alerts", OK, "every message was delivered")
    aside = found.cases.get("batch_set_aside", 0)
    if aside:
        yield Check("batches", WARN, f"{aside} were set aside", "cloud-sync batch --help, and the console's exceptions")


def _backups(config: LedgerConfig, found: Health) -> Iterator[Check]:
    section = config.backup
    age_s = found.backup_age_s
    if age_s is None or age_s > section.overdue_hours * HOUR_S:
        yield Check("backup", WARN, _backup_words(found), "cloud-sync backup DIR, and a timer for it")
    else:
        yield Check("backup", OK, _backup_words(found))
    if section.key_file is not None:
        try:
            read_key(section.key_file)
        except LedgerError as error:
            yield Check("backup key", FAIL, str(error), error.what_to_do)
    if section.marks_file is not None and not os.access(section.marks_file.parent, os.W_OK):
        yield Check("marks", FAIL, f"{section.marks_file.parent} cannot be written by this user",
                    f"ls -ld {section.marks_file.parent}")  # fmt: skip


def _backup_words(found: Health) -> str:
    age_s = found.backup_age_s
    if age_s is None:
        return "none was ever made"
    return f"the last good one is {age_s / HOUR_S:.0f} h old"


def _show(checks: list[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        out.print(
            f"[{_COLOURS[check.state]}]{_MARKS[check.state]}[/]  {check.name:<{width}}  ", end="", highlight=False
        )
        say(check.says)
        if check.fix:
            say(f"      {'':<{width}}  -> {check.fix}")
    counts = {state: sum(check.state is state for check in checks) for state in CheckState}
    say(f"\n{counts[OK]} OK, {_counted(counts[WARN], 'warning')}, {_counted(counts[FAIL], 'failure')}")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


_MARKS = {OK: " ok ", WARN: "warn", FAIL: "FAIL"}
_COLOURS = {OK: "green", WARN: "yellow", FAIL: "bold red"}
