"""A small ledger on a real socket: checks signatures, stores digests, and misbehaves on demand."""

import asyncio
import json
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edge_agent.domain.wire.wire import Batch, Verify, decode_batch, split_units
from tests.support.ledger_key import seal_what_is_one

Fault = str | tuple[str, int]
"""ok, 503, 403, hang, drop, die_after_store, html, garbage, twice, reversed, foreign, half, (cut, bytes)."""


@dataclass
class Ledger:
    """Stores each record once by identity. ``faults`` are used up request by request; then it behaves."""

    verify: Verify
    faults: list[Fault] = field(default_factory=list)
    refuse: Callable[[Batch], bool] = lambda _batch: False
    knows_us: bool = True
    records: dict[tuple[str, str, int], bytes] = field(default_factory=dict)  # (journal, lane, seq) -> line
    batches: dict[tuple[str, str, int], str] = field(default_factory=dict)
    stored_twice: int = 0
    forged: int = 0
    messages: list[list[tuple[str, int]]] = field(default_factory=list)  # (lane, first) as they came
    message_bytes: list[int] = field(default_factory=list)
    connections: int = 0

    async def start(self, context: ssl.SSLContext | None = None, port: int = 0) -> "Ledger":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=context)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    def __post_init__(self) -> None:
        self._writers: set[asyncio.StreamWriter] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith(("GET /v1/desk", "GET /v1/journals/missing")):
            writer.write(response(404, b"this ledger has no desks"))
            await writer.drain()
            return True
        assert head.startswith("POST /v1/batches HTTP/1.1")
        assert "content-type: application/vnd.lotwarden.batches" in head.lower()
        size = next(int(line.split(":")[1]) for line in head.lower().split("\r\n") if line.startswith("content-length"))
        body = await reader.readexactly(size)
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "drop":
            return False
        if fault == "hang":
            await asyncio.Event().wait()
        if fault in ("503", "403"):
            writer.write(response(int(fault), b"not now"))
            await writer.drain()
            return True
        receipts = self._store(body, fault)
        if fault == "die_after_store":
            return False
        answer = response(200, _answer(fault, receipts))
        if isinstance(fault, tuple):
            writer.write(answer[: fault[1]])
            await writer.drain()
            return False
        writer.write(answer)
        await writer.drain()
        return True

    def _store(self, body: bytes, fault: Fault) -> list[dict[str, str]]:
        """Keep what it acknowledges and no more, so that a gateway which believes more loses it."""
        self.message_bytes.append(len(body))
        batches = [decode_batch(unit) for unit in split_units(body)]
        self.messages.append([(b.header.lane.value, b.header.first) for b in batches])
        if fault in ("html", "garbage", "foreign"):
            return [{"digest": batch.digest} for batch in batches]
        if fault == "half":
            batches = batches[: (len(batches) + 1) // 2]
        return [{"digest": batch.digest, "outcome": self.outcome_of(batch), "reason": ""} for batch in batches]

    def outcome_of(self, batch: Batch) -> str:
        header = batch.header
        if not batch.is_genuine(self.verify):
            self.forged += 1
            return "refused"
        if not self.knows_us:
            return "unknown"
        if self.refuse(batch):
            return "refused"
        key = (header.journal, header.lane.value, header.first)
        if key in self.batches:
            return "duplicate" if self.batches[key] == batch.digest else "fork"
        self.batches[key] = batch.digest
        for number, line in enumerate(batch.lines):
            identity = (header.journal, header.lane.value, header.first + number)
            self.stored_twice += identity in self.records
            self.records[identity] = line
        return "stored"

    def lines(self, lane: str) -> list[bytes]:
        return [line for (_, its_lane, _), line in sorted(self.records.items()) if its_lane == lane]


def response(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d x\r\ncontent-length: %d\r\n\r\n" % (status, len(body)) + body


def _answer(fault: Fault, receipts: list[dict[str, str]]) -> bytes:
    foreign = {"digest": "f" * 64, "outcome": "stored", "reason": ""}
    if fault == "html":
        return b"<html>Welcome to the hotel's network</html>"
    if fault == "garbage":
        unknown = [{"digest": receipt["digest"], "outcome": "lost"} for receipt in receipts]
        return json.dumps(seal_what_is_one([{"digest": 7}, None, "x", *unknown])).encode()
    chosen: Iterable[dict[str, str]] = {
        "twice": [*receipts, *receipts],
        "reversed": receipts[::-1],
        "foreign": [foreign],
        "half": [*receipts, foreign],
    }.get(str(fault), receipts)
    return json.dumps(seal_what_is_one(list(chosen))).encode()
