"""``serve``: the ledger listens, takes batches from a broker as well, and keeps house."""

import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from time import sleep
from types import FrameType
from typing import NoReturn

import uvicorn
from starlette.routing import BaseRoute

from cloud_sync.actions.gateways import releases
from cloud_sync.actions.gateways.journal_gaps import MissingTeller
from cloud_sync.actions.gateways.ledger_keys import ReceiptSigner, ledger_keys
from cloud_sync.actions.gateways.release_files import ReleaseFolder
from cloud_sync.actions.governance import controlled_changes, retention_rules
from cloud_sync.actions.interop import connections
from cloud_sync.actions.interop.field_maps import FieldMaps
from cloud_sync.actions.interop.hospital_messages import take_message
from cloud_sync.actions.master_data.zones import ask_for_missing_zones, zones_that_differ
from cloud_sync.actions.monitoring import channels, retention
from cloud_sync.actions.orders.reallocation_worker import Replanning
from cloud_sync.actions.people.first_start import needs_administrator, setup_code
from cloud_sync.actions.quality import stability_budget
from cloud_sync.api.connections import CONNECTIONS_MAX, KEEP_ALIVE_S, Doorkeeper, bounded_protocol
from cloud_sync.app import create_app
from cloud_sync.backup.marks import settle_restored_lanes, write_marks
from cloud_sync.commands.allocation import bound_allocations
from cloud_sync.commands.certificates import authority_of
from cloud_sync.commands.logging_setup import set_up_logging
from cloud_sync.commands.policies import import_policies_of
from cloud_sync.commands.privileges import give_up_root
from cloud_sync.commands.terminal import load, opened, say, told
from cloud_sync.commands.warming import warm_in_background
from cloud_sync.commands.workers import end_with, keep_running
from cloud_sync.config import LedgerConfig, ServerSection
from cloud_sync.console.rendering import load_templates
from cloud_sync.errors import ConfigError, DatabaseDown, Invalid
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.mllp.receiver import MllpDoor, Peer
from cloud_sync.ingest.mqtt.receiver import MqttDoor
from cloud_sync.notify.worker import Alerting
from cloud_sync.seal.sealing import Sealer
from cloud_sync.storage.database import Database
from cloud_sync.storage.leadership import Leadership

FILES_MAX = 65_536
"""Of open files and connections, as far as the system lets us."""
SHUTDOWN_S = 10
BACKLOG = 1024
"""Connections that may wait to be accepted: a region of gateways comes back at once."""

HOUSEKEEPING_S = 24 * 3600
MARKS_S = 60
"""How often the marks file is written, and lanes of a restored ledger are looked at."""
CHANGES_S = 60
BUDGETS_S = 300
"""How often lots are held against the allowances of their items."""


def serve(config: Path, workers: int, worker: str) -> None:
    """Run the ledger until SIGTERM or Ctrl-C, in so many processes.

    ``worker`` is empty, or says which of the processes this one is, the number of the open socket, and the process that
    started it: "0:7:4711". Any number of ledgers may run on one database. Housekeeping, reallocation and the like are
    done by one of all their processes; if it dies, another goes on with it.
    """
    signal.signal(signal.SIGTERM, _exit)
    set_up_logging("text")
    # Told once, as lost and back, by storage/database.py; the pool would tell of every attempt.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    loaded = load(config)
    set_up_logging(loaded.log.format)
    _let_open_many_files()
    bound_allocations()
    with told():
        if worker:
            number, socket_fd, parent = (int(each) for each in worker.split(":"))
            end_with(parent)
            with socket.socket(fileno=socket_fd) as listening, opened(loaded, may_create=True) as database:
                _serve_on(loaded, listening, database, workers=workers, number=number)
            return
        with _listening(loaded.server) as listening, opened(loaded, may_create=True) as database:
            _prepare(loaded, database)
            if workers == 1:
                _serve_on(loaded, listening, database)
            else:
                _say_where(listening, is_ssl=loaded.server.tls_cert_file is not None)
                keep_running([_worker_command(config, workers, number, listening) for number in range(workers)],
                             keep_open=listening.fileno())  # fmt: skip


def _worker_command(config: Path, workers: int, number: int, listening: socket.socket) -> list[str]:
    own = [
        "--config",
        str(config),
        "--workers",
        str(workers),
        "--worker",
        f"{number}:{listening.fileno()}:{os.getpid()}",
    ]
    return [sys.executable, "-m", "cloud_sync", "serve", *own]


