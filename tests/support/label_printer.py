"""A label printer on a raw TCP port: it answers a status query and takes formats, as printers that speak ZPL do."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

READY = b"\x02030,0,0,0350,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"
"""What a printer that is ready answers to ``~HS`` (ZPL II Programming Guide, ~HS)."""
OUT_OF_LABELS = READY.replace(b"\x02030,0,0", b"\x02030,1,0")
HEAD_OPEN = READY.replace(b"\x02000,0,0", b"\x02000,0,1")


@dataclass
class LabelPrinter:
    """``status``: what it answers; empty: it takes the connection and says nothing, ever."""

    status: bytes = READY
    port: int = 0
    jobs: list[bytes] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def take(self, connection: socket.socket) -> None:
        """One connection, to its end."""
        job = b""
        with connection, suppress(OSError):
            while received := connection.recv(65536):
                if received.startswith(b"~HS"):
                    connection.sendall(self.status)
                else:
                    job += received
        if job:
            self.jobs.append(job)
            self.done.set()


@contextmanager
def label_printer(status: bytes = READY) -> Iterator[LabelPrinter]:
    """A printer that listens until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        printer = LabelPrinter(status, server.getsockname()[1])

        def serve() -> None:
            with suppress(OSError):
                while True:
                    printer.take(server.accept()[0])

        thread = threading.Thread(target=serve)
        thread.start()
        yield printer
        server.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
