"""The ledger's API on a real socket, in a thread."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread

import uvicorn

from cloud_sync.api.connections import Deadlines, Doorkeeper, bounded_protocol
from cloud_sync.app import create_app
from cloud_sync.commands.serving import listening_socket
from cloud_sync.domain.typed_times import TYPED_TIMES, TypedTimes
from cloud_sync.storage.database import Database


@contextmanager
def served(
    database: Database,
    doorkeeper: Doorkeeper,
    deadlines: Deadlines | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    typed_times: TypedTimes = TYPED_TIMES,
) -> Iterator[int]:
    """The port on which it is served."""
    app = create_app(database, doorkeeper=doorkeeper, clock=clock, typed_times=typed_times)
    config = uvicorn.Config(
        app,
        http=bounded_protocol(doorkeeper, deadlines),
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    with listening_socket("127.0.0.1", 0) as listening:
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
