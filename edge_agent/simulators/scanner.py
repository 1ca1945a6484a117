"""A handheld scanner on a real pseudo-terminal, byte for byte as the serial ones behave, with their bad habits.

``SimulatedScanner`` is for tests and the demonstration; ``scanner`` is the command for people.
"""

import asyncio
import os
import select
import tempfile
import tty
from contextlib import suppress
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from biip import ParseError
from rich.console import Console

from edge_agent.domain.barcodes.gs1_elements import GS, encode
from edge_agent.drivers.scanners.framing import Suffix

FRAMES: dict[Suffix, tuple[bytes, bytes]] = {
    "cr": (b"", b"\r"),
    "lf": (b"", b"\n"),
    "crlf": (b"", b"\r\n"),
    "tab": (b"", b"\t"),
    "etx": (b"\x02", b"\x03"),
    "none": (b"", b""),
}
"""What a scanner sends before and after a scan."""

GARBAGE = b"\x00\xff\x9c]d2\x8001003\x1b"
HEARD_BYTES_MAX = 65_536
GATEWAY_WAIT_S = 60
BEEPS = {b"\x06": "beep (good)", b"\x15": "BUZZ (bad)"}


class Glitch(StrEnum):
    """What can go wrong with one scan."""

    SPLIT = "split"  # arrives in two pieces with a pause between
    SLOW = "slow"  # arrives byte by byte
    TWICE = "twice"  # the trigger bounced: the same code twice at once
    NO_SEPARATOR = "no-separator"  # GS is dropped, as keyboard-minded scanners do
    NO_SUFFIX = "no-suffix"  # the end mark is lost
    GARBAGE = "garbage"  # line noise instead of the code