def _prepare(loaded: LedgerConfig, database: Database) -> None:
    import_policies_of(database, loaded)
    if loaded.releases_folder is not None and (moved := _move_release_files(database, loaded.releases_folder)):
        say(f"{moved} files of releases were moved out of the database to {loaded.releases_folder}")
    for site in ask_for_missing_zones(database):
        say(f"WARNING: site {site} has no time zone. Its days end at midnight UTC until you set one.")
    for zone in zones_that_differ(database, today=datetime.now(UTC).date()):
        say(f"WARNING: the database changes the clocks of {zone} on other days. Update its time zone data.")
    if needs_administrator(database):
        code = setup_code(database)
        say(f"This ledger has no administrator yet. Open it in a browser, at /setup, with this code: {code}")


def _move_release_files(database: Database, folder: Path) -> int:
    try:
        return releases.move_files(database, ReleaseFolder(folder))
    except Invalid as error:
        say(f"WARNING: {error}. {error.what_to_do} Until then they are served from the database.")
        return 0


def _serve_on(
    loaded: LedgerConfig, listening: socket.socket, database: Database, *, workers: int = 1, number: int = 0
) -> None:
    """Serve until the end. Of several workers the first one takes batches from the broker as well."""
    server = loaded.server
    doorkeeper = Doorkeeper(
        None if server.behind_proxy else server.connections_per_address_max,
        connections_max=max(1, CONNECTIONS_MAX // workers),
    )
    field_maps = FieldMaps(loaded.hl7)
    with (
        _mqtt_door(loaded, database) if number == 0 else nullcontext(),
        _jetstream_door(loaded, database),  # each worker takes its share
        _mllp_door(loaded, database, field_maps) if number == 0 else nullcontext(),
        Leadership(database) as leadership,
        Replanning(database, leads=lambda: leadership.is_ours),
        Sealer(database),
        Alerting(database, loaded.alert_settings(), loaded.connections.as_settings(), leads=lambda: leadership.is_ours),
    ):
        _keep_house(database, loaded, leadership)
        app = create_app(
            database,
            typed_times=loaded.typed_times.as_limits(),
            oidc=loaded.oidc.as_settings() if loaded.oidc is not None else None,
            doorkeeper=doorkeeper,
            label_settings=loaded.labels.as_settings(),
            field_maps=field_maps,
            connection_settings=loaded.connections.as_settings(),
            authority=authority_of(loaded),
            release_folder=ReleaseFolder(loaded.releases_folder) if loaded.releases_folder else None,
        )
        http = uvicorn.Config(
            app,
            http=bounded_protocol(doorkeeper),
            timeout_keep_alive=KEEP_ALIVE_S,
            ssl_certfile=server.tls_cert_file,
            ssl_keyfile=str(server.tls_key_file) if server.tls_key_file else None,
            proxy_headers=server.behind_proxy,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
            log_level="warning",
        )
        http.load()  # the certificate's key may be root's alone
        load_templates()
        give_up_root(database)
        _Server(http, app.router.routes, says_where=workers == 1).run(sockets=[listening])


def _let_open_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if most == resource.RLIM_INFINITY else min(FILES_MAX, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


class _Server(uvicorn.Server):
    """Says where it listens: with port 0 nobody else knows. Once it does, it prepares these ``routes``."""

    def __init__(self, config: uvicorn.Config, routes: Sequence[BaseRoute], *, says_where: bool) -> None:
        super().__init__(config)
        self._routes = routes
        self._says_where = says_where

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or () if self._says_where else ():
            _say_where(listening, is_ssl=self.config.is_ssl)
        warm_in_background(self._routes)


def _say_where(listening: socket.socket, *, is_ssl: bool) -> None:
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    say(f"the ledger listens on {'https' if is_ssl else 'http'}://{shown}:{port} (API description: /docs)")


def listening_socket(host: str, port: int) -> socket.socket:
    """A TCP socket that listens. Raises ``OSError``.

    ``IPPROTO_TCP`` is said aloud: asyncio sets TCP_NODELAY only on sockets that know their protocol, and without it
    every answer on a kept connection waits 40 ms for the other side's acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


@contextmanager
def _listening(server: ServerSection) -> Iterator[socket.socket]:
    try:
        listening = listening_socket(server.host, server.port)
    except OSError as error:
        reason = f"server: cannot listen on {server.host} port {server.port} ({error.strerror})"
        raise ConfigError((f"{reason}; if another ledger runs here stop it, or write another host or port",)) from error
    with listening:
        yield listening


@contextmanager
def _mllp_door(config: LedgerConfig, database: Database, field_maps: FieldMaps) -> Iterator[None]:
    """Take HL7 messages as well, if there are senders."""
    if config.hl7 is None:
        yield
        return

    def answer(peer: Peer, content: bytes) -> bytes:
        return take_message(database, field_maps, peer, content, at=datetime.now(UTC))

    try:
        door = MllpDoor(config.hl7, answer)
        door.start()
    except (ValueError, OSError) as error:
        raise ConfigError((f"hl7: {error}",)) from error
    say(f"HL7 messages are taken on {config.hl7.host} port {door.port}")
    try:
        yield
    finally:
        door.stop()


@contextmanager
def _mqtt_door(config: LedgerConfig, database: Database) -> Iterator[None]:
    """Take batches from the broker as well, if there is one."""
    if config.mqtt is None:
        yield
        return
    try:
        door = MqttDoor(
            config.mqtt,
            partial(store_batches, database),
            ReceiptSigner(database),
            ledger_keys(database).broker_group,
            MissingTeller(database),
        )
    except ValueError as error:
        raise ConfigError((f"mqtt: {error}",)) from error
    door.start()
    try:
        yield
    finally:
        door.stop()


@contextmanager
def _jetstream_door(config: LedgerConfig, database: Database) -> Iterator[None]:
    """Take batches from a cluster of brokers as well, if there is one."""
    if config.jetstream is None:
        yield
        return
    try:
        from cloud_sync.ingest.jetstream.receiver import JetStreamDoor  # of an extra that few ledgers need
    except ModuleNotFoundError as missing:
        if missing.name != "nats":
            raise
        reason = "jetstream: the ledger needs the package nats-py for it; pip install 'lotwarden[cluster]'"
        raise ConfigError((reason,)) from missing
    try:
        door = JetStreamDoor(
            config.jetstream, partial(store_batches, database), ReceiptSigner(database), MissingTeller(database)
        )
        door.start()
    except ValueError as error:
        raise ConfigError((f"jetstream: {error}",)) from error
    try:
        yield
    finally:
        door.stop()


def _keep_house(database: Database, loaded: LedgerConfig, leadership: Leadership) -> None:
    """Months of readings ahead now and every day, and old ones thinned out if that is configured; if this process
    leads, and as soon as it does."""

    def housekeeping() -> None:
        at = datetime.now(UTC)
        retention.make_months_ahead(database, at)
        channels.note_unjudged_channels(database)
        connections.prune_deliveries(database, at - timedelta(days=loaded.connections.deliveries_kept_days))
        if (kept_months := loaded.database.readings_kept_months) is not None:
            months = retention_rules.readings_kept_months(database, kept_months)
            retention.thin_readings(database, months=months, at=at)

    def budgets() -> None:
        stability_budget.judge_budgets(database, datetime.now(UTC))

    def marks() -> None:
        settle_restored_lanes(database)
        if loaded.backup.marks_file is not None:
            try:
                write_marks(database, loaded.backup.marks_file, datetime.now(UTC))
            except OSError as error:
                logging.getLogger(__name__).warning("backup.marks_file cannot be written: %s", error)

    def changes() -> None:
        controlled_changes.apply_due(database, datetime.now(UTC))

    def repeated(once: Callable[[], None], every_s: float, what: str) -> None:
        while True:
            leadership.wait()
            try:
                once()
            except DatabaseDown:
                logging.getLogger(__name__).warning("%s: the database does not answer", what)
            sleep(every_s)

    for once, every_s, what in (
        (housekeeping, HOUSEKEEPING_S, "housekeeping waits"),
        (budgets, BUDGETS_S, "stability budgets wait"),
        (marks, MARKS_S, "marks wait"),
        (changes, CHANGES_S, "controlled changes wait"),
        (lambda: releases.step_roll_out(database, datetime.now(UTC)), CHANGES_S, "roll-outs wait"),
    ):
        Thread(target=repeated, args=(once, every_s, what), name=what.rsplit(" ", 1)[0], daemon=True).start()


def _exit(_signal: int, _frame: FrameType | None) -> NoReturn:
    # uvicorn stops in order on its own and then raises the signal again: end, with everything closed.
    raise SystemExit(0)
