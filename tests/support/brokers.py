"""Real brokers as processes of a test: Mosquitto and nats-server, killed and started again at will."""

import asyncio
import contextlib
import getpass
import random
import shutil
import signal
import socket
import subprocess
from pathlib import Path

START_S = 20


class Broker:
    """One broker on a port of this machine. ``settings`` replaces the default ones."""

    program: str

    def __init__(self, home: Path, settings: str | None = None) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.port = free_port()
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._process = self._spawn()
        async with asyncio.timeout(START_S):
            while not await self._answers():
                assert self._process.poll() is None, self.log
                await asyncio.sleep(0.02)

    def _spawn(self) -> subprocess.Popen[bytes]:
        conf = self.home / "broker.conf"
        conf.write_text(self._settings.replace("PORT", str(self.port)) if self._settings else self._default())
        program = shutil.which(self.program, path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")
        assert program, f"{self.program} is missing: ./dev test installs it"
        with (self.home / "log").open("ab") as log:
            return subprocess.Popen([program, "-c", str(conf)], stdout=log, stderr=log)

    async def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(self._process.wait)
            self._process = None

    @property
    def log(self) -> str:
        return (self.home / "log").read_text(errors="replace")

    async def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            return True
        return False

    def _default(self) -> str:
        raise AssertionError("a broker of its own kind")


class Mosquitto(Broker):
    program = "mosquitto"

    def _default(self) -> str:
        return (
            f"user {getpass.getuser()}\nlistener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "set_tcp_nodelay true\n"
        )


class NatsServer(Broker):
    program = "nats-server"

    def _default(self) -> str:
        return (
            f'server_name: test\njetstream {{ store_dir: "{self.home / "store"}" }}\nmax_payload: 2MB\n'
            f"listen: 127.0.0.1:-1\nmqtt {{ listen: 127.0.0.1:{self.port} }}\n"
        )


def free_port() -> int:
    """Below the ports that the system gives to outgoing connections: nobody takes it while the broker is down."""
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