class SimulatedScanner:
    """A scanner that can be plugged in, unplugged and made to scan.

    ``path`` is a symbolic link to the serial port the agent is to open; it stays the same when the scanner is plugged
    in again, as ``/dev/serial/by-id/...`` would. Use as a context manager, or call :meth:`unplug` at the end.
    """

    def __init__(self, path: Path, *, aim: str = "]d2", suffix: Suffix = "cr", separator: str = GS) -> None:
        self.path = path
        self.aim = aim
        self.suffix: Suffix = suffix
        self.separator = separator
        self.heard = bytearray()
        self._master: int | None = None
        self._slave = -1

    def __enter__(self) -> "SimulatedScanner":
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def plug(self) -> None:
        """Plug in: the port appears."""
        if self._master is not None:
            return
        self._master, self._slave = os.openpty()  # our own end of it stays open: without, the line counts as hung up
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        port = os.ttyname(self._slave)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(port)
        fresh.replace(self.path)

    def unplug(self) -> None:
        """Pull the cable: the port goes away under whoever has it open."""
        if self._master is None:
            return
        self.path.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = None

    async def scan(self, text: str, *, aim: str | None = None, glitch: Glitch | None = None) -> None:
        """Send one code as this scanner would: ``aim`` (default: as set up), the text, the end mark.

        Use ``aim="]C0"`` for the plain Code 128 of a place or badge.
        """
        data = self.bytes_of(text, aim=aim, glitch=glitch)
        if glitch is Glitch.SPLIT:
            self.send(data[: len(data) // 2])
            await asyncio.sleep(0.05)
            self.send(data[len(data) // 2 :])
        elif glitch is Glitch.SLOW:
            for byte in data:
                self.send(bytes([byte]))
                await asyncio.sleep(0.002)
        else:
            self.send(data)

    def bytes_of(self, text: str, *, aim: str | None = None, glitch: Glitch | None = None) -> bytes:
        """The bytes that :meth:`scan` sends."""
        before, after = FRAMES[self.suffix]
        separator = "" if glitch is Glitch.NO_SEPARATOR else self.separator
        body = ((self.aim if aim is None else aim) + text.replace(GS, separator)).encode()
        if glitch is Glitch.GARBAGE:
            body = GARBAGE
        whole = before + body + (b"" if glitch is Glitch.NO_SUFFIX else after)
        return whole * 2 if glitch is Glitch.TWICE else whole

    def send(self, data: bytes) -> None:
        """Raw bytes on the line. Raises ``BlockingIOError`` if nobody reads and the line is full."""
        if self._master is None:
            raise OSError("the scanner is unplugged")
        sent = os.write(self._master, data)
        if sent != len(data):
            raise BlockingIOError(f"only {sent} of {len(data)} bytes fit on the line")

    def listen(self, wait_s: float = 0.0) -> bytes:
        """What the agent has sent since the last call (beeps), waiting up to ``wait_s`` for something."""
        if self._master is None or not select.select([self._master], [], [], wait_s)[0]:
            return b""
        heard = os.read(self._master, HEARD_BYTES_MAX)
        self.heard = (self.heard + heard)[-HEARD_BYTES_MAX:]
        return heard

    async def hear(self, wait_s: float = 5.0) -> bytes:
        """Wait until the agent sends something (a beep) and give it; raises ``TimeoutError``."""
        if self._master is None:
            raise OSError("the scanner is unplugged")
        loop, master, readable = asyncio.get_running_loop(), self._master, asyncio.Event()
        loop.add_reader(master, readable.set)
        try:
            async with asyncio.timeout(wait_s):
                await readable.wait()
        finally:
            loop.remove_reader(master)
        return self.listen()

    async def scan_until_answered(self, text: str, *, aim: str | None = None, wait_s: float = 30.0) -> bytes:
        """Scan ``text`` again and again until the agent has the port open and answers; raises ``TimeoutError``.

        What is sent before the agent opens the port is lost, as on a real line. ``text`` must be harmless twice, as a
        badge is.
        """
        async with asyncio.timeout(wait_s):
            while True:
                await self.scan(text, aim=aim)
                with suppress(TimeoutError):
                    return await self.hear(0.1)


def label(gtin: str, lot: str, expiry: date | str, serial: str | None = None) -> str:
    """The content of the GS1 DataMatrix on a box, without AIM identifier: (01)(17)(10) and perhaps (21).

    ``expiry`` is a date, or six digits YYMMDD to print something strange.
    """
    yymmdd = expiry if isinstance(expiry, str) else f"{expiry:%y%m%d}"
    elements = [("01", gtin), ("17", yymmdd), ("10", lot)]
    return encode(elements if serial is None else [*elements, ("21", serial)])


EXAMPLES = (
    "LW.BADGE.amy",
    "LW.ACTION.RECEIVE",
    "LW.PLACE.acme",
    "LW.PLACE.dock-1",
    "(01)00312345678906(17)271231(10)ABC123",
    "LW.COMMIT",
)


def scanner(
    link: Annotated[Path | None, typer.Option(help="Where the serial port is to appear (a symbolic link).")] = None,
    aim: Annotated[str, typer.Option(help="AIM identifier before GS1 codes; empty for a scanner without.")] = "]d2",
    suffix: Annotated[str, typer.Option(help="End mark: cr, lf, crlf, tab, etx or none.")] = "cr",
    example: Annotated[bool, typer.Option(help="Scan a short receipt automatically first.")] = False,
) -> None:
    """A handheld scanner you scan with by typing.

    Start it, put the printed port into the scanner section of the gateway's configuration, start the gateway, and type:
    LW.BADGE.amy, LW.ACTION.RECEIVE, ... or a label with brackets, (01)00312345678906(17)271231(10)ABC123.
    Before a code you may write a glitch and a colon: garbage:, split:, slow:, twice:, no-separator:, no-suffix:.
    """
    if suffix not in FRAMES:
        raise typer.BadParameter(f"{suffix} is none of {', '.join(FRAMES)}", param_hint="--suffix")
    path = link or Path(tempfile.mkdtemp(prefix="lotwarden-")) / "scanner"
    with SimulatedScanner(path, aim=aim, suffix=suffix) as device:
        asyncio.run(_type_scans(device, example=example))


async def _type_scans(device: SimulatedScanner, *, example: bool) -> None:
    console = Console(markup=False, highlight=False)
    console.print(f'Scanner is there. Under [[scanner]] put:  port = "{device.path}"')
    console.print("Type a code and press Enter; Ctrl-D ends. Try these:", *EXAMPLES, sep="\n  ")
    if example:
        try:
            await _scan_example(device, console)
        except TimeoutError:
            console.print(f"No gateway opened the port within {GATEWAY_WAIT_S} s.")
    while True:
        try:
            line = await asyncio.to_thread(input, "scan> ")
        except EOFError:
            return
        if line.strip():
            await _scan_typed(device, line.strip(), console)


async def _scan_example(device: SimulatedScanner, console: Console) -> None:
    console.print("Waiting for the gateway to open the port...")
    await device.scan_until_answered(EXAMPLES[0], aim="]C0", wait_s=GATEWAY_WAIT_S)
    for line in EXAMPLES[1:]:
        console.print(f"scan> {line}")
        await _scan_typed(device, line, console)
        await asyncio.sleep(0.5)


async def _scan_typed(device: SimulatedScanner, line: str, console: Console) -> None:
    glitch, text = _glitch_of(line)
    is_own = text.upper().startswith("LW.")
    try:
        await device.scan(_from_brackets(text), aim="]C0" if is_own and device.aim else None, glitch=glitch)
    except (OSError, ParseError) as error:
        console.print(f"Not sent: {error}")
        return
    heard = await asyncio.to_thread(device.listen, 1.0)
    names = [BEEPS.get(bytes([byte]), f"0x{byte:02x}") for byte in heard]
    console.print(", ".join(names) or "(no answer: is the gateway running?)")


def _glitch_of(line: str) -> tuple[Glitch | None, str]:
    before, colon, after = line.partition(":")
    if colon and before in set(Glitch):
        return Glitch(before), after.strip()
    return None, line


def _from_brackets(text: str) -> str:
    """What the symbol holds whose print reads ``(01)...(17)...``; other text stays, ``<GS>`` is a separator."""
    if not text.startswith("("):
        return text.replace("<GS>", GS)
    pairs = [part.partition(")") for part in text[1:].split("(")]
    return encode((ai, value) for ai, _, value in pairs)
